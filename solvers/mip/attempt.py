"""One attempt at an order, compiled; see `sequencing`.

Tables are plain integer arrays, whose columns are named here: numba takes nothing richer without a price.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CORES, MEMORY, DOUBLE, PENDING, OPENED = range(5)
"""Kinds: demand in cores and MiB, whether it is a double, how many wait to leave, how many of its places are open."""

KIND, PM, NODE, DONE, OPEN = range(5)
"""Leavers and places, sorted by PM: done are those that left or are taken; a place is open while there is room."""

SCARCE, PLENTY, TOGETHER, SPARE = 1.0, 0.05, 0.4, 0.3
"""What it is worth to open a place that somebody needs, or nobody; to open one together with other departures of the
PM that are possible now; and to leave where there are places for all of the kind."""


@njit("b1(i8[:, :, ::1], i8[:, ::1], i8, i8, i8)", cache=True)
def _fits(free: Ints, kinds: Ints, kind: int, pm: int, node: int) -> bool:
    """Tell whether a VM of the kind has room."""
    for side in range(2):
        short = free[pm, side, 0] < kinds[kind, CORES] or free[pm, side, 1] < kinds[kind, MEMORY]
        if short and (kinds[kind, DOUBLE] or side == node):
            return False
    return True


@njit("void(i8[:, :, ::1], i8[:, ::1], i8[::1], i8)", cache=True)
def _adjust(free: Ints, kinds: Ints, where: Ints, sign: int) -> None:
    """Give the room of a leaver or a place back (1) or take it (-1)."""
    kind = where[KIND]
    for side in range(2):
        if kinds[kind, DOUBLE] or side == where[NODE]:
            free[where[PM], side, 0] += sign * kinds[kind, CORES]
            free[where[PM], side, 1] += sign * kinds[kind, MEMORY]


@njit("f8(i8[:, :, ::1], i8[:, ::1], i8[:, ::1], i8, i8)", cache=True)
def _opens(free: Ints, kinds: Ints, places: Ints, first: int, end: int) -> float:
    """Value the closed places among ``first..end`` that have room as things stand."""
    value = 0.0
    for j in range(first, end):
        kind = places[j, KIND]
        if not (places[j, DONE] or places[j, OPEN]) and _fits(free, kinds, kind, places[j, PM], places[j, NODE]):
            value += SCARCE if kinds[kind, PENDING] > kinds[kind, OPENED] else PLENTY
    return value


@njit("f8(i8[:, :, ::1], i8[:, ::1], i8[:, ::1], i8[::1], i8[:, ::1], i8[::1], i8)", cache=True)
def _value_of_leaving(
    free: Ints, kinds: Ints, leavers: Ints, leaver_start: Ints, places: Ints, place_start: Ints, who: int
) -> float:
    """Value what a departure opens, by itself or with those of its PM that can go as well."""
    pm, kind = leavers[who, PM], leavers[who, KIND]
    _adjust(free, kinds, leavers[who], 1)
    value = _opens(free, kinds, places, place_start[pm], place_start[pm + 1])
    if value == 0.0 and leaver_start[pm + 1] - leaver_start[pm] > 1:
        for sign in (1, -1):
            for i in range(leaver_start[pm], leaver_start[pm + 1]):
                other = leavers[i, KIND]
                if i != who and not leavers[i, DONE] and kinds[other, OPENED] > (other == kind):
                    _adjust(free, kinds, leavers[i], sign)
            if sign == 1 and _opens(free, kinds, places, place_start[pm], place_start[pm + 1]) > 0.0:
                value = TOGETHER
    _adjust(free, kinds, leavers[who], -1)
    if kinds[kind, PENDING] <= kinds[kind, OPENED]:
        value += SPARE
    return value


@njit("f8(i8[:, :, ::1], i8[:, ::1], i8[:, ::1], i8[::1], i8)", cache=True)
def _cost_of_taking(free: Ints, kinds: Ints, places: Ints, place_start: Ints, which: int) -> float:
    """Value the other open places of the PM that have no room any more once a place is taken."""
    cost, pm = 0.0, places[which, PM]
    _adjust(free, kinds, places[which], -1)
    for j in range(place_start[pm], place_start[pm + 1]):
        kind = places[j, KIND]
        closes = j != which and places[j, OPEN] and not _fits(free, kinds, kind, pm, places[j, NODE])
        if closes and kinds[kind, PENDING] > 0:
            cost += SCARCE if kinds[kind, OPENED] <= kinds[kind, PENDING] else SCARCE / 5
    _adjust(free, kinds, places[which], 1)
    return cost


@njit("void(i8[:, :, ::1], i8[:, ::1], i8[:, ::1], i8, i8)", cache=True)
def _refresh(free: Ints, kinds: Ints, places: Ints, first: int, end: int) -> None:
    """Note which of some places are open."""
    for j in range(first, end):
        kind = places[j, KIND]
        is_open = not places[j, DONE] and _fits(free, kinds, kind, places[j, PM], places[j, NODE])
        kinds[kind, OPENED] += int(is_open) - places[j, OPEN]
        places[j, OPEN] = int(is_open)


@njit(
    "i8[:, ::1](i8[:, :, ::1], i8[:, ::1], i8[:, ::1], i8[::1], i8[:, ::1], i8[::1], f8[::1], f8[::1])",
    cache=True,
)
def attempt(
    free: Ints, kinds: Ints, leavers: Ints, leaver_start: Ints, places: Ints, place_start: Ints, urgency: Floats,
    dislike: Floats,
) -> Ints:  # fmt: skip
    """Carry out migrations until nobody is left or nobody can go; the tables are used up.

    Parameters
    ----------
    free
        [P, 2, 2] cores and MiB.
    kinds, leavers, places
        [K, 5], [n, 5], [m, 5], see the top of the file; nobody has left and no place is known to be open.
    leaver_start, place_start
        [P + 1], where those of each PM begin.
    urgency, dislike
        [n], [m], added to what a departure opens, and to what taking a place closes.

    Returns
    -------
    int64 [steps, 2]
        Which leaver goes to which place.
    """
    for i in range(len(leavers)):
        kinds[leavers[i, KIND], PENDING] += 1
    _refresh(free, kinds, places, 0, len(places))
    order = np.empty((len(leavers), 2), dtype=np.int64)
    for step in range(len(leavers)):
        who, top = -1, -np.inf
        for i in range(len(leavers)):
            if not leavers[i, DONE] and kinds[leavers[i, KIND], OPENED] > 0:
                value = urgency[i] + _value_of_leaving(free, kinds, leavers, leaver_start, places, place_start, i)
                if value > top:
                    who, top = i, value
        if who < 0:
            return order[:step]
        kind = leavers[who, KIND]
        where, least = -1, np.inf
        for j in range(len(places)):
            if places[j, KIND] == kind and places[j, OPEN]:
                cost = dislike[j] + _cost_of_taking(free, kinds, places, place_start, j)
                if cost < least:
                    where, least = j, cost
        order[step, 0], order[step, 1] = who, where
        leavers[who, DONE] = places[where, DONE] = 1
        kinds[kind, PENDING] -= 1
        _adjust(free, kinds, leavers[who], 1)
        _adjust(free, kinds, places[where], -1)
        for pm in (leavers[who, PM], places[where, PM]):
            _refresh(free, kinds, places, place_start[pm], place_start[pm + 1])
    return order
