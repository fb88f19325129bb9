"""How far beyond the time limit solvers answer: ``python -m benchmarks.overshoot``."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import tyro
from rich.console import Console
from rich.table import Table

from harness.compare import load_clusters, whole_numbers
from harness.comparison import Comparison
from harness.records import read_runs
from solvers import SOLVERS, parse_solvers

BAR_S = 0.25
"""No solver of ours may be later than this; `late` begins at the limit itself."""


@dataclass(frozen=True)
class Options:
    """Compare solvers on built-in clusters and print by how much the slowest answer of each missed its limit."""

    solvers: str = ",".join(SOLVERS)
    """Solvers, comma-separated."""
    data: str = "medium"
    """Clusters, as harness.compare takes them."""
    clusters: int = 20
    """How many."""
    mnl: int = 50
    """Migration number limit."""
    time_limits: str = "1,5"
    """Whole seconds a run may take, comma-separated: each is a comparison of its own."""


def main(options: Options) -> None:
    """Run the comparisons and print a line for each solver."""
    console = Console(width=120)
    specs = parse_solvers(options.solvers)
    clusters = load_clusters(options.data, options.clusters, "test", console)
    limits_s = whole_numbers("--time-limits", options.time_limits)
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for limit_s in limits_s:
            place = Path(folder) / str(limit_s)
            Comparison(specs, clusters, [options.mnl], [0], limit_s, place).run(console, "benchmarks.overshoot")
            runs.append(read_runs(place))
    console.print(_table(pd.concat(runs), limits_s))


def _table(runs: pd.DataFrame, limits_s: list[int]) -> Table:
    table = Table("solver", *(f"slowest of {limit_s} s" for limit_s in limits_s), "overshoot s", "not ok", "bar 0.25 s")
    for solver, group in runs.groupby("solver", sort=False):
        slowest = group.groupby("time_limit_s")["solve_s"].max()
        beyond_s = max(0.0, float((group["solve_s"] - group["time_limit_s"]).max()))
        bad = int((group["status"] != "ok").sum())
        kept = "kept" if beyond_s <= BAR_S and not bad else "BROKEN"
        table.add_row(
            str(solver), *(f"{slowest[limit_s]:.3f}" for limit_s in limits_s), f"{beyond_s:.3f}", str(bad), kept
        )
    return table


if __name__ == "__main__":
    main(tyro.cli(Options))
