"""The published VMR2L JSON (Ding et al., EuroSys '25; files in github.com/bytedance/DRL-based-VM-Rescheduling).

What is free is computed from the VMs: the files' own ``free_cpu`` and ``memory_huge_free_mb`` are not read, and neither
are ``node_cpu``, ``node_mem_mb`` and the type tables, which contradict the nodes and VMs in released files.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from data.cluster import Cluster
from data.errors import locate
from data.formats.files import one_line
from data.formats.rows import GroupRow, PmRow, VmRow, assemble, whole
from data.formats.typed_json import read_json


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
            raise locate(
                path, f"cluster_list[{index}]", f"cluster {one_line(pool)} appears twice; give each its own name."
            )
    pms, vms = list(_pm_rows(path, clusters)), list(_vm_rows(path, clusters))
    return assemble(path, path.stem, pms, vms, _group_rows(path, clusters), pools)


def _pm_rows(path: Path, clusters: Sequence[_Cluster]) -> Iterator[PmRow]:
    for index, cluster in enumerate(clusters):
        for position, host in enumerate(cluster.host_info):
            place = f"cluster_list[{index}].host_info[{position}]"
            nodes = [numa.node for numa in host.numa]
            if nodes not in ([0, 1], [1, 0], [0], [1]):
                raise locate(
                    path, f"{place}.numa", f"PM {one_line(host.node_id)} has the NUMA nodes {_listed(nodes)}; "
                    "give node 0, node 1 or both, each once."
                )  # fmt: skip
            capacity, owner = [(0, 0), (0, 0)], f"PM {host.node_id}"
            for side, numa in enumerate(host.numa):
                where = f"{place}.numa[{side}]"
                capacity[numa.node] = (
                    whole(path, where, "total_cpu", owner, numa.total_cpu),
                    whole(path, where, "memory_huge_total_mb", owner, numa.memory_huge_total_mb),
                )
            active = host.status == "ACTIVE"
            yield PmRow(
                place, host.node_id, (capacity[0], capacity[1]), active, cluster.cluster_name, str(host.rack_id)
            )


def _vm_rows(path: Path, clusters: Sequence[_Cluster]) -> Iterator[VmRow]:
    for index, cluster in enumerate(clusters):
        for position, vm in enumerate(cluster.vm_instance):
            place = f"cluster_list[{index}].vm_instance[{position}]"
            nodes = [numa.node for numa in vm.numa]
            if nodes not in ([0], [1], [0, 1], [1, 0]):
                raise locate(
                    path, f"{place}.numa", f"VM {one_line(vm.instance_id)} is on the NUMA nodes {_listed(nodes)}; "
                    "give one node, or node 0 and node 1 with half of the VM on each."
                )  # fmt: skip
            owner = f"VM {vm.instance_id}"
            demands = [
                (
                    whole(path, f"{place}.numa[{side}]", "cpu", owner, numa.cpu),
                    whole(path, f"{place}.numa[{side}]", "mem_mb", owner, numa.mem_mb),
                )
                for side, numa in enumerate(vm.numa)
            ]
            if demands[0] != demands[-1]:
                reason = f"{one_line(owner)} has unequal halves; give both nodes the same cpu and mem_mb."
                raise locate(path, f"{place}.numa", reason)
            yield VmRow(
                place, vm.instance_id, vm.host_id, len(nodes) == 2, min(nodes), demands[0], bool(vm.allow_migration),
                vm.instance_type,
            )  # fmt: skip


def _group_rows(path: Path, clusters: Sequence[_Cluster]) -> Iterator[GroupRow]:
    for index, cluster in enumerate(clusters):
        sets = (cluster.other_requirement and cluster.other_requirement.deployment_set) or []
        for position, each in enumerate(sets):
            place = f"cluster_list[{index}].other_requirement.deployment_set[{position}]"
            yield GroupRow(path, place, each.granularity, each.data)


def _listed(nodes: Sequence[int]) -> str:
    return one_line(str(list(nodes)), 20)
