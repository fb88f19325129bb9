"""Judge solvers on tiny random clusters against brute force over all ordered plans: ``python -m benchmarks.tiny``."""

from collections import Counter
from dataclasses import dataclass, field

import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from data import check
from solvers import SOLVERS, Deadline, create
from tests.solvers.brute_force import best_final, best_plan
from tests.solvers.tiny import random_tiny

EPSILON = 1e-9


@dataclass(frozen=True)
class Options:
    """Compare solvers with the best of all ordered plans, which is known on tiny clusters."""

    clusters: int = 500
    """How many random clusters, with seeds from 0."""
    solvers: str = ",".join(SOLVERS)
    """Solvers, comma-separated."""
    time_limit_s: float = 2.0
    """Time limit of each run, in seconds."""


@dataclass
class Tally:
    """What is found of one solver."""

    counts: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0
    notes: list[str] = field(default_factory=list)


def main(options: Options) -> None:
    """Run all and print a line for each solver, and one for each plan of an exact one that is not the best."""
    _print(judge(options), options.clusters)


def judge(options: Options) -> dict[str, Tally]:
    """Run all solvers on all clusters and count, by solver."""
    made = {name: create(name) for name in options.solvers.split(",")}
    tallies = {name: Tally() for name in made}
    for solver in made.values():
        solver.prepare()
    for seed in track(range(options.clusters), "clusters"):
        problem = random_tiny(seed)
        best, unordered = float(best_plan(problem).fr), float(best_final(problem))
        for name, solver in made.items():
            tally = tallies[name]
            try:
                solution = solver.solve(problem, Deadline(options.time_limit_s))
            except Exception as error:  # which no solver may do: counted, not fatal
                tally.counts["raised"] += 1
                tally.notes.append(f"seed {seed}: raises {error!r}")
                continue
            verdict = check(
                problem.cluster, solution.plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective
            )
            gap = verdict.final_fr - best
            tally.worst = max(tally.worst, gap)
            tally.counts["invalid"] += not verdict.valid
            tally.counts["better"] += gap < -EPSILON
            tally.counts["equal"] += abs(gap) <= EPSILON
            tally.counts["bounds"] += solution.bound is not None
            tally.counts["wrong bounds"] += solution.bound is not None and solution.bound > best + EPSILON
            tally.counts["order"] += gap > EPSILON and unordered < best - EPSILON
            if gap > EPSILON:
                tally.notes.append(
                    f"seed {seed}: FR {verdict.final_fr:.4f}, best plan {best:.4f}, "
                    f"best placement whatever the order {unordered:.4f}, bound {solution.bound}"
                )
    return tallies


def _print(tallies: dict[str, Tally], clusters: int) -> None:
    console = Console(width=120)
    table = Table(
        "solver", "equal", "worst FR gap", "better", "invalid", "bounds", "wrong bounds", "by order", "raised"
    )
    for name, tally in tallies.items():
        table.add_row(
            name, f"{tally.counts['equal'] / clusters:.1%}", f"{tally.worst:.4f}",
            *(str(tally.counts[key]) for key in ("better", "invalid", "bounds", "wrong bounds", "order", "raised")),
        )  # fmt: skip
    console.print(table)
    for name in ("mip", "mip-paper"):
        for note in tallies[name].notes if name in tallies else ():
            console.print(f"{name}, {note}")


if __name__ == "__main__":
    main(tyro.cli(Options))
