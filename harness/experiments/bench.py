"""What experiments run on: clusters, comparisons and cells, each of which is finished once and then read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd
from rich.console import Console

from data import Cluster, Objective
from data.formats.files import write_text
from data.instances import resolve
from harness import provenance
from harness.bounds import read_bounds
from harness.comparison import Comparison
from harness.experiments.frames import listed
from harness.records import file_name, read_curves, read_runs
from harness.statistics import with_gap
from solvers import SolverSpec, parse_solvers

T = TypeVar("T")
FLOATS = "%.6g"
"""Enough for FR and seconds, and short."""


class Compared(NamedTuple):
    """The records of a comparison."""

    folder: Path
    runs: pd.DataFrame
    """One row a run, with its gap to the best certified bound."""
    curves: pd.DataFrame


@dataclass
class Bench:
    """The folder, the options, and what the experiment in hand has used so far."""

    folder: Path
    """Of all experiments: they share comparisons, in ``runs/``."""
    console: Console
    command: str
    solvers: str
    clusters: int | None = None
    """Clusters of each kind; None: as many as the experiment wants."""
    time_limit_s: float = 5.0
    jobs: int = 1
    quick: bool = False
    used: dict[str, Any] = field(default_factory=dict)
    """``run.json`` of each comparison that was used, without its attempts; the same of what was run besides."""

    def configuration(self) -> dict[str, Any]:
        """Return what the folder of an experiment may not be resumed without."""
        return {
            "solvers": self.solvers,
            "clusters": self.clusters,
            "time_limit_s": self.time_limit_s,
            "jobs": self.jobs,
            "quick": self.quick,
        }

    def choose(self, quick: T, full: T) -> T:
        """Return one of two settings, by ``--quick``."""
        return quick if self.quick else full

    def specs(self) -> list[SolverSpec]:
        """Return the solvers to compare."""
        return parse_solvers(self.solvers)

    def conditions(self) -> str:
        """Say how long a run of what has been used so far may take, and which solvers sample how many trajectories."""
        if not self.used:
            return ""
        solvers = [each for used in self.used.values() for each in used["solvers"].values()]
        counts = dict.fromkeys((each["solver"], each["parameters"].get("samples")) for each in solvers)
        takes = [(solver, "all there is time for" if samples == "0" else samples)
                 for solver, samples in counts if samples]  # fmt: skip
        limit = f" Time limit of a run: {self.time_limit_s:g} s."
        return limit + (f" Sampled trajectories, the best of which counts: {listed(takes, '{}')}." if takes else "")

    def load(self, data: str, quick: int = 2, full: int = 20, split: str = "test") -> dict[str, Cluster]:
        """Load clusters by name: as many of each preset as ``--clusters`` says, else ``quick`` or ``full``."""
        count = self.choose(quick, full) if self.clusters is None else self.clusters
        instances = resolve(data, count, split)
        with self.console.status(f"Loading {len(instances)} clusters"):
            return {instance.name: instance.load() for instance in instances}

    def compare(
        self,
        name: str,
        clusters: dict[str, Cluster],
        mnl: int,
        *,
        solvers: Sequence[SolverSpec] | None = None,
        objective: Objective = Objective(),
        time_limit_s: float | None = None,
    ) -> Compared:
        """Carry out what is not finished of the comparison ``name``, and read all of it."""
        comparison = Comparison(
            solvers=self.specs() if solvers is None else solvers,
            clusters=clusters,
            mnls=[mnl],
            seeds=[0],
            time_limit_s=time_limit_s or self.time_limit_s,
            folder=self.folder / "runs" / name,
            objective=objective,
            jobs=self.jobs,
        )
        if not comparison.is_complete():
            comparison.run(self.console, self.command)
        record = provenance.read(comparison.folder)
        self.used[name] = {key: record[key] for key in ("configuration", "solvers", "inputs")}
        runs = with_gap(read_runs(comparison.folder), read_bounds(comparison.folder))
        order = {label: at for at, label in enumerate(comparison.labels())}  # not that in which runs were finished
        runs, curves = (
            rows.sort_values("solver", key=lambda labels: labels.map(order), kind="stable")
            for rows in (runs, read_curves(comparison.folder))
        )
        return Compared(comparison.folder, runs, curves)

    def cells(self, name: str, keys: Iterable[str], work: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
        """Make one table of cells, each of them a file that is worked out once.

        Parameters
        ----------
        name
            Of the experiment: cells are kept in ``NAME/cells``.
        keys
            Names of the cells; each says all that its content depends on beside the configuration.
        work
            Makes the rows of one cell.
        """
        folder, tables, keys = self.folder / name / "cells", [], list(keys)
        for number, key in enumerate(keys, start=1):
            path = folder / f"{file_name(key)}.csv"
            if not path.exists():
                with self.console.status(f"{name}: {key}"):
                    write_text(path, work(key).to_csv(index=False, float_format=FLOATS))
                self.console.print(f"[{number}/{len(keys)}] {key}", highlight=False, markup=False, soft_wrap=True)
            tables.append(pd.read_csv(path))
        return pd.concat(tables, ignore_index=True)
