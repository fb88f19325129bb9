"""The search by columns: bound, linear programme, whole patterns, executable plan."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from solvers.contract import Problem
from solvers.deadline import Deadline
from solvers.incumbents import EPSILON, Incumbents
from solvers.mip.bound import starting_prices, static_bound
from solvers.mip.decode import decode
from solvers.mip.master import Master, Relaxation
from solvers.mip.pricing import Evaluation, Ints, Pricer, TooManyPatternsError
from solvers.mip.programme import Engine
from solvers.mip.reduction import reduce_problem
from solvers.mip.rounding import round_patterns
from solvers.mip.worth import expresses
from solvers.moves import MoveTable
from solvers.order import order
from solvers.two_step import run_two_step

WAITING_COSTS = 0.02
"""Slots that an arrival costs which has to wait for a departure, where patterns waited for each other in circles."""

FINE_STEP, NEARLY = 0.01, 0.99
"""Slots below which the steps of a mix are fine, and the share of the target that is aimed at there."""

CASTS = 12
"""Random castings of the same patterns that are tried, until one can be carried out in full."""


class ColumnSearch:
    """One run: offers plans to ``best`` and keeps the certified bound.

    Attributes
    ----------
    bound : float
        Slots, counted from 0: no plan within the limit ends with more. A multiple of the objective's step.
    centre : Evaluation
        The dual function at the best prices found so far.

    Raises
    ------
    TooManyPatternsError
        When the nodes hold too many VMs for their subsets to be enumerated.
    """

    def __init__(
        self, problem: Problem, best: Incumbents, deadline: Deadline, engine: Engine, threads: int, seed: int
    ) -> None:
        self._problem = problem
        self._best = best
        self._deadline = deadline
        self._engine = engine
        self._threads = threads
        self._seed = seed
        self._pricer = Pricer(reduce_problem(problem))
        self._initial = self._pricer.initial_slots
        self.centre = static_bound(self._pricer)

    @property
    def bound(self) -> float:
        """Slots that no plan exceeds."""
        step = self._pricer.reduction.worth.step
        return float((Fraction(self._initial) + Fraction(self.centre.bound)) // step * step)

    @property
    def _target(self) -> float:
        """The most that can be gained, as columns count it; making room for VMs off other PMs may cost slots."""
        gain = self.bound - self._initial
        return gain if self._pricer.reduction.supply.any() else max(0.0, gain)

    def closed(self) -> bool:
        """Tell whether the best plan meets the bound."""
        return self._best.meets(self.bound)

    @property
    def _aim(self) -> float:
        """What whole patterns should reach: the target, or nearly so where a mix has steps too fine to reach it."""
        return self._target if self._pricer.reduction.worth.step >= FINE_STEP else NEARLY * self._target

    def run(self) -> None:
        """Search until the optimum is proven, nothing more can be done this way, or the time is over."""
        if self.closed():
            return
        tried = -np.inf
        for master, relaxation, stuck in self.relaxations():
            promising = not relaxation.boxed and relaxation.value >= self._target - 1e-6 and self._target > tried
            if stuck or promising:
                tried = self._target
                self._round(master, relaxation, thorough=stuck)
            if self.closed():
                return

    def relaxations(self) -> Iterator[tuple[Master, Relaxation, bool]]:
        """Generate columns, and with them better bounds; the last relaxation is marked True unless the time ends."""
        master = Master(self._pricer, self.centre.prices)
        for prices in starting_prices(self._pricer):
            master.add_best(self._pricer.evaluate(prices))
        boxed_at, stuck = np.inf, False
        while not stuck and not self._deadline.expired(0.15):
            relaxation = master.solve(self._deadline.remaining_s(0.15))
            if relaxation is None:
                return
            evaluation = self._pricer.evaluate(relaxation.prices)
            if evaluation.bound < self.centre.bound:
                self.centre = evaluation
            if self.bound < 0:  # PMs that are to be emptied cannot be
                return
            stuck = evaluation.bound - relaxation.value < 1e-6 or master.add_best(evaluation) == 0
            if stuck and relaxation.boxed:
                progress = self.centre.bound < boxed_at - 1e-6
                stuck = not master.recentre(self.centre.prices, widen=1.0 if progress else 2.0)
                boxed_at = self.centre.bound
            else:
                yield master, relaxation, stuck

    def _round(self, master: Master, relaxation: Relaxation, *, thorough: bool) -> None:
        """Turn a relaxation into whole patterns and offer the plan they make."""
        use = round_patterns(
            master, relaxation, self.centre, self._aim, self._engine, self._threads, self._seed, self._deadline,
            thorough=thorough,
        )  # fmt: skip
        if use is None or self._carry_out(master, use) or not thorough:
            return
        master.add_independent(self.centre, self.centre.bound - self._aim)
        use = round_patterns(
            master, relaxation, self.centre, self._aim, self._engine, self._threads, self._seed, self._deadline,
            thorough=False, waiting_costs=WAITING_COSTS,
        )  # fmt: skip
        if use is not None:
            self._carry_out(master, use)

    def _carry_out(self, master: Master, use: Ints) -> bool:
        """Cast the patterns and order them, again and again until all can be carried out; tell whether they could."""
        worth = self._initial + float(np.array(master.programme.cost)[master.slacks :] @ use)
        for cast in range(CASTS):
            if cast and self._deadline.expired(0.1):
                break
            pm, node = decode(master, use, self._seed + cast)
            plan = order(self._problem, pm, node, self._deadline)
            slots = self._problem.score.slots(self._problem.placement().apply_plan(plan).free)
            self._best.offer(plan, slots)
            if len(plan) < self._problem.mnl and slots < self.bound - EPSILON:
                placement = self._problem.placement().apply_plan(plan)
                table = MoveTable(self._problem, placement)
                run_two_step(table, self._problem.mnl, self._deadline, self._best, plan.migrations)
            if slots >= worth - 1e-6 and not self._problem.staying(plan):
                return True
        return False


def certified_bound(problem: Problem, deadline: Deadline) -> float | None:
    """Prove a lower bound on the FR of any plan within the limit, whoever makes it, without looking for one.

    Parameters
    ----------
    problem
        What is to be bounded.
    deadline
        The bound is the best one proven when it ends; the first takes milliseconds.

    Returns
    -------
    float or None
        FR; None where the formulation does not apply (see `mip`).
    """
    best = Incumbents(problem, deadline)
    if problem.mnl == 0 or not problem.cluster.may_leave.any() or not problem.score.terms:
        return problem.initial_fr
    if not expresses(problem.score):
        return None
    try:
        search = ColumnSearch(problem, best, deadline, "highs", 1, 0)
    except TooManyPatternsError:
        return None
    for _ in search.relaxations():
        pass
    return problem.score.rate_of(search.bound)


def dual(problem: Problem, deadline: Deadline) -> Evaluation:
    """Return the dual function at the best prices that column generation finds until the deadline.

    Raises
    ------
    TooManyPatternsError
        When the nodes hold too many VMs for their subsets to be enumerated.
    """
    search = ColumnSearch(problem, Incumbents(problem, deadline), deadline, "highs", 1, 0)
    for _ in search.relaxations():
        pass
    return search.centre
