"""Compiled: what the policy is told about places, whichever are asked for."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import MEMORY_TERM, Arrays
from rl.look import NONE, helpers, outlook
from rl.rules import changed


@njit(cache=True, nogil=True)
def list_hosts(
    a: Arrays, b: int, k: int, mask: Any, cap: int, node_class: Any, pair_class: Any, goal: Any, at: int
) -> int:
    """Write the classes of hosts of the places in ``mask`` [P, 2] from row ``at`` on; return where they end.

    Columns are those of `rl.env.Env.choose`, for a VM of kind ``k``.
    """
    helps = helpers(a, b)
    free, held, term, worth, double = a.free[b], a.held[b], a.term[b], a.worth[b], a.double[b, k]
    cores, memory = a.demand[b, k, 0], a.demand[b, k, 1]
    unit, r = term[0, 1], int(term[0, 0] == MEMORY_TERM)
    needs = a.demand[b, k, r]
    row = np.full(2 * len(mask), -1, np.int64)
    for p in range(len(mask)):
        for n in range(2):
            if not mask[p, n]:
                continue
            host = pair_class[b, p] if double else node_class[b, p, n]
            if row[host] >= 0:
                goal[row[host], 1] += 1
                continue
            row[host] = at
            goal[at, 0] = host
            goal[at, 1] = 1
            goal[at, 2] = outlook(unit, helps, held, p, n, free[p, n, r] - needs, cap, k, -1)
            goal[at, 3] = NONE
            if double:
                goal[at, 3] = outlook(unit, helps, held, p, 1, free[p, 1, r] - needs, cap, k, -1)
            goal[at, 4] = changed(term, worth, free, p, n, -cores, -memory, double)
            goal[at, 5] = 2 * p + n
            at += 1
    return at
