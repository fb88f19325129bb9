"""Decima's second stage: not where a VM goes, but among how many PMs best-fit chooses."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import Arrays
from rl.env import Env, Ints
from rl.observation import Section
from rl.rules import allowed, changed, host_class
from rl.sight import Sight
from solvers.incumbents import EPSILON

LIMIT_COLUMNS = 7
POWERS = 11
"""Limits are 1, 2, 4, ..., 1024 PMs, and no limit at all, whose number this is."""


class LimitedEnv(Env):
    """As `rl.env.Env`, but the options of a VM are limits instead of classes of hosts.

    The PMs of each cluster stand in a random order, drawn once and the same in every run. Under a limit of n the first
    n of them that can take the VM are considered, and best-fit chooses: the place where the fewest slots break, among
    equals on the PM where the fewest cores are left free (by the sum of squares over its nodes), then the first. The VM
    goes there, or to a place that looks the same. The limit is published, how the subset is drawn is not.
    """

    def _fit(self) -> None:
        super()._fit()
        places, pms = self.arrays.open.shape
        order = np.tile(np.arange(pms), (places, 1))
        self._order = np.random.default_rng(0).permuted(order, axis=1)

    def order(self, row: int) -> list[int]:
        """Return the PMs of one cluster in the order in which they are considered."""
        return [int(pm) for pm in self._order[row] if pm < self.arrays.size[row, 0]]

    def goals(self, vms: Ints, rows: Ints) -> Section:
        """List the limits for VMs [n]: 1, 2, 4, ... as long as more PMs than that can take the VM, then none.

        Columns: class of hosts that best-fit chooses, 1, number of the limit, PMs considered, slots gained there, the
        place (twice the PM plus the node), its class of nodes.
        """
        buffer = np.empty(((POWERS + 1) * len(rows), LIMIT_COLUMNS), dtype=np.float32)
        ends = np.empty(len(rows), dtype=np.int64)
        _limits(self.arrays, self._sight, rows, vms, self._order, buffer, ends)
        return Section.of(buffer, ends)


@njit(cache=True, nogil=True)
def _limits(a: Arrays, s: Sight, rows: Any, vms: Any, order: Any, goal: Any, ends: Any) -> None:
    """Write what best-fit chooses for each VM under each limit."""
    at = 0
    for i in range(len(rows)):
        b, v = rows[i], vms[i]
        if v >= 0:
            k = a.kind[b, v]
            free, term, worth = a.free[b], a.term[b], a.worth[b]
            node_class, pair_class = s.node_class[b], s.pair_class[b]
            cores, memory, double = a.demand[b, k, 0], a.demand[b, k, 1], a.double[b, k]
            mask = allowed(a, b, s.fit[b], v)
            considered, limit, place, most, least = 0, 0, -1, -np.inf, np.inf
            for p in order[b]:
                if p >= len(mask) or not mask[p].any():
                    continue
                if limit < POWERS and considered == 1 << limit:
                    _write(goal[at], limit, considered, most, place, double, node_class, pair_class)
                    at += 1
                    limit += 1
                considered += 1
                for n in range(2):
                    if mask[p, n]:
                        gain = changed(term, worth, free, p, n, -cores, -memory, double)
                        left = _squares(free, p, n, cores, double)
                        if gain > most + EPSILON or (gain > most - EPSILON and left < least):
                            most, least, place = gain, left, 2 * p + n
            if place >= 0:
                _write(goal[at], POWERS, considered, most, place, double, node_class, pair_class)
                at += 1
        ends[i] = at


@njit(cache=True, nogil=True)
def _squares(free: Any, p: int, n: int, cores: int, double: bool) -> float:
    """Sum the squares of the cores left free on both nodes of a PM once so many are taken on node ``n``, or on both."""
    first = free[p, 0, 0] - (cores if double or n == 0 else 0)
    second = free[p, 1, 0] - (cores if double or n == 1 else 0)
    return float(first * first + second * second)


@njit(cache=True, nogil=True)
def _write(
    row: Any, limit: int, considered: int, gain: float, place: int, double: bool, node_class: Any, pair_class: Any
) -> None:
    p, n = place // 2, place % 2
    row[0] = host_class(pair_class[p], n, double)
    row[1] = 1
    row[2] = limit
    row[3] = considered
    row[4] = gain
    row[5] = place
    row[6] = node_class[p, n]
