"""The best plan so far, and the record of how it came."""

from data import Plan
from solvers.contract import Incumbent, Problem, Solution
from solvers.deadline import Deadline

EPSILON = 1e-9
"""Differences in slots below this are rounding, met only by mixed objectives."""


class Incumbents:
    """Keeps the best plan offered, starting from the empty one."""

    def __init__(self, problem: Problem, deadline: Deadline) -> None:
        self._problem = problem
        self._deadline = deadline
        self._record: list[Incumbent] = []
        self.plan = Plan()
        self.slots = problem.score.slots(problem.cluster.free)

    def offer(self, plan: Plan, slots: float) -> bool:
        """Take ``plan``, worth ``slots`` at its end, if it is better: more slots, or as many with fewer migrations."""
        gain = slots - self.slots
        if gain < -EPSILON or (gain <= EPSILON and len(plan) >= len(self.plan)):
            return False
        self.plan, self.slots = plan, slots
        fr = self._problem.score.rate_of(slots)
        self._record.append(Incumbent(self._deadline.elapsed_s(), len(plan), fr))
        return True

    def solution(self, bound_slots: float | None = None) -> Solution:
        """Return the best plan; ``bound_slots``: the most slots that any plan can have, where that is proven."""
        if bound_slots is None:
            return Solution(self.plan, incumbents=tuple(self._record))
        optimal = self.slots >= bound_slots - EPSILON
        bound = self._problem.score.rate_of(bound_slots)
        return Solution(self.plan, bound, "optimal" if optimal else "feasible", tuple(self._record))
