"""How fast the heuristics are, and what they reach on real snapshots: ``python -m benchmarks.heuristics``."""

import time
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.table import Table

from benchmarks.plain_greedy import first_moves
from data import Cluster, InputError, check
from data.formats import load
from harness.compare import whole_numbers
from solvers import Deadline, Problem, create

SNAPSHOTS = Path(__file__).parents[2] / "shared" / "data" / "bytedance"
SOLVERS = ("ha", "greedy", "two-step", "vbpp", "pop", "swap", "mcts")
UNTIL_THE_END = ("swap", "mcts")
"""They use what time there is, so one run tells as much as many."""
STEP_BAR_MS, PLAN_BAR_MS = 2.0, 60.0
"""A greedy migration on large.json, and the greedy plan for MNL 50 on medium.json."""


@dataclass(frozen=True)
class Options:
    """Time the heuristics on the released snapshots, beside a greedy in plain Python."""

    medium: Path = SNAPSHOTS / "medium.json"
    """The released Medium snapshot."""
    large: Path = SNAPSHOTS / "large.json"
    """The released Large snapshot."""
    mnl: str = "50,100"
    """Migration number limits, comma-separated."""
    time_limit: float = 5.0
    """Seconds a run may take; swap and mcts use them all."""
    repeats: int = 9
    """Runs of each heuristic but those; the fastest counts, since other work on the machine only adds."""
    plain_steps: int = 2
    """Migrations that the plain greedy, which needs seconds for each, is timed for."""


def main(options: Options) -> None:
    """Print what is reached in what time, then greedy beside its bars and beside plain Python."""
    console = Console(width=120)
    clusters = {"medium": load(options.medium), "large": load(options.large)}
    reached = Table("snapshot", "MNL", "solver", "ms", "migrations", "ms a migration", "slots gained", "FR")
    for name, cluster in clusters.items():
        for mnl in whole_numbers("--mnl", options.mnl):
            for solver in SOLVERS:
                reached.add_row(name, str(mnl), solver, *_reached(solver, Problem(cluster, mnl), options))
    console.print(reached)
    speed = Table("greedy", "whole plan, MNL 50", "a migration", "plain Python, a migration", "times faster", "bar")
    for name, cluster in clusters.items():
        speed.add_row(name, *_speed(name, cluster, options))
    console.print(speed)


def _fastest_ms(solver: str, problem: Problem, time_limit_s: float, repeats: int) -> float:
    """Return the least time of a plan, each with a fresh problem: nothing that one run cached serves the next."""
    times_s = []
    for _ in range(repeats):
        fresh = Problem(problem.cluster, problem.mnl)
        start_s = time.perf_counter()
        create(solver).solve(fresh, Deadline(time_limit_s))
        times_s.append(time.perf_counter() - start_s)
    return min(times_s) * 1000


def _reached(solver: str, problem: Problem, options: Options) -> tuple[str, ...]:
    plan = create(solver).solve(problem, Deadline(options.time_limit)).plan
    verdict = check(problem.cluster, plan, mnl=problem.mnl)
    if not verdict.valid:
        raise InputError(f"{solver} on {problem.cluster.name}: {verdict.reason}")
    spent_ms = _fastest_ms(solver, problem, options.time_limit, 1 if solver in UNTIL_THE_END else options.repeats)
    slots = round(problem.score.slots_of(verdict.final_fr) - problem.score.slots_of(verdict.initial_fr))
    a_step = f"{spent_ms / len(plan):.2f}" if len(plan) else "-"
    return f"{spent_ms:.0f}", str(len(plan)), a_step, str(slots), f"{verdict.final_fr:.4f}"


def _speed(name: str, cluster: Cluster, options: Options) -> tuple[str, ...]:
    plan = create("greedy").solve(Problem(cluster, 50), Deadline(options.time_limit)).plan
    plan_ms = _fastest_ms("greedy", Problem(cluster, 50), options.time_limit, options.repeats)
    step_ms = plan_ms / max(1, len(plan))
    start_s = time.perf_counter()
    same = first_moves(cluster, options.plain_steps) == list(plan.prefix(options.plain_steps))
    plain_ms = (time.perf_counter() - start_s) * 1000 / options.plain_steps
    kept = step_ms < STEP_BAR_MS if name == "large" else plan_ms < PLAN_BAR_MS
    bar = f"{STEP_BAR_MS:g} ms a migration" if name == "large" else f"{PLAN_BAR_MS:g} ms the plan"
    return (
        f"{plan_ms:.1f} ms", f"{step_ms:.2f} ms", f"{plain_ms:.0f} ms", f"{plain_ms / step_ms:.0f}",
        f"{bar}: {'kept' if kept else 'BROKEN'}{'' if same else '; PLANS DIFFER'}",
    )  # fmt: skip


if __name__ == "__main__":
    main(tyro.cli(Options))
