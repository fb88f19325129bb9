"""How a NUMA node stands: what remains free beside whole slots, and how many departures make the next one whole.

And how a PM does: a double counts on both nodes, so that a few can make a slot more whole on each.
"""

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
JOINTS = 6
"""Departures until a slot more is whole on both nodes of a PM: 1, 2, 3, 4, more, or no way."""
APART = JOINTS
"""Stands there for a place that takes one node only."""
FAR = 99
"""More departures than there can be."""


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
def _there(some: Any, p: int, n: int, each: int, cap: int, k: int, leaves: int) -> int:
    """Count the VMs of one kind on a node, up to the cap, once ``leaves`` of kind ``k`` are gone."""
    there = int(some[p, n, each])
    return min(cap, there - leaves) if each == k else there


@njit(inline="always")
def _needed(short: int, gives: int, there: int) -> int:
    """Count how many of the VMs that are there, each of which gives so much, must go until nothing is short."""
    gone = 0
    while gone < there and gone * gives < short:
        gone += 1
    return gone


@njit(inline="always")
def sum_up(helps: Any, some: Any, p: int, n: int, sums: Any) -> None:
    """Add up what departures from node ``n`` of PM ``p`` give, the largest first: ``sums`` [P, 2, 5] of 1 to 4 and all.

    Of each kind ``some`` [P, 2, K] VMs, counted up to a cap, are on the nodes.
    """
    gone = total = 0
    for i in range(len(helps)):
        each, gives = helps[i, 0], helps[i, 1]
        for _ in range(some[p, n, each]):
            total += gives
            if gone < 4:
                sums[p, n, gone] = total
                gone += 1
    for j in range(gone, 5):
        sums[p, n, j] = total


@njit(inline="always")
def outlook(unit: int, sums: Any, p: int, n: int, free: int, gives: int, leaves: int) -> int:
    """Tell how node ``n`` of PM ``p`` stands, or will stand, with ``free`` of the resource of the first rate.

    ``leaves`` (-1: enters) of the VMs that give so much will be gone from those in ``sums`` (`sum_up`). The fewest
    departures: the largest remainders go first. The j largest of what is left are the j largest of before, or j + 1 of
    them less the one that left, whichever is less; and so, the other way round, with one that enters.
    """
    one, two, three, four, every = sums[p, n, 0], sums[p, n, 1], sums[p, n, 2], sums[p, n, 3], sums[p, n, 4]
    if leaves > 0:
        one, two, three = min(one, two - gives), min(two, three - gives), min(three, four - gives)
    elif leaves < 0:
        one, two, three = max(one, gives), max(two, one + gives), max(three, two + gives)
    remainder = free % unit
    short = unit - remainder
    need = int(one < short) + int(two < short) + int(three < short) + int(every - leaves * gives < short)
    return remainder * BUCKETS // unit * NEEDS + need


@njit(cache=True, nogil=True)
def joint(
    unit: int, helps: Any, double: Any, some: Any, p: int, first: int, second: int, cap: int, k: int, n: int,
    size: int, leaves: int,
) -> int:  # fmt: skip
    """Tell how PM ``p`` stands, or will stand once ``leaves`` of kind ``k`` are gone (-1: one enters).

    Singles leave node ``n``; ``first`` and ``second`` are free on the nodes now, and each VM takes ``size``. So many
    doubles go, the largest remainders first, and what is still short on each node singles of its own make up for: the
    fewest of all that is the fewest there is.
    """
    both = leaves != 0 and double[k]  # where there are no kinds, none is looked at
    left0, left1 = leaves * (n == 0 or both), leaves * (n == 1 or both)
    short0, short1 = unit - (first + left0 * size) % unit, unit - (second + left1 * size) % unit
    fewest = _singles(helps, double, some, p, 0, short0, cap, k, left0)
    fewest, gone = fewest + _singles(helps, double, some, p, 1, short1, cap, k, left1), 0
    for i in range(len(helps)):
        each, gives = helps[i, 0], helps[i, 1]
        if not double[each]:
            continue
        there = _there(some, p, 0, each, cap, k, leaves)
        while there > 0 and (short0 > 0 or short1 > 0):
            short0, short1, there, gone = short0 - gives, short1 - gives, there - 1, gone + 1
            singles = _singles(helps, double, some, p, 0, short0, cap, k, left0)
            singles += _singles(helps, double, some, p, 1, short1, cap, k, left1)
            fewest = min(fewest, gone + singles)
    return JOINTS - 1 if fewest >= FAR else min(fewest, JOINTS - 1) - 1


@njit(inline="always")
def _singles(
    helps: Any, double: Any, some: Any, p: int, n: int, short: int, cap: int, k: int, leaves: int
) -> int:  # fmt: skip
    """Count the fewest departures of singles from a node that make up for what is short, `FAR` if none do."""
    leave = 0
    for i in range(len(helps)):
        each, gives = helps[i, 0], helps[i, 1]
        if not double[each]:
            gone = _needed(short, gives, _there(some, p, n, each, cap, k, leaves))
            short, leave = short - gone * gives, leave + gone
    return FAR if short > 0 else leave
