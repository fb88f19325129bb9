"""Clusters made from nothing: unstructured sizes, unequal PMs, a million VMs."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.instances.scatter import NOWHERE, scatter
from data import Cluster
from data.cluster import CORES
from data.generators.population import LARGE, NODE_CORES, NODE_MEMORY_MIB

USED = 0.92
"""Share of the scarcer resource that is used once VMs have left again."""

GENERATIONS: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = (
    ((44, 184_388), (44, 184_388)),
    ((32, 131_072), (32, 131_072)),
    ((64, 196_608), (64, 196_608)),
    ((48, 393_216), (48, 393_216)),
    ((40, 163_840), (24, 98_304)),
    ((24, 98_304), (0, 0)),
)
"""Cores and MiB of the two nodes: the published PM, smaller and larger ones, one of unequal nodes, a one-node PM."""


def odd_sizes(pms: int, seed: int, *, memory: bool) -> Cluster:
    """Make a cluster without structure on published PMs: 9 single and 5 double sizes of 1 to 24 cores a node.

    Nearly every PM is in a state of its own.

    Parameters
    ----------
    memory
        Three memory sizes a core, so that memory binds on many nodes; otherwise one, so that it never does.
    """
    rng = np.random.default_rng(seed)
    single = rng.choice(np.arange(1, 25), size=9, replace=False)
    double = rng.choice(np.arange(1, 25), size=5, replace=False)
    shapes = np.concatenate([np.column_stack([single, np.zeros(9)]), np.column_stack([double, np.ones(5)])]).astype(int)
    capacity = np.tile([NODE_CORES, NODE_MEMORY_MIB], (pms, 2, 1))
    ratios = (2_048, 4_096, 7_168) if memory else (2_048,)
    return _churned(f"odd-{'memory' if memory else 'cores'}-{pms}", capacity, shapes, ratios, rng)


def unequal_pms(pms: int, seed: int) -> Cluster:
    """Make a cluster of several PM generations in equal parts, with VMs of powers of two and three memory ratios."""
    rng = np.random.default_rng(seed)
    capacity = np.array(GENERATIONS)[rng.permutation(np.arange(pms) % len(GENERATIONS))]
    shapes = np.array([(1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (4, 1), (8, 1), (16, 1), (32, 1)])
    return _churned(f"unequal-{pms}", capacity, shapes, (2_048, 4_096, 8_192), rng)


def million(seed: int) -> Cluster:
    """Make a million VMs: 221 times the population of Large on 258,720 PMs, every VM at random; 0.3 % find no room."""
    rng = np.random.default_rng(seed)
    demand, double = np.tile(LARGE.demand, (221, 1)), np.tile(LARGE.double, 221)
    capacity = np.tile([NODE_CORES, NODE_MEMORY_MIB], (220 * LARGE.pms, 2, 1))
    return _cluster("million", capacity, demand, double, rng)


def _churned(
    name: str,
    capacity: NDArray[np.int64],
    shapes: NDArray[np.int64],
    ratios: tuple[int, ...],
    rng: np.random.Generator,
) -> Cluster:
    """Pack random VMs on the PMs, small ones more often, and let random ones leave until ``USED`` is used.

    ``shapes`` int64 [T, 2] gives cores on each node and whether it is a double, ``ratios`` MiB a core.
    """
    cores = shapes[:, 0] * (1 + shapes[:, 1])
    weight = cores**-0.5 / (cores**-0.5).sum()
    drawn = shapes[rng.choice(len(shapes), size=int(1.1 * capacity[..., CORES].sum() / (weight @ cores)), p=weight)]
    demand = np.column_stack([drawn[:, 0], drawn[:, 0] * rng.choice(ratios, size=len(drawn))])
    return _cluster(name, capacity, demand, drawn[:, 1].astype(bool), rng, arrivals=50, used=USED)


def _cluster(
    name: str,
    capacity: NDArray[np.int64],
    demand: NDArray[np.int64],
    double: NDArray[np.bool_],
    rng: np.random.Generator,
    arrivals: int = 1,
    used: float = 1.0,
) -> Cluster:
    """Place VMs at random in so many arrivals, leave out those for which there is no room, then more at random.

    At most the share ``used`` of each resource is used in the end.
    """
    pms, free = len(capacity), capacity.copy()
    pm, node = np.full(len(demand), NOWHERE), np.zeros(len(demand), dtype=np.int8)
    for vms in np.array_split(np.arange(len(demand)), arrivals):
        pm[vms], node[vms] = scatter(free, demand[vms], double[vms], rng)
    vms = rng.permutation(np.flatnonzero(pm != NOWHERE))
    taken = np.cumsum(demand[vms] * (1 + double[vms, None]), axis=0)
    vms = np.sort(vms[(taken <= used * capacity.sum(axis=(0, 1))).all(axis=1)])
    vms = vms[np.argsort(pm[vms], kind="stable")]
    return Cluster(
        name=name,
        capacity=capacity,
        demand=demand[vms],
        double=double[vms],
        pm=pm[vms],
        node=node[vms],
        pm_names=tuple(f"pm_{index}" for index in range(pms)),
        vm_names=tuple(f"vm_{index}" for index in range(len(vms))),
        open=np.ones(pms, dtype=bool),
        movable=np.ones(len(vms), dtype=bool),
        pool=np.zeros(pms, dtype=np.int32),
        rack=np.arange(pms, dtype=np.int32) // 40,
        rack_names=tuple(f"rack_{index}" for index in range(-(-pms // 40))),
    )
