"""Random small clusters for hypothesis, with every constraint there is."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from data import AntiAffinity, Cluster

NODES = [(8, 64), (12, 32), (16, 64), (17, 40), (20, 50), (32, 128), (44, 100)]
"""Cores and MiB of a node: memory binds on some, and some are no multiple of any slot."""
VM_CORES = [1, 2, 3, 4, 5, 7, 8, 11, 12, 16]
COSTS = [0, 1, 2, 5]
VM_MEMORY_MIB = [0, 1, 4, 8, 16, 33]


class Spot(NamedTuple):
    """Where a VM sits, and what it is."""

    pm: int
    node: int
    double: bool
    demand: tuple[int, int]


@st.composite
def clusters(draw: st.DrawFn, max_pms: int = 4, max_vms: int = 8, min_vms: int = 0) -> Cluster:
    """Draw a valid cluster.

    PMs are unequal and may have one node; some are closed, some VMs pinned; singles and doubles of odd sizes; pools
    and racks in any order; host and rack groups that share VMs and may be violated from the start. Fewer VMs than
    ``min_vms`` come out only where they do not fit.
    """
    pms = draw(st.integers(1, max_pms))
    capacity = np.array([[draw(st.sampled_from(NODES)) for _ in range(2)] for _ in range(pms)])
    for nodes in capacity:
        absent = draw(st.sampled_from([None, None, None, None, 0, 1]))
        if absent is not None:
            nodes[absent] = 0
    spots = _place(draw, capacity.copy(), draw(st.integers(min_vms, max_vms)))
    mostly = st.sampled_from([True, True, True, False])
    return Cluster(
        name="random",
        capacity=capacity,
        demand=np.array([spot.demand for spot in spots]).reshape(-1, 2),
        double=np.array([spot.double for spot in spots]),
        pm=np.array([spot.pm for spot in spots]),
        node=np.array([spot.node for spot in spots]),
        pm_names=tuple(f"pm_{index}" for index in range(pms)),
        vm_names=tuple(f"vm_{index}" for index in range(len(spots))),
        open=np.array([draw(mostly) for _ in range(pms)]),
        movable=np.array([draw(mostly) for _ in spots]),
        pool=np.array([draw(st.integers(0, 1)) for _ in range(pms)]),
        rack=np.array([draw(st.integers(0, 2)) for _ in range(pms)]),
        pool_names=("left", "right"),
        rack_names=("r0", "r1", "r2"),
        groups=draw(_groups(len(spots))),
        vm_type_names=tuple(f"type-{spot.demand[0]}" for spot in spots) if draw(st.booleans()) else (),
        migration_cost=np.array([draw(st.sampled_from(COSTS)) for _ in spots] if draw(st.booleans()) else []),
    )


def _place(draw: st.DrawFn, free: np.ndarray, count: int) -> list[Spot]:
    """Draw VMs one by one on nodes that have room; a VM that fits nowhere is left out."""
    spots = []
    for _ in range(count):
        demand = (draw(st.sampled_from(VM_CORES)), draw(st.sampled_from(VM_MEMORY_MIB)))
        double = draw(st.sampled_from([False, False, True]))
        room = (free >= demand).all(axis=2)
        if double:
            room = np.column_stack([room.all(axis=1), np.zeros(len(free), dtype=bool)])
        if not room.any():
            continue
        pm, node = draw(st.sampled_from(np.argwhere(room).tolist()))
        free[pm, slice(None) if double else node] -= demand
        spots.append(Spot(pm, node, double, demand))
    return spots


@st.composite
def _groups(draw: st.DrawFn, vms: int) -> tuple[AntiAffinity, ...]:
    """Draw up to three different groups of two VMs or more."""
    if vms < 2:
        return ()
    kinds = st.sampled_from(["host", "rack"])
    members = st.lists(st.integers(0, vms - 1), min_size=2, max_size=5, unique=True)
    pairs = draw(st.lists(st.tuples(kinds, members), max_size=3, unique_by=lambda pair: (pair[0], frozenset(pair[1]))))
    return tuple(AntiAffinity(kind, tuple(vms_of)) for kind, vms_of in pairs)
