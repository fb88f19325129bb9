"""Placing many VMs at random, a type at a time."""

import numpy as np
from numpy.typing import NDArray

from data.rows import distinct_rows

NOWHERE = -1


def scatter(
    free: NDArray[np.int64], demand: NDArray[np.int64], double: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Place VMs on random nodes with room, types with the greatest need first.

    All VMs of a type draw at once among the nodes that fit; those that overfill a node draw again. So a million VMs
    take about a second.

    Parameters
    ----------
    free
        int64 [P, 2, R], cores and MiB; what the VMs take is subtracted in place.
    demand, double
        int64 [V, R], bool [V], as in `Cluster`.

    Returns
    -------
    pm : int32 [V]
        ``NOWHERE`` for a VM for which there is no room.
    node : int8 [V]
        0 for doubles.
    """
    pm = np.full(len(demand), NOWHERE, dtype=np.int32)
    node = np.zeros(len(demand), dtype=np.int8)
    types, type_of = distinct_rows(np.column_stack([demand, double]))
    need = 2 * types[:, 0] + types[:, 2]
    for index in np.argsort(-need, kind="stable"):
        vms = rng.permutation(np.flatnonzero(type_of == index))
        is_double = bool(types[index, 2])
        places = _draw(_room(free, types[index, :2], is_double=is_double), len(vms), rng)
        placed = vms[: len(places)]
        pm[placed] = places if is_double else places // 2
        node[placed] = 0 if is_double else places % 2
        occupy(free, demand[placed], double[placed], pm[placed], node[placed], -1)
    return pm, node


def occupy(
    free: NDArray[np.int64],
    demand: NDArray[np.int64],
    double: NDArray[np.bool_],
    pm: NDArray[np.int32],
    node: NDArray[np.int8],
    sign: int,
) -> None:
    """Take (-1) what VMs use from ``free`` [P, 2, R] in place, or give it back (1)."""
    np.add.at(free, (pm, node), sign * demand)
    np.add.at(free[:, 1], pm[double], sign * demand[double])


def _room(free: NDArray[np.int64], wants: NDArray[np.int64], *, is_double: bool) -> NDArray[np.int64]:
    """Count how many VMs of a type fit: int64 [2 P] by node, [P] by PM for a double."""
    room = (free[..., wants > 0] // wants[wants > 0]).min(axis=-1, initial=1)
    return np.asarray(room.min(axis=1) if is_double else room.reshape(-1))


def _draw(room: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw up to ``count`` places, none more often than it has room."""
    taken = np.zeros_like(room)
    while count:
        places = np.flatnonzero(room > taken)
        if not len(places):
            break
        drawn = np.bincount(places[rng.integers(len(places), size=count)], minlength=len(room))
        drawn = np.minimum(drawn, room - taken)
        taken += drawn
        count -= int(drawn.sum())
    return np.repeat(np.arange(len(room)), taken)
