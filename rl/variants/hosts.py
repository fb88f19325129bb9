"""Compiled: what the policy is told about places, whichever are asked for."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import MEMORY_TERM, Arrays
from rl.outlook import NONE, helpers, outlook
from rl.rules import changed
from rl.sight import Sight


@njit(cache=True, nogil=True)
def list_hosts(a: Arrays, s: Sight, b: int, k: int, mask: Any, cap: int, goal: Any, at: int) -> int:
    """Write the classes of hosts of the places in ``mask`` [P, 2] from row ``at`` on; return where they end.

    Columns are those of `rl.env.Env.choose`, for a VM of kind ``k``.
    """
    helps = helpers(a, b)
    free, some, term, worth, double = a.free[b], s.some[b], a.term[b], a.worth[b], a.double[b, k]
    node_class, pair_class = s.node_class[b], s.pair_class[b]
    cores, memory = a.demand[b, k, 0], a.demand[b, k, 1]
    unit, r = term[0, 1], int(term[0, 0] == MEMORY_TERM)
    needs = a.demand[b, k, r]
    row = np.full(2 * len(mask), -1, np.int64)
    for p in range(len(mask)):
        for n in range(2):
            if not mask[p, n]:
                continue
            host = pair_class[p] if double else 2 * pair_class[p] + n
            if row[host] >= 0:
                goal[row[host], 1] += 1
                continue
            row[host] = at
            goal[at, 0] = host
            goal[at, 1] = 1
            goal[at, 2] = outlook(unit, helps, some, p, n, free[p, n, r] - needs, cap, k, -1)
            goal[at, 3] = NONE
            if double:
                goal[at, 3] = outlook(unit, helps, some, p, 1, free[p, 1, r] - needs, cap, k, -1)
            goal[at, 4] = changed(term, worth, free, p, n, -cores, -memory, double)
            goal[at, 5] = 2 * p + n
            goal[at, 6] = node_class[p, n]
            at += 1
    return at
