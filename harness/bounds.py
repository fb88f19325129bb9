"""Certified bounds for what no solver of a comparison has bounded, so that a gap stands beside every solver."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from harness.records import read_runs
from solvers import Deadline, Problem
from solvers.mip import certified_bound

LIMIT_S = 10.0
"""Seconds spent on one bound at most, after all runs and outside their clocks."""


def add_bounds(folder: Path, problems: Mapping[tuple[str, int], Problem]) -> None:
    """Write ``bounds.csv``: ``instance, mnl, bound_fr`` for each problem on which no run has a bound."""
    bounded = set(map(tuple, read_runs(folder).dropna(subset=["bound_fr"])[["instance", "mnl"]].to_numpy()))
    rows = [
        {"instance": instance, "mnl": mnl, "bound_fr": bound}
        for (instance, mnl), problem in problems.items()
        if (instance, mnl) not in bounded and (bound := certified_bound(problem, Deadline(LIMIT_S))) is not None
    ]
    if rows:
        pd.DataFrame(rows).to_csv(folder / "bounds.csv", index=False)


def read_bounds(folder: Path) -> pd.DataFrame:
    """Read ``bounds.csv``; an empty table where there is none."""
    path = folder / "bounds.csv"
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["instance", "mnl", "bound_fr"])
