"""What a migration costs of the gain still possible, by the prices of the certified bound.

At fixed prices the dual function of ``solvers.mip`` bounds the slots that a state can still gain: the price of a
migration times those left, plus what each PM could earn on its own. A departure or an arrival lowers that bound by its
*regret*, never raises it, and those of a best plan have none (at good prices). That teaches in two ways:

- The reward of a step plus the change of the bound is minus the regret. Over an episode this sums up to the slots
  gained less the first bound, so the best policy stays the best (Ng, Harada, Russell, ICML 1999), but every mistake is
  punished at once.
- The regret of every option is known, not just of the one taken.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from data import Plan
from rl.arrays import Arrays
from solvers import Deadline, Problem
from solvers.mip import dual, optimum
from solvers.mip import kernels as mip_kernels
from solvers.mip.pricing import Prices

PRICING_S = 2.0
"""Time for the prices of one problem, and a best plan; a fraction of it is enough at the sizes that are trained on."""
SUBSETS = 4096
"""Ways to let VMs leave a node that are looked at; any function of the state is a valid potential."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Potential:
    """Bound on the slots that one problem can still gain, at prices of one of its states.

    Parameters
    ----------
    problem
        Its objective may not have slots on both nodes, whose worth is not the sum of two.
    arrays, place
        Where the environment holds the problem.
    near
        Good prices of a problem that was much the same, to begin with.
    finish
        Look for a best plan, too, and know the slots that it gains: for a few migrations.

    Attributes
    ----------
    plan : Plan or None
        A best plan, where one was asked for.
    prices : Prices
        Of VMs by kind, and of a migration.
    steps : int
        Migrations that were left when they were found.
    value : float
        Slots that can still be gained, at most.
    wasted : float
        What a step costs that changes nothing: the price of a migration, slots.
    """

    def __init__(
        self, problem: Problem, arrays: Arrays, place: int, near: Prices | None = None, *, finish: bool = False
    ) -> None:
        deadline = Deadline(PRICING_S)
        found, best = optimum(problem, deadline, near) if finish else (dual(problem, deadline, near), None)
        self.plan: Plan | None = None
        self.prices, self.steps = found.prices, int(arrays.steps[place])
        reduction, kinds = found.pricer.reduction, int(arrays.size[place, 2])
        self._place = place
        self._home = arrays.seat[place] >> 1
        self.wasted = found.prices.migration
        self._price, movers = np.zeros(kinds), np.flatnonzero(arrays.kind[place, : arrays.size[place, 1]] >= 0)
        known = np.concatenate([found.prices.single, found.prices.double, [0.0]])  # the last: those that need not move
        self._price[arrays.kind[place, movers]] = known[reduction.kind[movers]]
        filling, _ = mip_kernels.filling_values(
            reduction.double, reduction.double_pool, found.prices.double, found.pricer.value.shape, found.pricer.pools
        )
        cells = np.argwhere(filling > -np.inf)
        pays = filling[tuple(cells.T)]
        net = pays - 2 * found.arrival[tuple(cells.T)]
        order = np.argsort(-net, kind="stable")
        self._tables = (
            arrays.demand[place, :kinds].copy(), arrays.double[place, :kinds].copy(), self._price - self.wasted,
            np.array(reduction.unit), found.arrival, cells[order], pays[order], net[order],
        )  # fmt: skip
        everywhere = np.flatnonzero(arrays.open[place])
        self._worth = np.zeros(arrays.open.shape[1])
        self._worth[everywhere] = _worths(everywhere, *self._now(arrays), *self._tables)
        self._entering = np.full((len(self._worth), 2, kinds), np.inf)
        self._enter(arrays, everywhere)
        possible = self.wasted * self.steps + float(self._worth.sum())
        self._free_worth = found.pricer.value
        self.value = possible - found.pricer.initial_slots
        if best:  # where it is not proven it is mostly the bound that is out of reach
            self.plan = best.plan
            self.value = best.slots - problem.score.slots(problem.cluster.free)

    def reward(self, arrays: Arrays, vm: int, gain: float, *, done: bool) -> float:
        """Return minus the regret of the migration of ``vm`` just made (-1: none), which gained some slots.

        What is still possible when the episode is ``done`` is lost, too.
        """
        before = self.value
        if vm >= 0:
            home = arrays.seat[self._place, vm] >> 1
            pms = np.unique([self._home[vm], home])
            worth = _worths(pms, *self._now(arrays), *self._tables)
            self.value += float(worth.sum() - self._worth[pms].sum()) - self.wasted - gain
            self._worth[pms] = worth
            self._enter(arrays, pms)
            self._home[vm] = home
        if done:
            self.value = 0.0
        return gain + self.value - before

    def leaving(self, arrays: Arrays, vms: Ints) -> Floats:
        """Return the regret of letting each VM [n] go: slots [n]."""
        pms, nodes = np.divmod(arrays.seat[self._place, vms].astype(np.int64), 2)
        kinds = arrays.kind[self._place, vms]
        worth = _worths_after(pms, nodes, kinds, 1, *self._now(arrays), *self._tables)
        return np.asarray(self._worth[pms] - worth - self._price[kinds] + self.wasted)

    def entering(self, arrays: Arrays, vm: int, places: Ints) -> Floats:
        """Return the regret of taking ``vm`` in at each place [n], twice a PM plus a node: slots [n].

        Its own PM is judged as if it had not left yet.
        """
        pms, nodes = np.divmod(places, 2)
        kinds = np.full(len(places), arrays.kind[self._place, vm])
        worth = _worths_after(pms, nodes, kinds, -1, *self._now(arrays), *self._tables)
        return np.asarray(self._worth[pms] - worth + self._price[kinds])

    def arriving(self, arrays: Arrays, vms: Ints) -> Floats:
        """Return the regret of taking in each VM [n] at the best place with room for its kind, 0 if none: slots [n].

        Groups are left out.
        """
        least = self._entering.min(axis=(0, 1))
        least[np.isinf(least)] = 0.0
        return np.asarray(least[arrays.kind[self._place, vms]])

    def promise(self, arrays: Arrays, vms: Ints) -> Floats:
        """Return what the PM of each VM [n] can still earn, which is lost where it is left as it is: slots [n]."""
        pms = arrays.seat[self._place, vms] >> 1
        levels = arrays.free[self._place, pms] // self._tables[3]
        memory = np.minimum(levels[..., 1], self._free_worth.shape[1] - 1)
        return np.asarray(self._worth[pms] - self._free_worth[levels[..., 0], memory].sum(axis=1))

    def _enter(self, arrays: Arrays, pms: Ints) -> None:
        """Note the regret of taking in a VM of each kind on PMs that have changed, infinite where it has no room."""
        place = self._place
        receives, home = arrays.receives[place], arrays.home[place]
        _enter(pms, self._entering, self._worth, self._price, receives, home, *self._now(arrays), *self._tables)

    def _now(self, arrays: Arrays) -> tuple[Any, Any, Any]:
        return arrays.pool[self._place], arrays.free[self._place], arrays.held[self._place]


@njit(cache=True)
def _worths(
    pms: Any, pool: Any, free: Any, held: Any, demand: Any, double: Any, worth: Any, unit: Any, arrival: Any,
    cell: Any, pays: Any, net: Any,
) -> Any:  # fmt: skip
    """Return the most slots that some PMs could end with, plus what that earns them: float64 [n].

    Parameters
    ----------
    worth
        [K], what a VM earns that leaves.
    arrival
        G of ``docs/exact.md``, by pool.
    cell, pays, net
        [N, 3], [N], [N]: what arriving doubles can use on each node, by pool; what they pay, and what is left of it
        once both nodes have given up that much, most first.
    """
    found = np.empty(len(pms))
    for i in range(len(pms)):
        p = pms[i]
        found[i] = _worth(free[p], held[p], pool[p], demand, double, worth, unit, arrival, cell, pays, net)
    return found


@njit(cache=True)
def _worths_after(
    pms: Any, nodes: Any, kinds: Any, sign: int, pool: Any, free: Any, held: Any, demand: Any, double: Any, worth: Any,
    unit: Any, arrival: Any, cell: Any, pays: Any, net: Any,
) -> Any:  # fmt: skip
    """Return the same for PMs that a VM of some kind has left (1) or entered (-1), each by itself."""
    found = np.empty(len(pms))
    for i in range(len(pms)):
        p, n, k = pms[i], nodes[i], kinds[i]
        f, h = free[p].copy(), held[p].copy()
        h[n, k] -= sign
        f[n] += sign * demand[k]
        if double[k]:
            f[1 - n] += sign * demand[k]
        found[i] = _worth(f, h, pool[p], demand, double, worth, unit, arrival, cell, pays, net)
    return found


@njit(cache=True)
def _enter(
    pms: Any, entering: Any, before: Any, price: Any, receives: Any, home: Any, pool: Any, free: Any, held: Any,
    demand: Any, double: Any, worth: Any, unit: Any, arrival: Any, cell: Any, pays: Any, net: Any,
) -> None:  # fmt: skip
    """Write the regret of taking in a VM of each kind on each node of some PMs to ``entering`` [P, 2, K]."""
    for p in pms:
        for n in range(2):
            for k in range(len(demand)):
                entering[p, n, k] = np.inf
                f, h = free[p].copy(), held[p].copy()
                h[n, k] += 1
                f[n] -= demand[k]
                if double[k]:
                    f[1 - n] -= demand[k]
                if receives[p] and pool[p] == home[k] and f.min() >= 0 and not (double[k] and n == 1):
                    after = _worth(f, h, pool[p], demand, double, worth, unit, arrival, cell, pays, net)
                    entering[p, n, k] = before[p] - after + price[k]


@njit(cache=True)
def _worth(
    f: Any, h: Any, pool: int, demand: Any, double: Any, worth: Any, unit: Any, arrival: Any, cell: Any, pays: Any,
    net: Any,
) -> float:  # fmt: skip
    used0, earns0 = _departures(h[0], double, False, demand, worth, unit)
    used1, earns1 = _departures(h[1], double, False, demand, worth, unit)
    both, earns = _departures(h[0], double, True, demand, worth, unit)
    levels, room = f // unit, arrival[pool]
    if room.shape[1] == 1:  # memory cannot bind
        levels[:, 1] = 0
        used0[:, 1] = used1[:, 1] = both[:, 1] = 0
    best = -np.inf
    for j in range(len(both)):
        x0, y0 = levels[0] + both[j]
        x1, y1 = levels[1] + both[j]
        roomy = earns[j] + _node(x0, y0, used0, earns0, room) + _node(x1, y1, used1, earns1, room)
        for c in range(len(cell)):
            if roomy + net[c] <= best:
                break
            if cell[c, 0] == pool:
                a, b = cell[c, 1], cell[c, 2]
                total = earns[j] + pays[c] + _node(x0 - a, y0 - b, used0, earns0, room)
                best = max(best, total + _node(x1 - a, y1 - b, used1, earns1, room))
    return best


@njit(cache=True)
def _node(x: int, y: int, used: Any, earns: Any, room: Any) -> float:
    """Return the most that a node with (x, y) free makes of it by letting singles go and others come."""
    best = -np.inf
    for j in range(len(used)):
        a, b = x + used[j, 0], y + used[j, 1]
        if a >= 0 and b >= 0:
            best = max(best, earns[j] + room[min(a, room.shape[0] - 1), min(b, room.shape[1] - 1)])
    return best


@njit(cache=True)
def _departures(held: Any, double: Any, wanted: bool, demand: Any, worth: Any, unit: Any) -> Any:
    """List the ways in which VMs of one shape can leave: units that this frees on a node, and what it earns."""
    count = 1
    for k in range(len(double)):
        if double[k] == wanted:
            count = min(count * (held[k] + 1), SUBSETS)
    used, earns = np.zeros((count, 2), np.int64), np.zeros(count)
    found = 1
    for k in range(len(double)):
        if double[k] == wanted and held[k]:
            before = found
            for leave in range(1, held[k] + 1):
                for j in range(before):
                    if found < count:
                        used[found] = used[j] + leave * (demand[k] // unit)
                        earns[found] = earns[j] + leave * worth[k]
                        found += 1
    return used, earns
