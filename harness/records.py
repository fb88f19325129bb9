"""The run folder: rows, curves and plans, written as runs finish and read back for figures and resumption."""

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from data import InputError
from data.formats.files import write_text
from data.plan_file import make_plan_file, write_plan
from harness.judge import Outcome
from solvers import Problem, SolverSpec

RUN_COLUMNS = (
    "instance", "solver", "params", "seed", "mnl", "time_limit_s", "status", "solve_s", "initial_fr", "final_fr",
    "bound_fr", "slots_gained", "migrations", "plan",
)  # fmt: skip
CURVE_COLUMNS = ("instance", "solver", "seed", "mnl", "kind", "x", "fr")
KEY = ["instance", "solver", "seed", "mnl"]
TEXT = ("instance", "solver", "params", "status", "plan", "kind")


class Run(NamedTuple):
    """One run of a comparison: unique in its folder."""

    instance: str
    solver: str
    """The solver's label: its name, with its parameters where the name alone is ambiguous."""
    seed: int
    mnl: int


class Records:
    """Writes a run folder. The row in ``runs.csv`` comes last: a run without one has not been."""

    def __init__(self, folder: Path, time_limit_s: float) -> None:
        self.folder = folder
        self.time_limit_s = time_limit_s
        self.finished = self._recover()

    def add(self, run: Run, spec: SolverSpec, problem: Problem, outcome: Outcome) -> dict[str, Any]:
        """Write what one run left: its plan, its curves, its message, and then its row, which is returned."""
        path = self._write_plan(run, problem, outcome) if outcome.status == "ok" else ""
        self._append("curves.csv", ((*run, *point) for point in _curves(outcome)))
        if outcome.message:
            with (self.folder / "failures.log").open("a", encoding="utf-8") as log:
                log.write(f"{run.instance} {run.solver} mnl={run.mnl} seed={run.seed}: ")
                log.write(f"{outcome.status}: {' '.join(outcome.message.split())}\n")
        row = {
            **run._asdict(),
            "params": spec.params,
            "time_limit_s": self.time_limit_s,
            "status": outcome.status,
            "solve_s": round(outcome.solve_s, 6),
            "initial_fr": outcome.initial_fr,
            "final_fr": outcome.final_fr,
            "bound_fr": outcome.bound_fr,
            "slots_gained": outcome.slots_gained,
            "migrations": len(outcome.plan),
            "plan": path,
        }
        self._append("runs.csv", [[row[column] for column in RUN_COLUMNS]])
        self.finished.add(run)
        return {**row, "bound_fr": float("nan") if outcome.bound_fr is None else outcome.bound_fr}

    def _write_plan(self, run: Run, problem: Problem, outcome: Outcome) -> str:
        name = f"{run.instance}-mnl{run.mnl}-seed{run.seed}.json"
        path = self.folder / "plans" / file_name(run.solver) / name
        plan_file = make_plan_file(
            problem.cluster,
            outcome.plan,
            instance=run.instance,
            solver=run.solver,
            mnl=run.mnl,
            objective=problem.objective,
            bound_fr=outcome.bound_fr,
            rules=problem.rules,
        )
        write_plan(path, plan_file)
        return path.relative_to(self.folder).as_posix()

    def _append(self, name: str, rows: Iterable[Sequence[object]]) -> None:
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(_table(rows))
            file.flush()
            os.fsync(file.fileno())

    def _recover(self) -> set[Run]:
        """Start the tables, or go on with those that are there: drop half a row, and the curves of unfinished runs."""
        rows = _whole_rows(self.folder / "runs.csv", len(RUN_COLUMNS))
        finished = {Run(row[0], row[1], int(row[3]), int(row[4])) for row in rows}
        curves = [
            row
            for row in _whole_rows(self.folder / "curves.csv", len(CURVE_COLUMNS))
            if Run(row[0], row[1], int(row[2]), int(row[3])) in finished
        ]
        write_text(self.folder / "runs.csv", _table([RUN_COLUMNS, *rows]))
        write_text(self.folder / "curves.csv", _table([CURVE_COLUMNS, *curves]))
        return finished


def read_runs(folder: Path) -> pd.DataFrame:
    """Read ``runs.csv``: one row a run, typed, an absent bound as NaN.

    Raises
    ------
    InputError
        When the folder holds no runs, or the table is not one of ours.
    """
    return _read(folder / "runs.csv", RUN_COLUMNS)


def read_curves(folder: Path) -> pd.DataFrame:
    """Read the rows of ``curves.csv`` that belong to finished runs.

    Raises
    ------
    InputError
        When there is no such table, or it is not one of ours.
    """
    curves = _read(folder / "curves.csv", CURVE_COLUMNS)
    return curves.merge(read_runs(folder)[KEY], on=KEY)


def file_name(text: str) -> str:
    """Return ``text`` with all but letters, digits and ``. _ = -`` replaced, for use in a path."""
    return re.sub(r"[^\w.=-]+", "-", text).strip(".") or "-"


def _curves(outcome: Outcome) -> list[tuple[str, float, float]]:
    """List the points of a run: FR after each migration, and by seconds, ending with the answer."""
    points: list[tuple[str, float, float]] = [("migration", x, fr) for x, fr in enumerate(outcome.fr_after)]
    points.append(("time", 0.0, outcome.initial_fr))
    points += [("time", round(each.seconds, 6), each.fr) for each in outcome.incumbents]
    points.append(("time", round(outcome.solve_s, 6), outcome.final_fr))
    return points


def _whole_rows(path: Path, width: int) -> list[list[str]]:
    """Read the rows below the header; the last one only if its line was ended."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    text = text[: text.rfind("\n") + 1]
    return [row for row in list(csv.reader(io.StringIO(text)))[1:] if len(row) == width]


def _table(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    if not path.exists():
        raise InputError(f"{path}: there is no such file; give the folder of a comparison.")
    text = dict.fromkeys(set(TEXT) & set(columns), "str")
    try:
        table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values={"bound_fr": [""]})
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: cannot be read as a table ({error}); restore the file.") from None
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError(f"{path}: the column {missing[0]} is missing; is it a table of a comparison?")
    return table.astype({"fr" if "fr" in columns else "bound_fr": float})
