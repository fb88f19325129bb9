"""All legal pairs of VM and place at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from rl.arrays import Arrays
from rl.env import CAP, GOAL_COLUMNS, Env, Ints
from rl.look import list_hosts
from rl.observation import Observation, Section
from rl.rules import host_class
from rl.sight import Sight


@dataclass(frozen=True)
class FullObservation(Observation):
    """As `rl.observation.Observation`, and all that pairs need.

    ``vm`` has one more column: the class of hosts of the first VM's own place, as a place to go, where that could take
    another like it; else -1.
    ``place`` (a kind of VM on a class of hosts with room for it): the columns of `rl.env.Env.choose`, then the kind.
    """

    place: Section


class FullEnv(Env):
    """As `rl.env.Env`, but the first stage already knows where VMs may go, so that all pairs can be weighed at once.

    Places are listed by kind of VM instead of by VM, since that is all that room depends on; a pair of VM token and
    place needs no memory of its own.
    """

    def observe(self, rows: Ints | None = None) -> FullObservation:
        """Return the tokens, and where each kind may go."""
        rows = np.arange(len(self)) if rows is None else rows
        seen = super().observe(rows)
        kinds, pms = self.arrays.size[rows, 2], self.arrays.size[rows, 0]
        buffer = np.empty((2 * int((kinds * pms).sum()), GOAL_COLUMNS + 1), dtype=np.float32)
        ends, own = np.empty(len(rows), dtype=np.int64), np.empty(len(seen.vm.rows), dtype=np.float32)
        _places(self.arrays, self._sight, rows, CAP, seen.vm.rows, seen.vm.starts, own, buffer, ends)
        vm = Section(np.column_stack([seen.vm.rows, own]), seen.vm.starts)
        place = Section.of(buffer, ends)
        return FullObservation(seen.whole, seen.node, seen.edge, seen.pair, seen.kind, vm, place)


@njit(cache=True, nogil=True)
def _places(a: Arrays, s: Sight, rows: Any, cap: int, vm: Any, starts: Any, own: Any, place: Any, ends: Any) -> None:
    """Write where each kind may go, and to ``own`` which of that is the place of each token's first VM."""
    at = 0
    for i in range(len(rows)):
        b = rows[i]
        fit = s.fit[b, :, : a.size[b, 0]]
        for k in range(a.size[b, 2]):
            if a.fee[b, k] <= a.budget[b]:
                start, at = at, list_hosts(a, s, b, k, fit[k], cap, place, at)
                place[start:at, GOAL_COLUMNS] = k
        ends[i] = at
        for t in range(starts[i], starts[i + 1]):
            v = int(vm[t, 7])
            k, p, n = a.kind[b, v], a.seat[b, v] >> 1, a.seat[b, v] & 1
            own[t] = -1
            if fit[k, p, n]:
                own[t] = host_class(s.pair_class[b, p], n, a.double[b, k])
