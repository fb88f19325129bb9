"""A part of a cluster, as a cluster of its own."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.cluster import Cluster


def part(cluster: Cluster, pms: NDArray[np.int64]) -> Cluster:
    """Return the cluster of some PMs and the VMs on them, groups included."""
    pms = np.sort(pms)
    new_pm = np.full(cluster.pms, -1, dtype=np.int32)
    new_pm[pms] = np.arange(len(pms))
    vms = np.flatnonzero(new_pm[cluster.pm] >= 0)
    new_vm = np.full(cluster.vms, -1, dtype=np.int64)
    new_vm[vms] = np.arange(len(vms))
    groups = tuple(
        replace(group, vms=tuple(int(new_vm[vm]) for vm in group.vms if new_vm[vm] >= 0)) for group in cluster.groups
    )
    return replace(
        cluster,
        capacity=cluster.capacity[pms],
        demand=cluster.demand[vms],
        double=cluster.double[vms],
        pm=new_pm[cluster.pm[vms]],
        node=cluster.node[vms],
        pm_names=tuple(cluster.pm_names[pm] for pm in pms),
        vm_names=tuple(cluster.vm_names[vm] for vm in vms),
        open=cluster.open[pms],
        movable=cluster.movable[vms],
        pool=cluster.pool[pms],
        rack=cluster.rack[pms],
        groups=tuple(group for group in groups if len(group.vms) > 1),
        vm_type_names=(),
        migration_cost=cluster.migration_cost[vms],
    )
