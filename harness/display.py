"""The table on the terminal: live while runs finish, plain lines where nobody looks."""

from collections.abc import Hashable, Mapping
from types import TracebackType
from typing import Any, Self

import pandas as pd
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from harness.records import Run
from harness.statistics import summarise


class Display:
    """Shows how a comparison stands: a live table on a terminal, else one line a run."""

    def __init__(self, console: Console, expected: int, finished: list[dict[str, object]]) -> None:
        self._console = console
        self._rows = finished
        self._progress = Progress(
            TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        )
        self._task = self._progress.add_task("runs", total=expected, completed=len(finished))
        self._expected = expected
        self._live = (
            Live(self._content(), console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.update(self._content(), refresh=True)
            self._live.stop()

    def add(self, run: Run, row: dict[str, object]) -> None:
        """Take in a finished run."""
        self._rows.append(row)
        self._progress.advance(self._task)
        if self._live:
            self._live.update(self._content())
            return
        self._console.print(
            f"[{len(self._rows)}/{self._expected}] {run.instance} mnl={run.mnl} seed={run.seed} {run.solver}: "
            f"{row['status']}, FR {row['initial_fr']:.4f} -> {row['final_fr']:.4f}, "
            f"{row['migrations']} migrations, {row['solve_s']:.3f} s",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip

    def refresh(self) -> None:
        """Draw the table again."""
        if self._live:
            self._live.refresh()

    def _content(self) -> Group:
        if not self._rows:
            return Group(self._progress)
        return Group(summary_table(summarise(pd.DataFrame(self._rows), intervals=False)), self._progress)


def summary_table(summary: pd.DataFrame) -> Table:
    """Return the summary as a table for the terminal."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    heads = ("solver", "MNL", "runs", "mean FR", "95 %", "gap", "slots", "moves", "mean s", "max s", "not ok")
    for name in heads:
        table.add_column(name, justify="left" if name in ("solver", "not ok") else "right", no_wrap=True)
    for row in summary.to_dict("records"):
        bad = ", ".join(f"{row[status]} {status}" for status in ("late", "failed", "invalid") if row[status])
        table.add_row(
            row["solver"],
            str(row["mnl"]),
            str(row["runs"]),
            f"{row['mean_fr']:.4f}",
            "-" if pd.isna(row["low"]) else f"{row['low']:.3f}-{row['high']:.3f}",
            _gap(row),
            f"{row['slots']:.1f}",
            f"{row['migrations']:.1f}",
            f"{row['mean_s']:.3f}",
            f"{row['max_s']:.3f}",
            f"[red]{bad}[/red]" if bad else "",
        )
    return table


def _gap(row: Mapping[Hashable, Any]) -> str:
    """Show the mean gap, and over how many of the clusters where not all have a bound."""
    if pd.isna(row["mean_gap"]):
        return "-"
    part = f" ({row['bounded']}/{row['instances']})" if row["bounded"] < row["instances"] else ""
    return f"{row['mean_gap']:.4f}{part}"
