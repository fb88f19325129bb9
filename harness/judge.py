"""What an answer is worth: the checker decides, nobody else."""

import math
from dataclasses import dataclass

from data import Plan, Score, check
from harness.process import Answer
from solvers import Incumbent, Problem


@dataclass(frozen=True)
class Outcome:
    """One run as it counts.

    A late, failed or invalid run counts with its initial FR, no migration and no bound; ``message`` says why.
    """

    status: str
    """``ok``, ``late``, ``failed`` or ``invalid``."""
    solve_s: float
    plan: Plan
    fr_after: tuple[float, ...]
    """FR of the snapshot and after each migration, by the checker."""
    incumbents: tuple[Incumbent, ...]
    """As the solver reported them, in order of time; none that claims more than the checked plan."""
    bound_fr: float | None
    slots_gained: float
    message: str

    @property
    def initial_fr(self) -> float:
        """FR of the snapshot."""
        return self.fr_after[0]

    @property
    def final_fr(self) -> float:
        """FR that counts."""
        return self.fr_after[-1]


def judge(problem: Problem, answer: Answer) -> Outcome:
    """Replay the answered plan with the checker and keep what holds."""
    rules, objective, solution = problem.rules, problem.objective, answer.solution
    empty = check(problem.cluster, Plan(), rules=rules, objective=objective)
    if answer.status != "answered" or solution is None:
        return Outcome(answer.status, answer.solve_s, Plan(), empty.fr_after, (), None, 0, answer.message)
    verdict = check(problem.cluster, solution.plan, mnl=problem.mnl, rules=rules, objective=objective)
    if not verdict.valid:
        return Outcome("invalid", answer.solve_s, Plan(), empty.fr_after, (), None, 0, verdict.reason)
    bound, message = solution.bound, ""
    if bound is not None and not math.isfinite(bound):
        bound, message = None, f"the claimed bound {bound} is not a number and was left out"
    quantum = Score(problem.cluster, objective).quantum  # not problem.score: the next solver gets nothing warm
    gained = (verdict.initial_fr - verdict.final_fr) / quantum if quantum else 0.0
    return Outcome(
        "ok",
        answer.solve_s,
        solution.plan,
        verdict.fr_after,
        _credible(solution.incumbents, verdict.final_fr, answer.solve_s),
        bound,
        round(gained) if len(objective.rates) == 1 else round(gained, 6),
        message,
    )


def _credible(incumbents: tuple[Incumbent, ...], final_fr: float, solve_s: float) -> tuple[Incumbent, ...]:
    """Keep improving incumbents that are no better than the checked plan and lie within the run."""
    kept: list[Incumbent] = []
    for each in sorted(incumbents):
        improves = not kept or each.fr < kept[-1].fr
        if improves and 0 <= each.seconds <= solve_s and each.fr >= final_fr - 1e-9:
            kept.append(each)
    return tuple(kept)
