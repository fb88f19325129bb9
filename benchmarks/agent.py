"""Measure the learned agent against what must hold of it: ``python -m benchmarks.agent``."""

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from rich.console import Console
from rich.progress import track

from benchmarks.instances import large, medium
from data import Cluster, InputError
from data.instances import resolve
from rl.evaluate import Certificate, best_of, certify, gap, interval
from rl.solver import VMR2L, VMR2LParams
from rl.store import SHIPPED
from solvers import create

LIMIT_S = 5.0
"""Every plan has to be there by then."""


@dataclass(frozen=True)
class Options:
    """Measure the learned agent on every line of the requirements and say of each whether it holds.

    Gaps are those of FR to the certified bound, on test clusters; slots on the released snapshots are counted in all.
    The two-step rule stands beside.
    """

    weights: Path = SHIPPED
    """A safetensors file that rl.train wrote."""
    only: Annotated[str, tyro.conf.arg(metavar="TEXT")] = ""
    """Measure only the lines whose name contains this text."""
    share: float = 1.0
    """Measure on this share of the clusters of each line, 0 to 1."""
    out: Annotated[Path, tyro.conf.arg(metavar="FILE")] = Path("results/benchmarks/agent.csv")
    """Where the table is written, anew after each line."""


@dataclass(frozen=True)
class Line:
    """What must hold on the test clusters of a preset, or on a released snapshot."""

    data: str
    mnl: int
    samples: int
    clusters: int
    """0: the released snapshot of this name."""
    bar: float
    """Largest mean gap; of a snapshot the fewest slots in all."""

    @property
    def label(self) -> str:
        """Name the line."""
        where = f"{self.data} x{self.clusters}" if self.clusters else f"{self.data}.json"
        return f"{where}, MNL {self.mnl}, K = {self.samples}"


LINES = (
    Line("medium", 50, 1, 200, 0.0286), Line("medium", 50, 8, 200, 0.005),
    Line("medium", 100, 1, 200, 0.06), Line("medium", 100, 16, 200, 0.03),
    Line("scarce", 50, 1, 200, 0.015), Line("scarce", 50, 8, 200, 0.008),
    Line("medium", 50, 16, 0, 36), Line("medium", 100, 16, 0, 61),
    Line("large", 50, 16, 0, 502), Line("large", 100, 16, 0, 526),
    *(Line(name, 50, 16, 50, 0.03) for name in ("medium", "middle", "low", "scarce", "tight", "memory", "affinity")),
)  # fmt: skip
HEADER = ("line", "result", "interval", "median", "worst", "two-step", "s mean", "s longest", "bar", "verdict")
WIDTHS = (30, 8, 16, 7, 8, 8, 7, 9, 7, 0)


def main(options: Options) -> int:
    """Measure, print and write; return 1 where a line misses."""
    create("mip").prepare()
    chosen = [line for line in LINES if options.only.casefold() in line.label.casefold()]
    if not chosen:
        raise InputError(f"--only {options.only!r}: no line has this in its name.")
    print(_row(HEADER))
    known: dict[tuple[str, int], Certificate] = {}
    rows: list[Sequence[str]] = []
    for line in chosen:
        rows.append(_measure(line, options, known))
        print(_row(rows[-1]), flush=True)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with options.out.open("w", newline="") as file:
            csv.writer(file).writerows([HEADER, *rows])
    return int(any(row[-1] != "holds" for row in rows))


def _measure(line: Line, options: Options, known: dict[tuple[str, int], Certificate]) -> Sequence[str]:
    solver = VMR2L(VMR2LParams(line.samples, weights=str(options.weights)))
    solver.prepare()
    finals, facts, times = [], [], []
    clusters = _clusters(line, options.share)
    for cluster in track(clusters, line.label, transient=True, console=Console(stderr=True)):
        key = (cluster.name, line.mnl)
        if key not in known:
            known[key] = certify(cluster, line.mnl, 10.0)
        final, took_s = best_of(solver, cluster, line.mnl, seed=0)
        finals.append(final)
        facts.append(known[key])
        times.append(took_s)
    shown_times = (f"{np.mean(times):.2f}", f"{max(times):.2f}")
    if not line.clusters:
        (cluster,), (final,), (fact,) = clusters, finals, facts
        start = round(cluster.free[cluster.open, :, 0].sum() * (1 - fact.initial) / 16)
        slots, rule = (start + round((fact.initial - fr) / fact.quantum) for fr in (final, fact.rule))
        optimum = start + round((fact.initial - fact.bound) / fact.quantum)
        holds = slots >= line.bar and max(times) <= LIMIT_S
        return (line.label, f"{slots}/{optimum}", "", "", "", str(rule), *shown_times, f">={line.bar:g}", _says(holds))
    gaps, rules = (
        np.round([gap(fr, fact.bound) for fr, fact in zip(frs, facts, strict=True)], 12) + 0.0
        for frs in (finals, [fact.rule for fact in facts])
    )
    low, high = interval(gaps)
    holds = gaps.mean() <= line.bar and max(times) <= LIMIT_S
    return (
        line.label, f"{gaps.mean():.2%}", f"{low:.2%} to {high:.2%}", f"{np.median(gaps):.2%}", f"{gaps.max():.2%}",
        f"{rules.mean():.2%}", *shown_times, f"<={line.bar:.2%}", _says(holds),
    )  # fmt: skip


def _clusters(line: Line, share: float) -> list[Cluster]:
    if not line.clusters:
        return [{"medium": medium, "large": large}[line.data]()]
    count = max(1, round(share * line.clusters))
    return [instance.load() for instance in resolve(line.data, count, "test")]


def _says(holds: bool) -> str:
    return "holds" if holds else "misses"


def _row(cells: Sequence[str]) -> str:
    return " ".join(
        f"{cell:<{width}}" if place in (0, 9) else f"{cell:>{width}}"
        for place, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )


if __name__ == "__main__":
    try:
        sys.exit(main(tyro.cli(Options, prog="python -m benchmarks.agent")))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
