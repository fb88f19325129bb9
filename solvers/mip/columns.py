"""The search by columns: bound, linear programme, whole patterns, executable plan."""

from fractions import Fraction

import numpy as np

from solvers.contract import Problem
from solvers.deadline import Deadline
from solvers.incumbents import Incumbents
from solvers.mip.generation import Generation
from solvers.mip.master import Master, Relaxation
from solvers.mip.plans import PlanSearch
from solvers.mip.pricing import Evaluation, Pricer, Prices, TooManyPatternsError
from solvers.mip.programme import Engine
from solvers.mip.reduction import reduce_problem
from solvers.mip.rounding import round_patterns
from solvers.mip.worth import expresses

FINE_STEP, NEARLY = 0.01, 0.99
"""Slots below which the steps of a mix are fine, and the share of the target that is aimed at there."""


class ColumnSearch:
    """One run: offers plans to ``best`` and keeps the certified bound.

    Parameters
    ----------
    near
        Prices to begin with, as for `Generation`.

    Attributes
    ----------
    bound : float
        Slots, counted from 0: no plan within the limit ends with more. A multiple of the objective's step.

    Raises
    ------
    TooManyPatternsError
        When the nodes hold too many VMs for their subsets to be enumerated.
    """

    def __init__(
        self, problem: Problem, best: Incumbents, deadline: Deadline, engine: Engine, threads: int, seed: int,
        near: Prices | None = None,
    ) -> None:  # fmt: skip
        self._problem = problem
        self._best = best
        self._deadline = deadline
        self._engine = engine
        self._threads = threads
        self._seed = seed
        self._pricer = Pricer(reduce_problem(problem))
        self._initial = self._pricer.initial_slots
        self._generation = Generation(self._pricer, deadline, near)

    @property
    def bound(self) -> float:
        """Slots that no plan exceeds."""
        step = self._pricer.reduction.worth.step
        return float((Fraction(self._initial) + Fraction(self._generation.best.bound)) // step * step)

    @property
    def _target(self) -> float:
        """The most that can be gained, as columns count it; making room for VMs off other PMs may cost slots."""
        gain = self.bound - self._initial
        return gain if self._pricer.reduction.supply.any() else max(0.0, gain)

    @property
    def dual(self) -> Evaluation:
        """The dual function at the best prices so far."""
        return self._generation.best

    def closed(self) -> bool:
        """Tell whether the best plan meets the bound."""
        return self._best.meets(self.bound)

    @property
    def _aim(self) -> float:
        """What whole patterns should reach: the target, or nearly so where a mix has steps too fine to reach it."""
        return self._target if self._pricer.reduction.worth.step >= FINE_STEP else NEARLY * self._target

    def tighten(self) -> None:
        """Prove the best bound there is, without a plan."""
        for _ in self._generation.run():
            pass

    def run(self) -> None:
        """Search until the optimum is proven, nothing more can be done this way, or the time is over."""
        if self.closed():
            return
        tried = -np.inf
        for master, relaxation, stuck in self._generation.run():
            promising = not relaxation.boxed and relaxation.value >= self._target - 1e-6 and self._target > tried
            if stuck or promising:
                tried = self._target
                if self._round(master, relaxation, thorough=stuck):
                    return
            if self.closed():
                return

    def _round(self, master: Master, relaxation: Relaxation, *, thorough: bool) -> bool:
        """Turn a relaxation into whole patterns and offer the plan they make; tell whether more columns are no use."""
        use = round_patterns(
            master, relaxation, self._generation.best, self._aim, self._engine, self._threads, self._seed,
            self._deadline, thorough=thorough,
        )  # fmt: skip
        if use is None:
            return False
        plans = PlanSearch(master, self._best, self._deadline, self._engine, self._threads, self._seed)
        if plans.carry_out(use):
            return False
        if thorough or plans.worth(use) >= self._aim - 1e-6:
            plans.improve(self._generation.best, self._aim)
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
    search.tighten()
    return problem.score.rate_of(search.bound)


def dual(problem: Problem, deadline: Deadline, near: Prices | None = None) -> Evaluation:
    """Return the dual function at the best prices that column generation finds until the deadline.

    Parameters
    ----------
    near
        Good prices of a problem that was much the same, to begin with: that takes half the time.

    Raises
    ------
    TooManyPatternsError
        When the nodes hold too many VMs for their subsets to be enumerated.
    """
    generation = Generation(Pricer(reduce_problem(problem)), deadline, near)
    for _ in generation.run():
        pass
    return generation.best


def optimum(problem: Problem, deadline: Deadline, near: Prices | None = None) -> tuple[Evaluation, Incumbents]:
    """Return what `dual` does, and the best plan found on the way: nearly always one is proven, in little more time.

    A part of what `mip` does, for a learner that asks many times.

    Parameters
    ----------
    near
        Good prices of a problem that was much the same, to begin with.

    Raises
    ------
    TooManyPatternsError
        When the nodes hold too many VMs for their subsets to be enumerated.
    """
    best = Incumbents(problem, deadline)
    search = ColumnSearch(problem, best, deadline, "highs", 1, 0, near)
    search.run()
    return search.dual, best
