"""``report.html``: one file that opens offline, with tables, figures, settings and how to repeat them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup

from data.formats.files import write_text
from harness import provenance
from harness.bounds import read_bounds
from harness.palette import styles
from harness.plot import FIGURES
from harness.records import read_runs
from harness.statistics import summarise, unsound_bounds, with_gap

SHOWN_PACKAGES = ("numpy", "ortools", "PuLP", "highspy", "torch", "pandas", "vm-rescheduling")
LONGEST_TABLE = 2_000
"""Rows of the per-instance table; all are in ``runs.csv``."""


def write_report(folder: Path) -> Path:
    """Write the report of a run folder whose figures are drawn, and return its path."""
    runs = provenance.with_samples(read_runs(folder), folder)
    record = provenance.read(folder)
    summary = summarise(runs, read_bounds(folder))
    text = template("report.html").render(
        name=folder.resolve().name,
        record=record,
        attempt=record["attempts"][-1],
        packages={name: record["attempts"][-1]["packages"].get(name) for name in SHOWN_PACKAGES},
        summaries=[(mnl, group.to_dict("records")) for mnl, group in summary.groupby("mnl")],
        colors={solver: style.color for solver, style in styles(runs["solver"].unique()).items()},
        uneven=summary.groupby("mnl")["runs"].nunique().max() > 1,
        several=runs["instance"].nunique() > 1,
        figures=[inline(folder / f"{name}.svg") for name in FIGURES],
        solvers=list(dict.fromkeys(runs["solver"])),
        instances=_by_instance(with_gap(runs, read_bounds(folder)))[:LONGEST_TABLE],
        wrong=unsound_bounds(runs).to_dict("records"),
        failures=_failures(folder),
        complete=record["attempts"][-1]["complete"],
        counts=runs["status"].value_counts().to_dict(),
    )
    path = folder / "report.html"
    write_text(path, text)
    return path


def template(name: str, **filters: Callable[..., Any]) -> jinja2.Template:
    """Return one of the pages of this package, with the filters ``figure``, ``seconds`` and those given."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(figure=_figure, seconds=_seconds, **filters)
    return environment.get_template(name)


def _figure(value: float, digits: int = 4) -> str:
    return "\N{EN DASH}" if value is None or np.isnan(value) else f"{value:.{digits}f}"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def _by_instance(runs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row for each instance, MNL and seed, with the run of each solver in ``runs``."""
    rows = []
    for (instance, mnl, seed), group in runs.groupby(["instance", "mnl", "seed"], sort=False):
        rows.append(
            {
                "instance": instance,
                "mnl": mnl,
                "seed": seed,
                "initial_fr": group["initial_fr"].iloc[0],
                "bound_fr": group["best_bound_fr"].iloc[0],
                "best_fr": group["final_fr"].min(),
                "runs": {row["solver"]: row for row in group.to_dict("records")},
            }
        )
    return rows


def inline(path: Path) -> Markup:
    """Return a figure of our own making as SVG that scales with the page."""
    svg = path.read_text(encoding="utf-8")
    svg = svg[svg.index("<svg") :]
    return Markup(re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1))  # noqa: S704 - drawn by harness.plot


def _failures(folder: Path) -> list[str]:
    path = folder / "failures.log"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
