"""How a NUMA node stands: what remains free beside whole slots, and how many departures make the next one whole."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import MEMORY_TERM, Arrays

BUCKETS = 16
"""Remainders are told apart in sixteenths of a slot."""
NEEDS = 5
"""Departures until the next slot is whole: 1, 2, 3, more, or no way."""
OUTLOOKS = BUCKETS * NEEDS
"""How a node can stand: its remainder and what the next slot needs."""
NONE = OUTLOOKS
"""Outlook of what is not there: the other node of a VM that has only one."""


@njit(cache=True, nogil=True)
def bucket(unit: int, amount: int) -> int:
    """Tell the remainder of what is free on a node, in sixteenths of a slot of ``unit``."""
    return amount % unit * BUCKETS // unit


@njit(cache=True, nogil=True)
def helpers(a: Arrays, b: int) -> Any:
    """List the kinds whose leaving adds to a remainder of the first rate, the largest first: int64 [N, 2].

    Columns: kind, what one adds.
    """
    order, demand = a.order[b], a.demand[b]
    unit, r = a.term[b, 0, 1], int(a.term[b, 0, 0] == MEMORY_TERM)
    found = np.empty((a.size[b, 2], 2), np.int64)
    for i in range(len(found)):
        k = order[i]
        if demand[k, r] % unit == 0:
            return found[:i]
        found[i, 0], found[i, 1] = k, demand[k, r] % unit
    return found


@njit(inline="always")
def outlook(unit: int, helps: Any, some: Any, p: int, n: int, free: int, cap: int, k: int, leaves: int) -> int:
    """Tell how node ``n`` of PM ``p`` stands, or will stand, with ``free`` of the resource of the first rate.

    Of each kind ``some`` [P, 2, K] VMs, counted up to ``cap``, are on the nodes now; ``leaves`` (-1: enters) of kind
    ``k`` will be gone. The fewest departures: the largest remainders go first.
    """
    remainder = free % unit
    short, leave = unit - remainder, 0
    for i in range(len(helps)):
        each, gives = helps[i, 0], helps[i, 1]
        there = int(some[p, n, each])
        if each == k:
            there = min(cap, there - leaves)
        while there > 0 and short > 0:
            short -= gives
            there -= 1
            leave += 1
        if short <= 0:
            break
    need = NEEDS - 1 if short > 0 else min(leave, NEEDS - 1) - 1
    return remainder * BUCKETS // unit * NEEDS + need
