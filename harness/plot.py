"""The two figures of a comparison; ``python -m harness.plot DIR`` draws them again."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import tyro
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from data import InputError
from harness.bounds import read_bounds
from harness.palette import Style, styles
from harness.provenance import with_samples
from harness.records import read_curves, read_runs
from harness.statistics import bootstrap, with_gap

FIGURES = ("fr_vs_migrations", "fr_vs_time")
FIRST_S = 1e-3
"""Left end of the time axis."""
BELOW_BOUND = 0.12
"""Room for words below the line of the bound, as a share of the room above it."""
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e5e5",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "vm-rescheduling",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"],
}


@dataclass(frozen=True)
class Options:
    """Draw the figures of a comparison again, from its runs.csv and curves.csv."""

    folder: Annotated[Path, tyro.conf.Positional]
    """The folder of the comparison."""


def draw(folder: Path) -> list[Path]:
    """Write both figures as PNG and SVG into the folder and return their paths.

    Raises
    ------
    InputError
        When the folder holds no finished run.
    """
    runs, curves = (with_samples(rows, folder) for rows in (read_runs(folder), read_curves(folder)))
    runs = with_gap(runs, read_bounds(folder))
    if runs.empty:
        raise InputError(f"{folder}: no run is finished, so there is nothing to draw; resume the comparison first.")
    with mpl.rc_context(STYLE):
        figures = zip(FIGURES, (by_migrations(runs, curves), by_time(runs, curves)), strict=True)
        return [path for name, figure in figures for path in save(figure, folder / name)]


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure beside ``stem`` as PNG and SVG, the same bytes for the same figure, and return both paths."""
    png, svg = stem.with_suffix(".png"), stem.with_suffix(".svg")
    figure.savefig(png, dpi=160, bbox_inches="tight")
    figure.savefig(svg, bbox_inches="tight", metadata={"Date": None})
    return [png, svg]


def by_migrations(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw mean FR after each migration, a panel for each MNL."""
    figure, panels = _panels(runs, "Fragment rate after each migration: lower is better, and the end of a line counts")
    curves = curves[curves["kind"] == "migration"]
    for axes, (mnl, here) in zip(panels, _by_limit(runs), strict=True):
        steps = np.arange(mnl + 1, dtype=np.float64)
        _draw_means(axes, here, curves[curves["mnl"] == mnl], steps, markevery=max(1, mnl // 8))
        bound = _mean_bound(here)
        if bound is not None:
            axes.axhline(bound, color="#444444", linestyle=(0, (4, 3)), linewidth=1, zorder=1)
            axes.annotate(
                f"certified bound {bound:.3f}: no plan within the limit ends below",
                (0.02, bound), xycoords=("axes fraction", "data"), textcoords="offset points", xytext=(0, -4),
                va="top", fontsize=8, color="#444444",
            )  # fmt: skip
            axes.set_ylim(bottom=min(axes.get_ylim()[0], bound - BELOW_BOUND * (runs["initial_fr"].max() - bound)))
        axes.set_xlabel("migrations carried out")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(axes, len(panels))
        axes.set_xlim(0, max(1, mnl))
    return figure


def by_time(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw the mean FR of the best plan so far by seconds, a panel for each MNL."""
    figure, panels = _panels(runs, "Fragment rate of the best plan so far: lower and further left is better")
    curves = curves[curves["kind"] == "time"]
    limit_s = float(runs["time_limit_s"].max())
    last_s = max(limit_s, float(runs["solve_s"].max())) * 1.25
    times = np.unique(np.append(np.geomspace(min(FIRST_S, limit_s / 10), last_s, 400), limit_s))
    for axes, (mnl, here) in zip(panels, _by_limit(runs), strict=True):
        drawn = _draw_means(axes, here, curves[curves["mnl"] == mnl], times, markevery=50)
        late = here[here["status"] == "late"]
        for solver, runs_of in late.groupby("solver"):
            axes.plot(
                runs_of["solve_s"], runs_of["final_fr"], linestyle="", marker="x", markersize=8, markeredgewidth=2,
                color=drawn[str(solver)].color, zorder=4,
            )  # fmt: skip
        if len(late):
            axes.plot([], [], linestyle="", marker="x", color="#444444", label=f"late: does not count ({len(late)})")
        axes.axvline(limit_s, color="#444444", linestyle=(0, (1, 2)), linewidth=1.2)
        axes.annotate(
            f"limit {limit_s:g} s", (limit_s, 1), xycoords=("data", "axes fraction"), textcoords="offset points",
            xytext=(-4, -2), ha="right", va="top", fontsize=8, color="#444444",
        )  # fmt: skip
        axes.set_xscale("log")
        axes.set_xlim(times[0], times[-1])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g} s" if x >= 1 else f"{x * 1000:g} ms"))
        axes.set_xlabel("time since the problem was given (logarithmic)")
        _legend(axes, len(panels))
    return figure


def step_values(curves: pd.DataFrame, runs: pd.DataFrame, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read each instance's curve at the points of ``grid``, mean over its seeds: [instances, len(grid)].

    A curve holds its value until its next point; before its first one the run counts with its initial FR.
    """
    found: dict[str, list[NDArray[np.float64]]] = {}
    by_run = dict(iter(curves.groupby(["instance", "seed"], sort=False)))
    for run in runs.to_dict("records"):
        points = by_run[run["instance"], run["seed"]].sort_values("x", kind="stable")
        at = np.searchsorted(points["x"].to_numpy(float), grid, side="right") - 1
        values = points["fr"].to_numpy(float)[np.maximum(at, 0)]
        found.setdefault(run["instance"], []).append(np.where(at < 0, run["initial_fr"], values))
    return np.array([np.mean(each, axis=0) for each in found.values()])


def _by_limit(runs: pd.DataFrame) -> list[tuple[int, pd.DataFrame]]:
    """Split the runs by MNL, smallest first."""
    return [(int(mnl), runs[runs["mnl"] == mnl]) for mnl in sorted(runs["mnl"].unique())]


def _draw_means(
    axes: Axes, runs: pd.DataFrame, curves: pd.DataFrame, grid: NDArray[np.float64], markevery: int
) -> dict[str, Style]:
    """Draw one line and band a solver, best first in the legend; return the styles."""
    drawn = styles(runs["solver"].unique())
    ends = runs.groupby(["solver", "instance"])["final_fr"].mean().groupby(level="solver").mean().sort_values()
    for order, (solver, end) in enumerate(ends.items()):
        style = drawn[str(solver)]
        values = step_values(curves[curves["solver"] == solver], runs[runs["solver"] == solver], grid)
        axes.step(
            grid, values.mean(axis=0), where="post", color=style.color, linestyle=style.line, linewidth=1.8,
            marker=style.marker, markersize=style.size, markeredgecolor="white", markeredgewidth=0.6,
            markevery=(order * markevery // max(1, len(ends)), markevery), label=f"{solver}  {end:.3f}",
        )  # fmt: skip
        low, high = bootstrap(values)
        axes.fill_between(grid, low, high, step="post", color=style.color, alpha=0.1, linewidth=0)
    return drawn


def _legend(axes: Axes, panels: int) -> None:
    """Name the solvers beside a panel that is alone, or below it where it has neighbours."""
    if panels == 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), title="solver, mean final FR", alignment="left")
    else:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, fontsize=8, title="solver, mean final FR")


def _mean_bound(runs: pd.DataFrame) -> float | None:
    """Return the mean of the best certified bounds; None where some instance has none."""
    bounds = runs.groupby("instance")["best_bound_fr"].first()
    return None if bounds.isna().any() else float(bounds.mean())


def _panels(runs: pd.DataFrame, title: str) -> tuple[Figure, list[Axes]]:
    """Make a panel for each MNL, one row up to three, with a title that says what there is to see."""
    limits = sorted(runs["mnl"].unique())
    columns = min(3, len(limits))
    lines = -(-len(limits) // columns)
    figure = Figure(figsize=(7.6 if columns == 1 else 4.6 * columns, 4.4 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, sharey=True, squeeze=False).ravel()
    for axes in panels[len(limits) :]:
        axes.set_visible(False)
    instances = runs["instance"].nunique()
    band = ", band: 95 % bootstrap interval" if instances > 1 else ""
    figure.suptitle(f"{title}\nmean over {instances} cluster{'s' * (instances > 1)}{band}", fontsize=11)
    for axes, mnl in zip(panels, limits, strict=False):
        axes.set_title(f"at most {mnl} migrations", fontsize=10)
    for row in range(lines):
        panels[row * columns].set_ylabel("fragment rate (FR)")
    return figure, list(panels[: len(limits)])


def main() -> None:
    """Run the command line."""
    options = tyro.cli(Options, prog="python -m harness.plot")
    try:
        for path in draw(options.folder):
            print(path)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
