"""Copies of a cluster side by side, as one cluster."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.cluster import Cluster


def tile(cluster: Cluster, copies: int, name: str) -> Cluster:
    """Put copies of a cluster side by side, each with names, pools, racks and groups of its own."""
    shift = np.arange(copies, dtype=np.int32)

    def repeat(index: NDArray[np.int32], count: int) -> NDArray[np.int32]:
        return (index[None, :] + count * shift[:, None]).ravel()

    def rename(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f"{each}_{copy}" for copy in range(copies) for each in names)

    return replace(
        cluster,
        name=name,
        capacity=np.tile(cluster.capacity, (copies, 1, 1)),
        demand=np.tile(cluster.demand, (copies, 1)),
        double=np.tile(cluster.double, copies),
        pm=repeat(cluster.pm, cluster.pms),
        node=np.tile(cluster.node, copies),
        pm_names=rename(cluster.pm_names),
        vm_names=rename(cluster.vm_names),
        open=np.tile(cluster.open, copies),
        movable=np.tile(cluster.movable, copies),
        pool=repeat(cluster.pool, len(cluster.pool_names)),
        rack=repeat(cluster.rack, len(cluster.rack_names)),
        pool_names=rename(cluster.pool_names),
        rack_names=rename(cluster.rack_names),
        groups=tuple(
            replace(group, vms=tuple(vm + copy * cluster.vms for vm in group.vms))
            for copy in range(copies) for group in cluster.groups
        ),
        vm_type_names=cluster.vm_type_names * copies,
        migration_cost=np.tile(cluster.migration_cost, copies),
    )  # fmt: skip
