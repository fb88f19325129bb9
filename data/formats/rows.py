"""Rows of PMs, VMs and groups, from whatever file, put together into a cluster."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.cluster import AntiAffinity, Cluster, over_capacity, usage
from data.errors import InputError
from data.formats.files import one_line

Array = NDArray[Any]

LARGEST = 10**9
"""The most cores or MiB that a node or VM may have: a pebibyte a node, and every sum stays exact."""


class PmRow(NamedTuple):
    """A PM as a file gives it; ``where`` is the file and the place in it."""

    where: str
    name: str
    capacity: tuple[tuple[int, int], tuple[int, int]]
    """Cores and MiB of node 0 and of node 1."""
    open: bool
    pool: str
    rack: str


class VmRow(NamedTuple):
    """A VM as a file gives it; ``where`` is the file and the place in it."""

    where: str
    name: str
    host: str
    double: bool
    node: int
    """0 for doubles."""
    demand: tuple[int, int]
    """Cores and MiB on each node the VM occupies."""
    movable: bool
    kind: str
    """The user's type name, or empty."""
    cost: int
    """What one migration costs."""


class GroupRow(NamedTuple):
    """An anti-affinity group as a file gives it; ``where`` is the file and the place in it."""

    where: str
    granularity: Literal["host", "rack"]
    vms: Sequence[str]


def whole(where: str, owner: str, value: float, unit: str = ", in cores or MiB") -> int:
    """Return a number of cores, of MiB or of another unit as an int.

    Raises
    ------
    InputError
        When it is not integral, negative, or above ``LARGEST``.
    """
    if 0 <= value <= LARGEST and value == int(value):
        return int(value)
    shown = one_line(str(value), 40)
    raise InputError(f"{where}: {one_line(owner)} has {shown}; write a whole number from 0 to {LARGEST}{unit}.")


def assemble(
    name: str, pms: Sequence[PmRow], vms: Sequence[VmRow], groups: Iterable[GroupRow], pools: Sequence[str]
) -> Cluster:
    """Put rows together into a cluster.

    Parameters
    ----------
    name
        The name of the cluster.
    pms, vms, groups
        The rows, in the order that the cluster keeps; at least one PM.
    pools
        The names of the clusters within the snapshot, in order.

    Raises
    ------
    InputError
        When an id is given twice or names nothing, or a node holds more than its capacity.
    """
    pm_index, vm_index = _index("PM", pms), _index("VM", vms)
    pool_index = {pool: index for index, pool in enumerate(pools)}
    rack_index = {rack: index for index, rack in enumerate(dict.fromkeys(row.rack for row in pms))}
    for row in vms:
        if row.host not in pm_index:
            raise InputError(
                f"{row.where}: VM {one_line(row.name)} is on PM {one_line(row.host)}, which is not given; "
                "add the PM or correct the VM's host."
            )
    cluster = {
        "capacity": np.array([row.capacity for row in pms], dtype=np.int64),
        "demand": np.array([row.demand for row in vms], dtype=np.int64).reshape(-1, 2),
        "double": np.array([row.double for row in vms], dtype=bool),
        "pm": np.array([pm_index[row.host] for row in vms], dtype=np.int32),
        "node": np.array([row.node for row in vms], dtype=np.int8),
    }
    _require_room(pms, **cluster)
    return Cluster(
        name=name,
        **cluster,
        pm_names=tuple(pm_index),
        vm_names=tuple(vm_index),
        open=np.array([row.open for row in pms], dtype=bool),
        movable=np.array([row.movable for row in vms], dtype=bool),
        pool=np.array([pool_index[row.pool] for row in pms], dtype=np.int32),
        rack=np.array([rack_index[row.rack] for row in pms], dtype=np.int32),
        pool_names=tuple(pools),
        rack_names=tuple(rack_index),
        groups=_groups(groups, vm_index),
        vm_type_names=tuple(row.kind for row in vms) if any(row.kind for row in vms) else (),
        migration_cost=np.array([row.cost for row in vms], dtype=np.int64),
    )


def _index(kind: str, rows: Sequence[PmRow] | Sequence[VmRow]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        if row.name in found:
            first = rows[found[row.name]].where
            raise InputError(
                f"{row.where}: {kind} {one_line(row.name)} appears twice, first at {first}; give each its own id."
            )
        found[row.name] = len(found)
    return found


def _require_room(pms: Sequence[PmRow], capacity: Array, demand: Array, double: Array, pm: Array, node: Array) -> None:
    """Refuse a node that holds more than its capacity, by the place of its PM in the file."""
    used = usage(len(pms), demand, double, pm, node)
    for host, side, resource in np.argwhere(used > capacity)[:1].tolist():
        amount, limit = int(used[host, side, resource]), int(capacity[host, side, resource])
        raise over_capacity(pms[host].where, one_line(pms[host].name), side, resource, amount, limit)


def _groups(rows: Iterable[GroupRow], vm_index: Mapping[str, int]) -> tuple[AntiAffinity, ...]:
    """Keep each distinct group of two VMs or more once: files repeat the same list in every cluster."""
    kept: dict[tuple[str, frozenset[int]], AntiAffinity] = {}
    for row in rows:
        unknown = next((vm for vm in row.vms if vm not in vm_index), None)
        if unknown is not None:
            raise InputError(
                f"{row.where}: the {row.granularity} group names VM {one_line(unknown)}, which does not exist; "
                "correct the id or take it out."
            )
        members = tuple(dict.fromkeys(vm_index[vm] for vm in row.vms))
        if len(members) > 1:
            kept.setdefault((row.granularity, frozenset(members)), AntiAffinity(row.granularity, members))
    return tuple(kept.values())
