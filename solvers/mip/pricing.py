"""The dual function: the best that every PM could do on its own, at given prices.

Let mu_t be the price of a VM of kind t and lambda the price of a migration. A PM that lets a VM go earns mu_t - lambda,
one that takes it in pays mu_t. If every PM of class c earns at most V_c(mu, lambda), no plan of at most MNL migrations
gains more than

    L(mu, lambda) = lambda * MNL + sum_c N_c * V_c(mu, lambda),    for any mu and any lambda >= 0.

Where what migrations cost is limited, a VM that leaves also pays nu times its cost, and nu times the limit is added.
Where PMs are to be emptied they are left out; the MNL is less by the VMs there, and each of these adds its mu_t.
V_c is exact, with no limit on the size of a pattern: see ``docs/exact.md``. Prices are rounded to multiples of 2^-20
(lambda and nu upwards) before evaluation, so all sums are exact in float64 and L is a certificate, not a tolerance.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solvers.mip import kernels
from solvers.mip.reduction import Reduction

GRID = float(1 << 20)
PATTERN_LIMIT = 4_000_000
"""Most ways to let VMs leave, over all node contents, that are enumerated."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class TooManyPatternsError(Exception):
    """The nodes hold so many VMs that their subsets cannot be enumerated."""


@dataclass(frozen=True, eq=False)
class Departures:
    """All sub-multisets of some contents, content by content."""

    start: Ints
    """[K + 1], where the ones of each content begin; the first is the empty one."""
    counts: Floats
    """[M, T], how many of each kind leave."""
    used: Ints
    """[M, 2], units of cores and memory they free on a node."""

    @classmethod
    def of(cls, content: Ints, size: Ints) -> "Departures":
        """Enumerate the sub-multisets of ``content`` [K, T], whose kinds take ``size`` [T, 2]."""
        if float(np.prod(content + 1.0, axis=1).sum()) > PATTERN_LIMIT:
            raise TooManyPatternsError
        owner = np.arange(len(content))
        counts = np.zeros((len(content), content.shape[1]), dtype=np.int64)
        for kind in range(content.shape[1]):
            repeats = content[owner, kind] + 1
            owner = np.repeat(owner, repeats)
            counts = np.repeat(counts, repeats, axis=0)
            counts[:, kind] = np.arange(len(owner)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        start = np.searchsorted(owner, np.arange(len(content) + 1))
        return cls(start.astype(np.int64), counts.astype(np.float64), counts @ size)


@dataclass(frozen=True, eq=False)
class Prices:
    """Multipliers, rounded so that arithmetic with them is exact."""

    single: Floats
    """[T1], slots a VM."""
    double: Floats
    """[T2], slots a VM."""
    migration: float
    """Slots a migration, not negative."""
    cost: float = 0.0
    """Slots a unit of what migrations cost, not negative."""

    @classmethod
    def rounded(cls, single: Floats, double: Floats, migration: float, cost: float = 0.0) -> "Prices":
        """Round to the grid; the prices of migrations upwards, which keeps the bound valid."""
        lifted = [float(np.ceil(max(0.0, price) * GRID) / GRID) for price in (migration, cost)]
        return cls(np.round(single * GRID) / GRID, np.round(double * GRID) / GRID, *lifted)


class Pricer:
    """Evaluates the dual function of one reduction; what does not depend on prices is computed once."""

    def __init__(self, reduction: Reduction) -> None:
        self.reduction = reduction
        self.value = reduction.worth.levels(reduction.levels, reduction.unit)
        self.singles = Departures.of(reduction.content, reduction.single)
        held, self._class_content = np.unique(reduction.class_doubles, axis=0, return_inverse=True)
        self._class_content = self._class_content.reshape(-1)
        self.doubles = Departures.of(held, reduction.double)
        self._placeholder_price = [-reduction.worth.placeholder] * (len(reduction.double) - reduction.doubles)
        self.pools = int(max(reduction.state[:, 3], default=0)) + 1

    @cached_property
    def initial_slots(self) -> float:
        """Slots before any migration: of all nodes, and of the placeholders."""
        reduction = self.reduction
        state, placeholders = reduction.state, reduction.class_doubles[:, reduction.doubles :].sum(axis=1)
        alone = self.value[state[:, 1], state[:, 2]] @ reduction.state_count
        placed = reduction.worth.placeholder * (placeholders @ reduction.class_count)
        return float(alone + placed + reduction.emptied_slots)

    def fees(self, prices: Prices) -> Floats:
        """Return what one migration of a VM of each kind is charged: float64 [T1 + T2], slots."""
        return prices.migration + prices.cost * self.reduction.cost.astype(np.float64)

    def evaluate(self, prices: Prices) -> "Evaluation":
        """Price all classes: a bound on the gain of any plan, and the best pattern of every class."""
        reduction = self.reduction
        fees, singles = self.fees(prices), len(reduction.single)
        worth = self.singles.counts @ (prices.single - fees[:singles])
        arrival, arrival_choice = kernels.arrival_values(
            reduction.single, reduction.single_pool, prices.single, self.value, self.pools
        )
        doubles = np.append(prices.double, self._placeholder_price)
        filling, filling_choice = kernels.filling_values(
            reduction.double, reduction.double_pool, doubles, self.value.shape, self.pools
        )
        gain, how = kernels.best_of_classes(
            reduction.class_states, self._class_content, reduction.state, self.singles.start, self.singles.used, worth,
            arrival, self.value, self.doubles.start, self.doubles.used,
            self.doubles.counts @ np.append(prices.double - fees[singles:], self._placeholder_price),
            *self._cells(filling, arrival),
        )  # fmt: skip
        bound = prices.migration * reduction.limit + prices.cost * reduction.budget
        bound += float(np.append(prices.single, prices.double) @ reduction.supply)
        bound += float(gain @ reduction.class_count)
        return Evaluation(self, prices, bound, gain, how, worth, arrival, arrival_choice, filling_choice)

    def _cells(self, filling: Floats, arrival: Floats) -> tuple[Ints, Ints, Floats, Floats]:
        """List what arriving doubles can use, pool by pool, best first; see `kernels.best_of_classes`."""
        pool, a, b = np.nonzero(filling > -np.inf)
        worth = filling[pool, a, b]
        superadditive = all(
            rate.size % self.reduction.unit[rate.resource] == 0 for rate, _ in self.reduction.worth.node
        )
        net = worth - 2.0 * arrival[pool, a, b] if superadditive else worth  # less is always worth no more
        order = np.lexsort((-net, pool))
        start = np.searchsorted(pool[order], np.arange(self.pools + 1))
        return start, np.column_stack([a, b])[order], worth[order], net[order]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The dual function at given prices, with the patterns that attain it."""

    pricer: Pricer
    prices: Prices
    bound: float
    """Slots: no plan gains more."""
    class_gain: Floats
    """[C], V_c."""
    class_how: Ints
    """[C, 3], see `kernels.best_of_classes`."""
    worth: Floats
    """[M], what each departure set of singles earns."""
    arrival: Floats
    """[pools, X + 1, Y + 1], G."""
    arrival_choice: Ints
    """Which kind G places next; see `kernels.arrival_values`."""
    filling_choice: Ints
    """Which double E places last; see `kernels.filling_values`."""
