"""Column generation: a linear programme over the patterns so far proposes prices, and pricing finds new patterns."""

from collections.abc import Iterator

import numpy as np

from solvers.deadline import Deadline
from solvers.mip.bound import starting_prices, static_bound
from solvers.mip.master import WIDTH, Master, Relaxation
from solvers.mip.pricing import Evaluation, Pricer, Prices

DISTINCT = 0.8
"""Classes a PM from which on hardly any two PMs count as alike."""

PART = 0.25
"""Share of the classes whose prices are found first, where hardly any two PMs are alike."""

NEAR = 0.1
"""Slots by which prices may differ at first from those of a part, or of a problem much the same."""

RESERVE_S = 0.15


class Generation:
    """One run over a reduction.

    Parameters
    ----------
    near
        Prices to begin with, not looked at where they are of other kinds of VMs; else there are some in closed form.

    Attributes
    ----------
    best : Evaluation
        The dual function at the best prices so far, and with it the best bound.
    """

    def __init__(self, pricer: Pricer, deadline: Deadline, near: Prices | None = None) -> None:
        if near and (len(near.single), len(near.double)) != (len(pricer.reduction.single), pricer.reduction.doubles):
            near = None
        self.best: Evaluation = static_bound(pricer) if near is None else pricer.evaluate(near)
        self._warm = near is not None
        self._pricer = pricer
        self._deadline = deadline

    def run(self) -> Iterator[tuple[Master, Relaxation, bool]]:
        """Generate columns, and with them better bounds; the last relaxation is marked True unless the time ends."""
        starts, width = ([self.best], NEAR) if self._warm else self._begin()
        self.best = min([self.best, *starts], key=lambda each: each.bound)
        master = Master(self._pricer, self.best.prices, width)
        for evaluation in starts:
            master.add_best(evaluation)
        yield from self._converge(master)

    def _begin(self) -> tuple[list[Evaluation], float]:
        """Evaluate prices to begin with; return, too, by how much the best may differ from them at first."""
        starts = [self._pricer.evaluate(prices) for prices in starting_prices(self._pricer)]
        reduction, width = self._pricer.reduction, WIDTH
        if (
            len(reduction.class_count) >= DISTINCT * reduction.class_count.sum()
            and PART * len(reduction.class_count) > 1
        ):
            starts.append(self._pricer.evaluate(self._prices_of_a_part()))
            width = NEAR if starts[-1].bound < self.best.bound else WIDTH
        return starts, width

    def _prices_of_a_part(self) -> Prices:
        """Return the best prices of some PMs with their share of the limit: prices carry over, and a part is quick."""
        part = Generation(Pricer(self._pricer.reduction.part(PART)), self._deadline)
        master = Master(part._pricer, part.best.prices)
        for prices in starting_prices(part._pricer):
            master.add_best(part._pricer.evaluate(prices))
        for _ in part._converge(master):
            pass
        return part.best.prices

    def _converge(self, master: Master) -> Iterator[tuple[Master, Relaxation, bool]]:
        boxed_at, stuck = np.inf, False
        while not stuck and not self._deadline.expired(RESERVE_S):
            relaxation = master.solve(self._deadline.remaining_s(RESERVE_S))
            if relaxation is None:
                return
            evaluation = self._pricer.evaluate(relaxation.prices)
            if evaluation.bound < self.best.bound:
                self.best = evaluation
            if self._pricer.initial_slots + self.best.bound < 0:  # PMs that are to be emptied cannot be
                return
            stuck = evaluation.bound - relaxation.value < 1e-6 or master.add_best(evaluation) == 0
            if stuck and relaxation.boxed:
                progress = self.best.bound < boxed_at - 1e-6
                stuck = not master.recentre(self.best.prices, widen=1.0 if progress else 2.0)
                boxed_at = self.best.bound
            else:
                yield master, relaxation, stuck
