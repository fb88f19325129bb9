"""Every registered experiment keeps the contract, and draws what it makes on a small example."""

from pathlib import Path

import pytest

from harness.experiments import EXPERIMENTS, create


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_can_be_listed_without_running(name: str) -> None:
    """The report and the progress need its words and claims before, or without, any number."""
    experiment = create(name)
    assert experiment.title
    assert experiment.caption.endswith(".")
    assert 0 < experiment.minutes[0] <= experiment.minutes[1]
    assert all(claim.says and claim.published for claim in experiment.claims())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_page_lists_every_experiment(name: str) -> None:
    """Whoever reads the documentation finds each command, with the minutes that the progress counts with."""
    page = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if f" {name}` |" in line]
    minutes = dict.fromkeys(f"{each:g}" for each in create(name).minutes)
    assert row.endswith("| reads what training wrote |") or f"| {', '.join(minutes)} " in row
