"""Judge goals and emptied PMs on tiny random clusters against brute force: ``python -m benchmarks.aims``."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import tyro
from rich.progress import track

from data import check
from solvers import Deadline, Problem
from solvers.drain import drain
from solvers.goal import fewest
from solvers.mip import Mip
from tests.solvers.brute_force import best_emptied, best_plan, fewest_migrations
from tests.solvers.tiny import drained_tiny, random_tiny

EPSILON = 1e-9


@dataclass(frozen=True)
class Options:
    """Compare what ``mip`` says of goals and of PMs to be emptied with all ordered plans of tiny clusters."""

    clusters: int = 200
    """How many random clusters, with seeds from 0."""
    time_limit_s: float = 3.0
    """Time limit of each, in seconds."""


def main(options: Options) -> None:
    """Run all and print the counts; what is wrong must be 0."""
    solver = Mip()
    solver.prepare()
    goals: Counter[str] = Counter()
    drains: Counter[str] = Counter()
    for seed in track(range(options.clusters), "clusters"):
        goals.update(judge_goals(random_tiny(seed), solver, options.time_limit_s))
        drains.update(judge_drain(drained_tiny(seed), solver, options.time_limit_s))
    for name, counts in (("goals", goals), ("PMs to be emptied", drains)):
        print(f"{name}: " + ", ".join(f"{count} {key}" for key, count in counts.items()))


def judge_goals(problem: Problem, solver: Mip, time_limit_s: float) -> Counter[str]:
    """Ask for the lowest FR there is, and for one halfway to it."""
    counts: Counter[str] = Counter()
    start, best = Fraction(problem.initial_fr).limit_denominator(10**6), best_plan(problem).fr
    for goal in (best, (start + best) / 2):
        truth = fewest_migrations(problem, goal)
        result = fewest(problem, float(goal), solver, Deadline(time_limit_s))
        assert truth is not None, "the goal was chosen so that it can be met"
        counts["asked"] += 1
        counts["with the fewest migrations"] += result.reached and result.migrations == truth
        counts["proven"] += result.proven_fewest
        counts["wrong"] += result.least_possible > truth or (result.reached and result.migrations < truth)
    return counts


def judge_drain(problem: Problem, solver: Mip, time_limit_s: float) -> Counter[str]:
    """Empty the PMs that the rules name."""
    truth = best_emptied(problem)
    result = drain(problem, solver, solver, Deadline(time_limit_s))
    plan, bound = result.solution.plan, result.solution.bound
    verdict = check(problem.cluster, plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    if truth is None:
        return Counter({"impossible": 1, "certainly": bool(result.obstacle), "wrong": result.emptied})
    gap = verdict.final_fr - float(truth)
    better = result.emptied and gap < -EPSILON
    false = bool(result.obstacle) or (bound is not None and bound > float(truth) + EPSILON)
    return Counter(
        {"possible": 1, "emptied": result.emptied, "at the lowest FR": result.emptied and gap <= EPSILON,
         "wrong": not verdict.valid or better or false}
    )  # fmt: skip


if __name__ == "__main__":
    main(tyro.cli(Options, prog="python -m benchmarks.aims"))
