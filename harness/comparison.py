"""A comparison: every solver on every cluster, with every limit and seed, recorded in a folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from data import Cluster, InputError, Objective, Rules
from harness import hardware, provenance
from harness.bounds import add_bounds, read_bounds
from harness.display import Display, summary_table
from harness.judge import judge
from harness.plot import draw
from harness.process import Answer
from harness.records import Records, Run, file_name, read_runs
from harness.report import write_report
from harness.schedule import Schedule
from harness.statistics import summarise, unsound_bounds
from solvers import Problem, SolverSpec


@dataclass(frozen=True)
class Comparison:
    """What is compared, and where the records go.

    Raises
    ------
    InputError
        When the time limit is not positive, or two solvers cannot be told apart.
    """

    solvers: Sequence[SolverSpec]
    clusters: dict[str, Cluster]
    """By name; the name is unique and fit for a file name."""
    mnls: Sequence[int]
    seeds: Sequence[int]
    time_limit_s: float
    folder: Path
    objective: Objective = Objective()
    rules: Rules = Rules()
    jobs: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.time_limit_s < float("inf"):
            raise InputError(f"the time limit is {self.time_limit_s} s; give a positive number of seconds.")
        self.labels()

    def labels(self) -> dict[str, SolverSpec]:
        """Name each solver by its name, or with its parameters where the name appears more than once."""
        names = [spec.name for spec in self.solvers]
        labels = [spec.name if names.count(spec.name) == 1 else str(spec) for spec in self.solvers]
        for index, label in enumerate(labels):
            if file_name(label) in map(file_name, labels[:index]):
                raise InputError(f"solver {label} is named twice; name each once, or with different parameters.")
        return dict(zip(labels, self.solvers, strict=True))

    def configuration(self) -> dict[str, Any]:
        """Return what a folder may not be resumed without, as it stands in ``run.json``."""
        return {
            "solvers": [str(spec) for spec in self.solvers],
            "clusters": list(self.clusters),
            "mnl": list(self.mnls),
            "seeds": list(self.seeds),
            "time_limit_s": self.time_limit_s,
            "objective": str(self.objective),
            "stay_in_cluster": self.rules.stay_in_cluster,
            "max_cost": self.rules.max_cost,
            "jobs": self.jobs,
            "threads_per_solver": len(hardware.lanes(self.jobs)[0]),
        }

    def run(self, console: Console, command: str) -> None:
        """Carry out the runs that the folder does not hold yet; when interrupted, what is finished is kept.

        Parameters
        ----------
        console
            Where progress is shown.
        command
            What was typed, for the record.

        Raises
        ------
        InputError
            When a solver cannot be made, or the folder belongs to another configuration; nothing has been run then.
        """
        specs, lanes = self.labels(), hardware.lanes(self.jobs)
        problems = {
            (name, mnl): Problem(cluster, mnl, self.objective, self.rules)
            for name, cluster in self.clusters.items()
            for mnl in self.mnls
        }
        # Solvers take turns on each problem: a machine that slows down slows all, and what is finished is balanced.
        runs = [Run(name, label, seed, mnl) for name, mnl in problems for seed in self.seeds for label in specs]
        with Schedule(specs, lanes) as schedule:
            console.print(f"Preparing {', '.join(specs)}", highlight=False, markup=False, soft_wrap=True)
            parameters = schedule.prepare()
            provenance.begin(
                self.folder,
                command,
                self.configuration(),
                {label: {"solver": spec.name, "parameters": parameters[label]} for label, spec in specs.items()},
                {name: provenance.checksum(cluster) for name, cluster in self.clusters.items()},
            )
            records = Records(self.folder, self.time_limit_s)
            complete = False
            with Display(console, len(runs), _rows(self.folder)) as display:

                def record(run: Run, answer: Answer) -> None:
                    problem = problems[run.instance, run.mnl]
                    display.add(run, records.add(run, specs[run.solver], problem, judge(problem, answer)))

                try:
                    schedule.carry_out(
                        [run for run in runs if run not in records.finished],
                        lambda run: problems[run.instance, run.mnl],
                        self.time_limit_s,
                        record,
                        display.refresh,
                    )
                    complete = True
                    add_bounds(self.folder, problems)
                finally:
                    provenance.finish(self.folder, complete)


def conclude(folder: Path, console: Console) -> bool:
    """Draw the figures, write the report and print the summary; return False when a claimed bound is wrong."""
    runs = read_runs(folder)
    if runs.empty:
        console.print("No run was finished.")
        return True
    draw(folder)
    report = write_report(folder)
    console.print(summary_table(summarise(runs, read_bounds(folder))))
    wrong = unsound_bounds(runs)
    for row in wrong.to_dict("records"):
        console.print(
            f"[bold red]UNSOUND BOUND[/] {escape(row['solver'])} on {row['instance']}, MNL {row['mnl']}: it claims "
            f"that no plan is below FR {row['bound_fr']:.6f}, but a checked plan reaches {row['reached']:.6f}.",
            highlight=False,
            soft_wrap=True,
        )
    console.print(f"Report: {report}", highlight=False, markup=False, soft_wrap=True)
    return wrong.empty


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in read_runs(folder).to_dict("records")]
