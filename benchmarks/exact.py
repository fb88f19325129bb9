"""Measure the exact solver against what must hold of it: ``python -m benchmarks.exact``."""

import csv
import dataclasses
import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from benchmarks.alone import Failure, run_alone
from benchmarks.measure import Line, measure, profile
from benchmarks.rows import rows
from benchmarks.soundness import LABEL as SOUNDNESS
from benchmarks.soundness import soundness
from benchmarks.versus import BACKENDS, CLUSTERS, label_of, versus
from data import InputError
from data.formats.files import write_text
from harness.provenance import describe_code

TIMEOUT_S = 900.0
"""A row that takes longer, its instances included, is ended; beyond it, ``--paper-limit`` counts."""


@dataclass(frozen=True)
class Options:
    """Measure mip on every line of the requirements and say of each whether it holds.

    Each line is measured in a process of its own, after ``prepare``. The checker decides what a plan is worth.
    """

    only: Annotated[str, tyro.conf.arg(metavar="TEXT")] = ""
    """Measure only the lines whose name contains this text; ``--list`` shows the names."""
    list: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Show the names of the lines and what must hold, and measure nothing."""
    quick: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Leave out what takes minutes: the large instances, mip-paper, and nine in ten of the tiny clusters."""
    paper_limit: Annotated[float, tyro.conf.arg(metavar="SECONDS")] = 60.0
    """Time limit of each run of mip-paper, in seconds; the requirement says an hour."""
    profile: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Also print where the time of one solve call goes, for each line that misses."""
    out: Annotated[Path, tyro.conf.arg(metavar="FILE")] = Path("results/benchmarks/exact.csv")
    """Where the table is written, anew after each line."""


@dataclass(frozen=True)
class Job:
    """A line to be measured, in a process of its own."""

    label: str
    run: Callable[[], Line]
    bar: str
    timeout_s: float = TIMEOUT_S
    profile: Callable[[], str] | None = None


def jobs(options: Options) -> list[Job]:
    """List what the options ask for.

    Raises
    ------
    InputError
        When ``only`` matches nothing.
    """
    found = [
        Job(row.label, partial(_measure_row, index), str(row.bar or ""), profile=partial(_profile_row, index))
        for index, row in enumerate(rows())
        if not (options.quick and row.slow)
    ]
    if not options.quick:
        found += [
            Job(label_of(index, backend), partial(versus, index, backend, options.paper_limit), "",
                TIMEOUT_S + options.paper_limit)
            for index in range(len(CLUSTERS))
            for backend in BACKENDS
        ]  # fmt: skip
    found.append(Job(SOUNDNESS, partial(soundness, 100 if options.quick else 1000), ""))
    chosen = [job for job in found if options.only.casefold() in job.label.casefold()]
    if not chosen:
        raise InputError(f"--only {options.only!r}: no line has this in its name; --list shows the names.")
    return chosen


def main(options: Options) -> int:
    """Measure, print and write; return 1 where a line misses."""
    progress = Console(stderr=True)
    chosen = jobs(options)
    if options.list:
        for job in chosen:
            print(f"{job.label}: {job.bar}" if job.bar else job.label)
        return 0
    code = describe_code()
    commit = f"{code['commit'] or 'unknown'}"[:7] + "+" * bool(code["dirty"])
    print(f"mip at {commit}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(HEADER)
    lines: list[Line] = []
    for number, job in enumerate(chosen, start=1):
        with progress.status(f"{number}/{len(chosen)} {job.label}"):
            answer = run_alone(job.run, job.timeout_s)
        line = answer if isinstance(answer, Line) else _failed(job, answer)
        lines.append(line)
        print(_row(line), flush=True)
        write_text(options.out, _csv(lines))
        if options.profile and job.profile and line.verdict.startswith("misses"):
            print(run_alone(job.profile, job.timeout_s))
    missed = sum(line.verdict.startswith("misses") for line in lines)
    print(f"{missed} of {len(lines)} lines miss; the table is in {options.out}.")
    return 1 if missed else 0


def _measure_row(index: int) -> Line:
    return measure(rows()[index])


def _profile_row(index: int) -> str:
    return profile(rows()[index])


def _failed(job: Job, failure: Failure) -> Line:
    return Line(job.label, status="failed", bar=job.bar, verdict="misses: failed", note=failure.reason)


def _csv(lines: list[Line]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(each.name for each in dataclasses.fields(Line))
    writer.writerows(dataclasses.astuple(line) for line in lines)
    return text.getvalue()


def _row(line: Line) -> str:
    """Format a line of the table; ``HEADER`` stands above."""
    cells = (
        f"{line.label:50}", f"{line.slots:>6}", f"{line.bound:>6}", f"{line.status:15}",
        _shown(line.gap, "{:.2%}", 7), _shown(line.moves, "{}", 5), _shown(line.waves, "{}", 5),
        _shown(line.wall_s, "{:.3f}", 7), _shown(line.cpu_s, "{:.3f}", 7), _shown(line.longest_s, "{:.3f}", 7),
        _shown(line.near_s, "{:.3f}", 7),
        _shown(line.rss_mib, "{:.0f}", 5), f"{line.bar:32}", line.verdict, line.note,
    )  # fmt: skip
    return " ".join(cells).rstrip()


def _shown(value: float | None, form: str, width: int) -> str:
    return ("-" if value is None else form.format(value)).rjust(width)


HEADER = (
    f"{'slots of plan and bound, gap in slots to gain':50} {'slots':>6} {'bound':>6} {'status':15} {'gap':>7} "
    f"{'moves':>5} {'waves':>5} {'wall s':>7} {'cpu s':>7} {'longest':>7} {'to 1%':>7} {'MiB':>5} "
    f"{'must hold':32} verdict"
)


if __name__ == "__main__":
    try:
        sys.exit(main(tyro.cli(Options, prog="python -m benchmarks.exact")))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
