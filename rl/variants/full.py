"""All legal pairs of VM and place at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from rl.arrays import Arrays
from rl.env import CAP, GOAL_COLUMNS, Env, Ints
from rl.observation import Observation, Section
from rl.rules import room
from rl.variants.hosts import list_hosts


@dataclass(frozen=True)
class FullObservation(Observation):
    """As `rl.observation.Observation`, and all that pairs need.

    ``vm`` has one more column: whether the first VM's own place could take another like it (1) or not (0).
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
        classes = self._node_class, self._pair_class
        _places(self.arrays, rows, CAP, *classes, seen.vm.rows, seen.vm.starts, own, buffer, ends)
        vm = Section(np.column_stack([seen.vm.rows, own]), seen.vm.starts)
        place = Section.of(buffer, ends)
        return FullObservation(seen.whole, seen.node, seen.edge, seen.pair, seen.kind, vm, place)


@njit(cache=True, nogil=True)
def _places(
    a: Arrays, rows: Any, cap: int, node_class: Any, pair_class: Any, vm: Any, starts: Any, own: Any, place: Any,
    ends: Any,
) -> None:  # fmt: skip
    """Write where each kind may go, and to ``own`` whether that holds of the place of each token's first VM."""
    at = 0
    for i in range(len(rows)):
        b = rows[i]
        fit = np.empty((a.size[b, 2], a.size[b, 0], 2), np.bool_)
        for k in range(len(fit)):
            fit[k] = room(a, b, k)
            start, at = at, list_hosts(a, b, k, fit[k], cap, node_class, pair_class, place, at)
            place[start:at, GOAL_COLUMNS] = k
        ends[i] = at
        for t in range(starts[i], starts[i + 1]):
            v = int(vm[t, 7])
            own[t] = fit[a.kind[b, v], a.pm[b, v], a.node[b, v]]
