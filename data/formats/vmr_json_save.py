"""Writing the published VMR2L JSON, with what is free on each node as it is."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from data.cluster import CORES, MEMORY, Cluster
from data.formats.files import write_text


def save_json(cluster: Cluster, path: Path) -> None:
    """Write a snapshot that ``load_json`` reads back as it is, and that readers of the published format understand.

    A closed PM becomes ``DISABLED``. What a migration costs is written where it is not 1. Hosts and VMs get an
    ``index`` of their own only where their order is not cluster by cluster.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    hosts, vms = _hosts(cluster), _vms(cluster)
    home = cluster.pool[cluster.pm]
    clusters = [
        {
            "cluster_name": name,
            "host_info": [hosts[pm] for pm in np.flatnonzero(cluster.pool == pool)],
            "vm_type_info": _type_counts(cluster, np.flatnonzero(home == pool).tolist()),
            "vm_instance": [vms[vm] for vm in np.flatnonzero(home == pool)],
            "other_requirement": {"deployment_set": _groups(cluster) if pool == 0 else []},
        }
        for pool, name in enumerate(cluster.pool_names)
    ]
    snapshot = {"cluster_list": clusters, "vm_type_list": _types(cluster), "general_requirement": GENERAL}
    write_text(path, msgspec.json.format(msgspec.json.encode(snapshot), indent=1).decode() + "\n")


GENERAL = {
    "optimization_objective": 1,
    "maximum_migration_each_batch": 1000,
    "maximum_migration": 10000,
    "maximum_time": 600,
}
"""As in the released files; we do not read it, since the limit is the planner's."""


def _hosts(cluster: Cluster) -> list[dict[str, Any]]:
    capacity, free = cluster.capacity.tolist(), cluster.free.tolist()
    totals = cluster.capacity.sum(axis=1).tolist()
    hosts = [
        {
            "node_id": name,
            "status": "ACTIVE" if cluster.open[pm] else "DISABLED",
            "node_cpu": totals[pm][CORES],
            "node_mem_mb": totals[pm][MEMORY],
            "numa": [
                {
                    "node": side,
                    "total_cpu": capacity[pm][side][CORES],
                    "free_cpu": free[pm][side][CORES],
                    "memory_huge_total_mb": capacity[pm][side][MEMORY],
                    "memory_huge_free_mb": free[pm][side][MEMORY],
                }
                for side in (0, 1)
            ],
            "rack_id": cluster.rack_names[cluster.rack[pm]],
        }
        for pm, name in enumerate(cluster.pm_names)
    ]
    return _indexed(hosts, cluster.pool)


def _vms(cluster: Cluster) -> list[dict[str, Any]]:
    kinds = cluster.vm_type_names or ("",) * cluster.vms
    demand, double, node = cluster.demand.tolist(), cluster.double.tolist(), cluster.node.tolist()
    cost = cluster.migration_cost.tolist()
    vms = [
        {
            "instance_id": name,
            "instance_type": kinds[vm],
            "host_id": cluster.pm_names[cluster.pm[vm]],
            "numa": [
                {"node": side, "cpu": demand[vm][CORES], "mem_mb": demand[vm][MEMORY]}
                for side in ((0, 1) if double[vm] else (node[vm],))
            ],
            "allow_migration": bool(cluster.movable[vm]),
            **({"migration_cost": cost[vm]} if cost[vm] != 1 else {}),
        }
        for vm, name in enumerate(cluster.vm_names)
    ]
    return _indexed(vms, cluster.pool[cluster.pm])


def _indexed(entries: list[dict[str, Any]], pool: np.ndarray[Any, np.dtype[np.int32]]) -> list[dict[str, Any]]:
    """Give the entries an ``index`` where listing them cluster by cluster would change their order."""
    if (np.diff(pool) < 0).any():
        return [{**entry, "index": index} for index, entry in enumerate(entries)]
    return entries


def _groups(cluster: Cluster) -> list[dict[str, Any]]:
    return [
        {"granularity": group.granularity, "data": [cluster.vm_names[vm] for vm in group.vms]}
        for group in cluster.groups
    ]


def _type_counts(cluster: Cluster, vms: list[int]) -> list[dict[str, Any]]:
    """List the types of some VMs; the published limit is twice their number."""
    counts = Counter(cluster.vm_type_names[vm] for vm in vms if cluster.vm_type_names)
    return [{"vm_type": kind, "flavor_limit": 2 * count} for kind, count in counts.items()]


def _types(cluster: Cluster) -> list[dict[str, Any]]:
    """Describe each type by its first VM."""
    first: dict[str, int] = {}
    for vm, kind in enumerate(cluster.vm_type_names):
        first.setdefault(kind, vm)
    nodes = {vm: 2 if cluster.double[vm] else 1 for vm in first.values()}
    return [
        {
            "vm_type": kind,
            "request_cpu": int(cluster.demand[vm, CORES]) * nodes[vm],
            "request_mem_mb": int(cluster.demand[vm, MEMORY]) * nodes[vm],
            "numa": nodes[vm],
            "expected_newly_created_num": 0,
            "weight": 0.0,
        }
        for kind, vm in first.items()
    ]
