"""Gaps, intervals, and bounds that cannot be right."""

import numpy as np
import pandas as pd
import pytest

from harness.records import RUN_COLUMNS
from harness.statistics import bootstrap, summarise, unsound_bounds, with_gap


def _runs(*rows: tuple[str, str, int, float, float]) -> pd.DataFrame:
    """Make runs out of (instance, solver, MNL, final FR, bound)."""
    table = pd.DataFrame(rows, columns=["instance", "solver", "mnl", "final_fr", "bound_fr"])
    fixed = {
        "params": "", "seed": 0, "time_limit_s": 1.0, "status": "ok", "solve_s": 0.5, "initial_fr": 0.6,
        "slots_gained": 1, "migrations": 2, "plan": "",
    }  # fmt: skip
    return table.assign(**fixed)[list(RUN_COLUMNS)]


def test_gap_is_to_the_best_bound_of_anyone() -> None:
    """Every solver is measured against the best bound on the instance and limit, whoever proved it."""
    runs = with_gap(_runs(("a", "mip", 50, 0.30, 0.28), ("a", "ha", 50, 0.40, np.nan), ("b", "ha", 50, 0.5, np.nan)))
    assert list(runs["gap"])[:2] == pytest.approx([0.02, 0.12])
    assert pd.isna(runs["gap"].iloc[2])


def test_a_plan_disproves_bounds_of_its_limit_and_larger_ones() -> None:
    """A plan of 20 migrations is one of at most 50, so it refutes a bound for 50; not the other way round."""
    runs = _runs(("a", "x", 20, 0.30, 0.30), ("a", "y", 50, 0.35, 0.31), ("a", "x", 50, 0.20, 0.20))
    assert list(unsound_bounds(runs)["solver"]) == ["y"]
    assert list(with_gap(runs)["best_bound_fr"]) == [0.30, 0.20, 0.20]


def test_summary_means_over_instances() -> None:
    """Instances weigh the same, and the best solver comes first."""
    summary = summarise(_runs(("a", "p", 5, 0.5, np.nan), ("b", "p", 5, 0.3, np.nan), ("a", "q", 5, 0.1, np.nan)))
    assert list(summary["solver"]) == ["q", "p"]
    assert summary["mean_fr"].iloc[1] == pytest.approx(0.4)
    assert summary["worst_fr"].iloc[1] == 0.5
    assert pd.isna(summary["low"].iloc[0])


def test_bootstrap_is_seeded_and_covers_the_mean() -> None:
    """The interval is the same every time, holds the mean, and has about the width that theory gives."""
    values = np.random.default_rng(3).normal(0.4, 0.1, size=100)
    low, high = bootstrap(values)
    assert (low, high) == bootstrap(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 10, rel=0.05)
