"""The frame of the experiments: registry, resumption, claims, report and command line, with stubs and tiny clusters."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from rich.console import Console

from data import Cluster, InputError
from data.instances import Instance
from data.tile import tile
from harness import experiment as command
from harness.comparison import Comparison
from harness.experiments import EXPERIMENTS
from harness.experiments.affinity import with_groups
from harness.experiments.bench import Bench
from harness.experiments.conduct import conduct
from harness.experiments.contract import Claim, Frames, NotTestedError, Verdict
from harness.experiments.drawing import lines, panels
from harness.experiments.report import write_report
from harness.experiments.risk import best_of
from harness.experiments.workloads import trained
from harness.published import FOLDER, published, source
from solvers import Problem
from solvers.registry import parameters
from tests.strategies import clusters

Made = Callable[..., Bench]


class Stub:
    """An experiment on the tiny cluster, with one claim of each kind."""

    title, caption, minutes = "A stub", "Nothing to see.", (0.1, 0.2)

    def run(self, bench: Bench) -> Frames:
        """Compare on one cluster, and work out two cells."""
        runs = bench.compare("tiny-mnl2", bench.load("medium", 1, 1), 2).runs
        cells = bench.cells("stub", ["a@1", "b@2"], lambda key: pd.DataFrame({"key": [key], "x": [len(key)]}))
        return {"stub": runs[["solver", "mnl", "final_fr"]], "cells": cells}

    def draw(self, frames: Frames) -> Figure:
        """Draw a line."""
        figure, axes = panels(["one"], self.title)
        lines(axes[0], frames["stub"], "mnl", "final_fr")
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Say one thing."""
        return [f"FR {frames['stub']['final_fr'].min():.3f}."]

    def claims(self) -> list[Claim]:
        """Claim something true, something false, and something open."""
        return [
            Claim("it works", "0", lambda frames: Verdict("0", bool(frames["stub"]["final_fr"].min() == 0))),
            Claim("pigs fly", "1", lambda _: Verdict("0", False)),
            Claim("nobody knows", "?", lambda _: None),
        ]


class Absent(Stub):
    """An experiment that lacks what it needs."""

    def run(self, bench: Bench) -> Frames:  # noqa: ARG002 - there is nothing to run
        """Find nothing."""
        raise NotTestedError("no curve has been recorded; train first.")


@pytest.fixture(autouse=True)
def _stub_experiments(monkeypatch: pytest.MonkeyPatch, tiny: Cluster) -> None:
    monkeypatch.setattr(Instance, "load", lambda _: tiny)
    for name in list(EXPERIMENTS):
        monkeypatch.delitem(EXPERIMENTS, name)
    monkeypatch.setitem(EXPERIMENTS, "stub", f"{__name__}:Stub")
    monkeypatch.setitem(EXPERIMENTS, "absent", f"{__name__}:Absent")


@pytest.fixture
def bench(tmp_path: Path, console: Console) -> Made:
    """Make benches that share a folder."""
    return lambda **changes: Bench(
        tmp_path, console, "python -m harness.experiment", **{"solvers": "stub-good", "time_limit_s": 1.0, **changes}
    )


def test_an_experiment_leaves_tables_figure_findings_and_record(bench: Made, tmp_path: Path) -> None:
    """Whoever finds the folder has numbers, picture, words, and what is needed to repeat it."""
    result = conduct("stub", bench())
    assert [verdict.holds for _, verdict in result.verdicts] == [True, False, None]
    folder = tmp_path / "stub"
    assert pd.read_csv(folder / "stub.csv")["final_fr"].tolist() == [0.0]
    assert (folder / "stub.png").stat().st_size > 5_000
    assert "Nothing to see." in (folder / "stub.svg").read_text()
    page = (folder / "findings.md").read_text()
    assert "- FR 0.000." in page
    assert "| pigs fly | 1 | 0 | does not hold |" in page
    record = json.loads((folder / "run.json").read_text())
    assert record["attempts"][-1]["complete"]
    assert list(record["comparisons"]["tiny-mnl2"]["inputs"]) == ["medium-test-0"]


def test_what_is_finished_is_never_run_again(bench: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second time runs no solver and works out no cell, and draws the same."""
    conduct("stub", bench())

    def refuse(*_: object) -> None:
        raise AssertionError("this was finished")

    monkeypatch.setattr(Comparison, "run", refuse)
    again = bench()
    assert conduct("stub", again).findings == ("FR 0.000.",)
    assert len(again.cells("stub", ["a@1", "b@2"], refuse)) == 2


def test_an_interrupted_cell_leaves_nothing(bench: Made) -> None:
    """Cells are written whole: those that were finished stay, and the interrupted one is worked out again."""
    done = []

    def work(key: str) -> pd.DataFrame:
        if key == "b" and len(done) < 2:
            done.append("interrupted")
            raise KeyboardInterrupt
        done.append(key)
        return pd.DataFrame({"key": [key]})

    with pytest.raises(KeyboardInterrupt):
        bench().cells("some", ["a", "b"], work)
    assert bench().cells("some", ["a", "b"], work)["key"].tolist() == ["a", "b"]
    assert done == ["a", "interrupted", "b"]


def test_another_configuration_is_refused(bench: Made) -> None:
    """Numbers of two configurations never meet in one folder."""
    conduct("stub", bench())
    with pytest.raises(InputError, match=r"solvers was stub-good and is now stub-good:moves=1"):
        conduct("stub", bench(solvers="stub-good:moves=1"))


def test_the_report_holds_every_claim(bench: Made, tmp_path: Path) -> None:
    """Claims stand with their verdicts, an experiment without its data with the reason, and the page opens offline."""
    results = [conduct("stub", bench()), conduct("absent", bench())]
    page = write_report(tmp_path, results, quick=True).read_text()
    assert "1 hold, 1 do not hold, 4 are not tested" in page
    assert "no curve has been recorded; train first." in page
    assert "<svg" in page
    assert "src=" not in page
    assert pd.read_csv(tmp_path / "claims.csv")["verdict"].tolist()[:3] == ["holds", "does not hold", "not tested"]


def _typed(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["experiment", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        command.main()
    return int(ended.value.code or 0)


def test_all_goes_on_after_an_experiment_without_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One command carries out everything that can be, and ends in the report."""
    assert _typed(monkeypatch, "all", "--solvers", "stub-good", "--quick", "--out", tmp_path) == 0
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stubb"], "there is no experiment 'stubb' (did you mean stub?)"),
        (["stub", "--solvers", ""], "no solver is named"),
        (["stub", "--solvers", "stub-nobody"], "there is no solver 'stub-nobody'"),
        (["stub", "--time-limit", "0"], "the time limit is 0.0 s"),
        (["stub", "--clusters", "0"], "0 clusters are none to work on"),
    ],
)
def test_bad_options_get_one_sentence(
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What cannot be used is said in one line, with exit code 2."""
    assert _typed(monkeypatch, *arguments, "--out", tmp_path) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_without_its_data_one_experiment_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An experiment that could not be carried out is not reported as done."""
    assert _typed(monkeypatch, "absent", "--solvers", "stub-good", "--out", tmp_path) == 2


def test_every_published_table_says_where_it_comes_from() -> None:
    """No number stands there without its source."""
    names = [path.stem for path in FOLDER.glob("*.csv")]
    assert len(names) >= 8
    for name in names:
        assert "Ding et al., EuroSys '25" in source(name)
        assert len(published(name)) > 4


def test_the_caption_says_the_limit_and_how_many_trajectories_count(bench: Made) -> None:
    """No figure means much without the time limit, nor one of a solver that samples without the number of samples."""
    made = bench(solvers="vmr2l:samples=4,decima:samples=0,ha")
    solvers = {spec.name: {"solver": spec.name, "parameters": parameters(spec)} for spec in made.specs()}
    assert made.conditions() == ""
    made.used["some"] = {"solvers": solvers}
    assert made.conditions().startswith(" Time limit of a run: 1 s.")
    assert made.conditions().endswith("counts: vmr2l 4, decima all there is time for.")


def test_agents_are_named_by_what_they_were_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the published mixes those count whose weights are there; other files are not taken for one."""
    monkeypatch.setattr("harness.experiments.workloads.WEIGHTS", tmp_path)
    for name in ("low", "decima"):
        (tmp_path / f"{name}.safetensors").touch()
    assert {name: str(spec) for name, spec in trained().items()} == {"mixed": "vmr2l", "low": "vmr2l:weights=low"}


def test_tiles_are_as_good_as_the_original(tiny: Cluster) -> None:
    """Copies side by side have the same FR, as many times the VMs, and groups of their own."""
    two = tile(tiny, 2, "two")
    assert (two.pms, two.vms, len(two.groups)) == (6, 10, 2)
    assert Problem(two, 1).initial_fr == pytest.approx(Problem(tiny, 1).initial_fr)
    assert (two.free[3:] == tiny.free).all()


@settings(max_examples=30, deadline=None)
@given(clusters(), st.integers(1, 4), st.integers(0, 9))
def test_groups_begin_without_violations(cluster: Cluster, size: int, seed: int) -> None:
    """No two VMs of a group share a PM at the start, and nobody is in two groups."""
    fullest = int(np.bincount(cluster.pm, minlength=1).max(initial=0))
    grouped = with_groups(cluster, [size] * max(fullest, cluster.vms // size), seed)
    members = [vm for group in grouped.groups for vm in group.vms]
    assert len(members) == len(set(members))
    assert all(len({int(grouped.pm[vm]) for vm in group.vms}) == len(group.vms) for group in grouped.groups)


def test_best_of_k_is_the_mean_over_all_choices() -> None:
    """By hand: of 1, 2 and 6 the least of two is 1, 1 and 2."""
    assert best_of(np.array([6.0, 1.0, 2.0])) == pytest.approx([3.0, 4 / 3, 1.0])
