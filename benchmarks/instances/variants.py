"""Known clusters, changed in one respect."""

from dataclasses import replace

import numpy as np

import data.part
from benchmarks.instances.scatter import NOWHERE, occupy, scatter
from data import AntiAffinity, Cluster, InputError
from data.cluster import CORES, MEMORY

MEMORY_FACTORS = (0.5, 1.0, 1.5, 2.0)


def memory_mixed(cluster: Cluster, seed: int) -> Cluster:
    """Multiply each VM's memory by 1/2, 1, 3/2 or 2 at random while its nodes can hold it.

    VMs come in random order; one whose nodes cannot hold the factor drawn gets the greatest that they can. The
    released snapshots have no VM with more memory a core than a node has, so that memory never binds; here it does.
    """
    rng = np.random.default_rng(seed)
    free: list[list[int]] = cluster.free[..., MEMORY].tolist()
    memory: list[int] = cluster.demand[:, MEMORY].tolist()
    double: list[bool] = cluster.double.tolist()
    pm: list[int] = cluster.pm.tolist()
    node: list[int] = cluster.node.tolist()
    factors = rng.choice(MEMORY_FACTORS, size=cluster.vms)
    for vm in rng.permutation(cluster.vms).tolist():
        sides = (0, 1) if double[vm] else (node[vm],)
        room = memory[vm] + min(free[pm[vm]][side] for side in sides)
        wanted = max(
            int(memory[vm] * each) for each in MEMORY_FACTORS if each <= factors[vm] and memory[vm] * each <= room
        )
        for side in sides:
            free[pm[vm]][side] -= wanted - memory[vm]
        memory[vm] = wanted
    demand = np.column_stack([cluster.demand[:, CORES], memory])
    return replace(cluster, name=f"{cluster.name}-memory", demand=demand, vm_type_names=())


def replaced(cluster: Cluster, share: float, seed: int) -> Cluster:
    """Take a share (0 to 1) of the movable VMs out and place them anew at random, greatest need first.

    A VM that fits nowhere goes home, and whoever else came to its PM looks for a place again; so all find one.
    Anti-affinity is not looked at: add groups afterwards.
    """
    rng = np.random.default_rng(seed)
    may_leave = np.flatnonzero(cluster.may_leave)
    pending = rng.choice(may_leave, size=round(share * len(may_leave)), replace=False)
    pm, node, free = cluster.pm.copy(), cluster.node.copy(), cluster.free.copy()
    demand, double = cluster.demand, cluster.double
    free[~cluster.open] = 0
    away = np.zeros(cluster.vms, dtype=bool)
    away[pending] = True
    while len(pending):
        occupy(free, demand[pending], double[pending], pm[pending], node[pending], 1)
        pm[pending], node[pending] = scatter(free, demand[pending], double[pending], rng)
        stuck = pending[pm[pending] == NOWHERE]
        away[stuck] = False
        pending = np.flatnonzero(away & np.isin(pm, cluster.pm[stuck]))
        occupy(free, demand[pending], double[pending], pm[pending], node[pending], 1)
        pm[stuck], node[stuck] = cluster.pm[stuck], cluster.node[stuck]
        occupy(free, demand[stuck], double[stuck], pm[stuck], node[stuck], -1)
        occupy(free, demand[pending], double[pending], pm[pending], node[pending], -1)
    return replace(cluster, name=f"{cluster.name}-replaced", pm=pm, node=node)


def tiled(cluster: Cluster, times: int) -> Cluster:
    """Put copies side by side, each with its own names, pools, racks and groups."""
    copies = np.arange(times)

    def shifted(index: np.ndarray, step: int) -> np.ndarray:
        return (index[None, :] + step * copies[:, None]).reshape(-1)

    def named(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f"{name}~{copy}" for copy in range(times) for name in names)

    return replace(
        cluster,
        name=f"{cluster.name}-x{times}",
        capacity=np.tile(cluster.capacity, (times, 1, 1)),
        demand=np.tile(cluster.demand, (times, 1)),
        double=np.tile(cluster.double, times),
        pm=shifted(cluster.pm, cluster.pms),
        node=np.tile(cluster.node, times),
        pm_names=named(cluster.pm_names),
        vm_names=named(cluster.vm_names),
        open=np.tile(cluster.open, times),
        movable=np.tile(cluster.movable, times),
        pool=shifted(cluster.pool, len(cluster.pool_names)),
        rack=shifted(cluster.rack, len(cluster.rack_names)),
        pool_names=named(cluster.pool_names),
        rack_names=named(cluster.rack_names),
        groups=tuple(
            AntiAffinity(group.granularity, tuple(vm + copy * cluster.vms for vm in group.vms))
            for copy in range(times)
            for group in cluster.groups
        ),
        vm_type_names=cluster.vm_type_names * times,
        migration_cost=np.tile(cluster.migration_cost, times),
    )


def filled(cluster: Cluster, free_share: float, seed: int) -> Cluster:
    """Add random VMs of the types there are until about this share (0 to 1) of the open PMs' cores is free.

    Raises
    ------
    InputError
        When no VM of any type fits any more before that.
    """
    rng = np.random.default_rng(seed)
    free = cluster.free.copy()
    free[~cluster.open] = 0
    spare = int(free[..., CORES].sum() - free_share * cluster.capacity[cluster.open][..., CORES].sum())
    smallest = int((cluster.demand[:, CORES] * (1 + cluster.double)).min())
    added, pms, nodes = [], [], []
    templates = rng.permutation(cluster.vms)
    while spare >= smallest:
        for vm in templates:
            cores = int(cluster.demand[vm, CORES]) * (2 if cluster.double[vm] else 1)
            pm, node = scatter(free, cluster.demand[[vm]], cluster.double[[vm]], rng) if cores <= spare else ([-1], [0])
            if pm[0] != NOWHERE:
                break
        else:
            raise InputError(f"{cluster.name}: no VM fits any more while {spare} cores too many are free.")
        added.append(int(vm))
        pms.append(pm[0])
        nodes.append(node[0])
        spare -= cores
        templates = rng.permutation(cluster.vms)
    vms = np.concatenate([np.arange(cluster.vms), np.array(added, dtype=np.intp)])
    return replace(
        cluster,
        name=f"{cluster.name}-filled",
        demand=cluster.demand[vms],
        double=cluster.double[vms],
        pm=np.concatenate([cluster.pm, pms]),
        node=np.concatenate([cluster.node, nodes]),
        movable=np.concatenate([cluster.movable, np.ones(len(added), dtype=bool)]),
        vm_names=(*cluster.vm_names, *(f"added_{index}" for index in range(len(added)))),
        vm_type_names=(),
        migration_cost=cluster.migration_cost[vms],
    )


def part(cluster: Cluster, pms: int, seed: int) -> Cluster:
    """Keep that many random PMs, with the VMs on them and what is left of their groups."""
    chosen = np.random.default_rng(seed).choice(cluster.pms, size=pms, replace=False)
    return replace(data.part.part(cluster, chosen), name=f"{cluster.name}-part{pms}")
