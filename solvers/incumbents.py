"""The best plan so far, and the record of how it came."""

from data import Plan
from solvers.contract import Incumbent, Problem, Solution
from solvers.deadline import Deadline

EPSILON = 1e-9
"""Differences in slots below this are rounding, met only by mixed objectives."""


class Incumbents:
    """Keeps the best plan offered, starting from the empty one.

    Where PMs are to be emptied, a plan that leaves fewer VMs there is better, whatever it gains.
    """

    def __init__(self, problem: Problem, deadline: Deadline) -> None:
        self._problem = problem
        self._deadline = deadline
        self._record: list[Incumbent] = []
        self.plan = Plan()
        self.slots = problem.score.slots(problem.cluster.free)
        self.staying = problem.staying(self.plan)

    def offer(self, plan: Plan, slots: float) -> bool:
        """Take ``plan``, worth ``slots`` at its end, if it is better: more slots, or as many with fewer migrations."""
        gain, staying = slots - self.slots, self._problem.staying(plan)
        worse = gain < -EPSILON or (gain <= EPSILON and len(plan) >= len(self.plan))
        if staying > self.staying or (staying == self.staying and worse):
            return False
        self.plan, self.slots, self.staying = plan, slots, staying
        fr = self._problem.score.rate_of(slots)
        self._record.append(Incumbent(self._deadline.elapsed_s(), len(plan), fr))
        return True

    def meets(self, bound_slots: float) -> bool:
        """Tell whether the best plan has as many slots as any plan can have, and leaves no VM where none is to be."""
        return not self.staying and self.slots >= bound_slots - EPSILON

    def solution(self, bound_slots: float | None = None) -> Solution:
        """Return the best plan; ``bound_slots``: the most slots that any plan can have, where that is proven.

        Where PMs are to be emptied that is a bound for plans that do, and says nothing of one that does not.
        """
        if bound_slots is None or self.staying:
            return Solution(self.plan, incumbents=tuple(self._record))
        optimal = self.meets(bound_slots)
        bound = self._problem.score.rate_of(bound_slots)
        return Solution(self.plan, bound, "optimal" if optimal else "feasible", tuple(self._record))
