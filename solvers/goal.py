"""The fewest migrations that reach a goal FR, with any solver: bisection on the migration limit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from data import InputError, Plan, check
from solvers.contract import Problem, Solver
from solvers.deadline import Deadline

EPSILON = 1e-9
"""FRs that differ by less are the same: what float64 makes of a whole number of slots."""

FIRST_SHARE, NEXT_SHARE = 0.5, 0.3
"""Shares of the time that is left: for the whole limit, which decides whether the goal can be met; for each other."""


@dataclass(frozen=True)
class GoalResult:
    """How few migrations reach the goal, and what is certain about it."""

    plan: Plan
    """The shortest plan found that reaches the goal; where none does, the one with the lowest FR."""
    reached_fr: float
    """FR after the plan, by the checker."""
    reached: bool
    """The plan meets the goal."""
    least_possible: int
    """Certified: no plan with fewer migrations meets the goal. Above the limit where none within it does."""
    bound_fr: float | None
    """Certified lower bound on the FR of any plan within the limit; None where the solver proves none."""

    @property
    def migrations(self) -> int:
        """Length of the plan."""
        return len(self.plan)

    @property
    def proven_fewest(self) -> bool:
        """Tell whether it is certain that fewer migrations do not do."""
        return self.reached and self.migrations == self.least_possible


def fewest(problem: Problem, goal_fr: float, solver: Solver, deadline: Deadline, seed: int = 0) -> GoalResult:
    """Find the fewest migrations that bring the FR down to a goal.

    The solver plans for the whole limit, then for ever smaller ones; of each plan the shortest prefix counts that
    meets the goal. Where the solver proves bounds, one above the goal certifies that so few migrations cannot do,
    and a second bisection looks for the most of which this can be said.

    Parameters
    ----------
    problem
        What to plan; its ``mnl`` is the most migrations that are considered.
    goal_fr
        FR to reach, 0 to 1.
    solver
        Any solver, prepared.
    deadline
        When it ends, what is known until then is returned.
    seed
        Given to the solver each time.

    Raises
    ------
    InputError
        When the goal is not between 0 and 1.
    """
    if not 0 <= goal_fr <= 1:
        raise InputError(f"the goal is FR {goal_fr}; give a number between 0 and 1.")
    search = _Search(problem, goal_fr, solver, deadline, seed)
    search.run()
    return search.result()


class _Search:
    """What is known so far."""

    def __init__(self, problem: Problem, goal_fr: float, solver: Solver, deadline: Deadline, seed: int) -> None:
        self._problem, self._goal_fr, self._solver, self._deadline, self._seed = (
            problem, goal_fr, solver, deadline, seed,
        )  # fmt: skip
        met = self._meets(problem.initial_fr) and not problem.staying(Plan())
        self._plan, self._reached_fr, self._reached = Plan(), problem.initial_fr, met
        self._insufficient = -1 if met else 0  # certified: the most migrations that do not do
        self._open = problem.mnl + 1  # the fewest of which this is not known, though a bound was asked for
        self._bound_fr: float | None = None

    def run(self) -> None:
        """Plan for the whole limit, then look for fewer migrations and for a proof that there are none."""
        if not self._reached:
            self.look(self._problem.mnl, FIRST_SHARE)
            self.shorten()
            self.certify()

    def look(self, limit: int, share: float) -> bool:
        """Plan with another limit; tell whether the plan reaches the goal."""
        problem = replace(self._problem, mnl=limit)
        solution = self._solver.solve(problem, self._deadline.part(share), self._seed)
        if solution.bound is not None and limit == self._problem.mnl:
            self._bound_fr = solution.bound
        if solution.bound is not None and not self._meets(solution.bound):
            self._insufficient = max(self._insufficient, limit)
        else:
            self._open = min(self._open, limit if solution.bound is not None else 1)
        verdict = check(problem.cluster, solution.plan, mnl=limit, rules=problem.rules, objective=problem.objective)
        if not verdict.valid:
            return False
        length = self._length(solution.plan, verdict.fr_after)
        if length is None:
            if not self._reached and verdict.final_fr < self._reached_fr:
                self._plan, self._reached_fr = solution.plan, verdict.final_fr
            return False
        if not self._reached or length < len(self._plan):
            self._plan, self._reached_fr, self._reached = solution.plan.prefix(length), verdict.fr_after[length], True
        return True

    def shorten(self) -> None:
        """Bisect between limits with which the solver failed and the shortest plan that reaches the goal."""
        failed = self._insufficient
        while self._reached and len(self._plan) - failed > 1 and not self._deadline.expired():
            limit = (failed + len(self._plan)) // 2
            failed = max(limit if not self.look(limit, NEXT_SHARE) else failed, self._insufficient)

    def certify(self) -> None:
        """Bisect for the most migrations that certainly do not do, where failing may have been the solver's fault."""
        while self._open - self._insufficient > 1 and not self._deadline.expired():
            self.look((self._insufficient + self._open) // 2, NEXT_SHARE)

    def result(self) -> GoalResult:
        return GoalResult(self._plan, self._reached_fr, self._reached, self._insufficient + 1, self._bound_fr)

    def _length(self, plan: Plan, fr_after: Sequence[float]) -> int | None:
        """Return the length of the shortest prefix that meets the goal, with all PMs emptied that are to be."""
        met = (steps for steps, fr in enumerate(fr_after) if self._meets(fr))
        return next((steps for steps in met if not self._problem.staying(plan.prefix(steps))), None)

    def _meets(self, fr: float) -> bool:
        return fr <= self._goal_fr + EPSILON
