"""Reading the published VMR2L JSON (Ding et al., EuroSys '25; files in github.com/bytedance/DRL-based-VM-Rescheduling).

What is free is computed from the VMs: the files' own ``free_cpu`` and ``memory_huge_free_mb`` are not read, and neither
are ``node_cpu``, ``node_mem_mb`` and the type tables, which contradict the nodes and VMs in released files.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from data.cluster import Cluster
from data.errors import InputError, locate
from data.formats.files import one_line
from data.formats.groups_file import read_groups_beside
from data.formats.rows import GroupRow, PmRow, VmRow, assemble, whole
from data.formats.typed_json import read_json

Row = TypeVar("Row", PmRow, VmRow)


class _HostNuma(msgspec.Struct, gc=False):
    node: Literal[0, 1]
    total_cpu: int | float
    memory_huge_total_mb: int | float


class _Host(msgspec.Struct):
    node_id: str
    status: Literal["ACTIVE", "DISABLED", "OUTAGE"]
    numa: list[_HostNuma]
    rack_id: int | str
    index: int = 0


class _VmNuma(msgspec.Struct, gc=False):
    node: Literal[0, 1]
    cpu: int | float
    mem_mb: int | float


class _Vm(msgspec.Struct):
    instance_id: str
    host_id: str
    numa: list[_VmNuma]
    instance_type: str = ""
    allow_migration: bool | Literal[0, 1] = True
    migration_cost: int | float = 1
    index: int = 0


class _DeploymentSet(msgspec.Struct):
    granularity: Literal["host", "rack"]
    data: list[str]


class _Other(msgspec.Struct):
    deployment_set: list[_DeploymentSet] | None = None


class _Cluster(msgspec.Struct):
    cluster_name: str
    host_info: list[_Host]
    vm_instance: list[_Vm]
    other_requirement: _Other | None = None


class _Snapshot(msgspec.Struct):
    cluster_list: list[_Cluster]


def load_json(path: Path) -> Cluster:
    """Read a snapshot in the published format, with the groups file beside it where there is one.

    Raises
    ------
    InputError
        When the file, or the groups file, cannot be used: names the place in it.
    """
    clusters = read_json(path, _Snapshot).cluster_list
    pools = [each.cluster_name for each in clusters]
    for index, pool in enumerate(pools):
        if pool in pools[:index]:
            reason = f"cluster {one_line(pool)} appears twice; give each its own name."
            raise locate(path, f"cluster_list[{index}].cluster_name", reason)
    if not any(each.host_info for each in clusters):
        raise locate(path, "cluster_list", "there is not a single host; export the hosts too.")
    pms = _by_index(list(_pm_rows(path, clusters)), [host.index for each in clusters for host in each.host_info])
    vms = _by_index(list(_vm_rows(path, clusters)), [vm.index for each in clusters for vm in each.vm_instance])
    groups = [*_group_rows(path, clusters), *read_groups_beside(path)]
    return assemble(path.stem, pms, vms, groups, pools)


def _by_index(rows: list[Row], keys: list[int]) -> list[Row]:
    """Sort by ``index``, our addition for a snapshot whose order is not cluster by cluster; else keep file order."""
    return [rows[position] for position in sorted(range(len(rows)), key=keys.__getitem__)] if any(keys) else rows


def _pm_rows(path: Path, clusters: Sequence[_Cluster]) -> Iterator[PmRow]:
    for index, cluster in enumerate(clusters):
        for position, host in enumerate(cluster.host_info):
            where, owner = f"{path}: cluster_list[{index}].host_info[{position}]", f"PM {host.node_id}"
            capacity = [(0, 0), (0, 0)]
            for side, numa in enumerate(host.numa):
                capacity[numa.node] = (
                    whole(f"{where}.numa[{side}].total_cpu", owner, numa.total_cpu),
                    whole(f"{where}.numa[{side}].memory_huge_total_mb", owner, numa.memory_huge_total_mb),
                )
            _require_nodes(where, owner, [numa.node for numa in host.numa])
            active = host.status == "ACTIVE"
            yield PmRow(
                where, host.node_id, (capacity[0], capacity[1]), active, cluster.cluster_name, str(host.rack_id)
            )


def _vm_rows(path: Path, clusters: Sequence[_Cluster]) -> Iterator[VmRow]:
    for index, cluster in enumerate(clusters):
        for position, vm in enumerate(cluster.vm_instance):
            where, owner = f"{path}: cluster_list[{index}].vm_instance[{position}]", f"VM {vm.instance_id}"
            demands = [
                (
                    whole(f"{where}.numa[{side}].cpu", owner, numa.cpu),
                    whole(f"{where}.numa[{side}].mem_mb", owner, numa.mem_mb),
                )
                for side, numa in enumerate(vm.numa)
            ]
            nodes = [numa.node for numa in vm.numa]
            _require_nodes(where, owner, nodes)
            if demands[0] != demands[-1]:
                raise InputError(
                    f"{where}.numa: {one_line(owner)} has unequal halves; give both nodes the same cpu and mem_mb."
                )
            double, movable = len(nodes) == 2, bool(vm.allow_migration)
            cost = whole(f"{where}.migration_cost", owner, vm.migration_cost, "")
            yield VmRow(
                where, vm.instance_id, vm.host_id, double, min(nodes), demands[0], movable, vm.instance_type, cost
            )


def _require_nodes(where: str, owner: str, nodes: Sequence[int]) -> None:
    """Refuse anything but one node or both, each once."""
    if nodes not in ([0], [1], [0, 1], [1, 0]):
        given = f"NUMA nodes {one_line(str(nodes), 30)}" if nodes else "no NUMA node"
        raise InputError(f"{where}.numa: {one_line(owner)} has {given}; give node 0, node 1 or both, each once.")


def _group_rows(path: Path, clusters: Sequence[_Cluster]) -> Iterator[GroupRow]:
    for index, cluster in enumerate(clusters):
        sets = (cluster.other_requirement and cluster.other_requirement.deployment_set) or []
        for position, each in enumerate(sets):
            where = f"{path}: cluster_list[{index}].other_requirement.deployment_set[{position}]"
            yield GroupRow(where, each.granularity, each.data)
