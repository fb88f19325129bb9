"""A snapshot of a cluster: what the planners are given and never change."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from data.rows import distinct_rows

CORES, MEMORY = 0, 1
"""Columns of every resource axis: cores, then memory in MiB."""


@dataclass(frozen=True)
class AntiAffinity:
    """VMs of which no two may share a PM (``host``) or a rack (``rack``)."""

    granularity: Literal["host", "rack"]
    vms: tuple[int, ...]


@dataclass(frozen=True)
class Rules:
    """What a migration must respect beyond the snapshot's own constraints.

    Raises
    ------
    InputError
        When the limit on the cost is negative.
    """

    stay_in_cluster: bool = False
    """A VM may only go to PMs of the cluster (within the snapshot) that it is in."""
    max_cost: int | None = None
    """The most that all migrations of a plan may cost together, each its VM's ``migration_cost``; None for any."""
    drain: frozenset[int] = frozenset()
    """PMs that are to be emptied: nothing may go there, not even from their own other node."""

    def __post_init__(self) -> None:
        if self.max_cost is not None and self.max_cost < 0:
            raise InputError(f"the limit on the cost of migrations is {self.max_cost}; give 0 or more.")


@dataclass(frozen=True, eq=False)
class Cluster:
    """PMs, VMs, who sits where, and what may change.

    P PMs of two NUMA nodes, V VMs, R = 2 resources (cores, memory). All arrays are read-only.
    A closed PM takes no part: nothing arrives, nothing leaves, and its free cores are not counted.

    Raises
    ------
    InputError
        When shapes disagree, an index points nowhere, or a node holds more than its capacity.
    """

    name: str
    capacity: NDArray[np.int64]
    """[P, 2, R], cores and MiB of each node; an absent node has capacity 0."""
    demand: NDArray[np.int64]
    """[V, R], cores and MiB on each node the VM occupies."""
    double: NDArray[np.bool_]
    """[V], half on each node of one PM instead of whole on one node."""
    pm: NDArray[np.int32]
    """[V], the PM that holds the VM."""
    node: NDArray[np.int8]
    """[V], 0 or 1; 0 for doubles."""
    pm_names: tuple[str, ...]
    vm_names: tuple[str, ...]
    open: NDArray[np.bool_]
    """[P], the PM takes part (ACTIVE in the published format)."""
    movable: NDArray[np.bool_]
    """[V], False: pinned."""
    pool: NDArray[np.int32]
    """[P], the cluster, within the snapshot, that the PM belongs to."""
    rack: NDArray[np.int32]
    """[P], the rack that the PM stands in."""
    pool_names: tuple[str, ...] = ("cluster",)
    rack_names: tuple[str, ...] = ("rack",)
    groups: tuple[AntiAffinity, ...] = ()
    vm_type_names: tuple[str, ...] = field(default=(), repr=False)
    """[V] the user's own type names, or empty; planners never read them."""
    migration_cost: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """[V], what one migration of the VM costs, in whatever unit; 1 each where left out."""

    def __post_init__(self) -> None:
        if not len(self.migration_cost):
            object.__setattr__(self, "migration_cost", np.ones(len(self.demand)))
        for name in DTYPES:
            array: NDArray[Any] = np.array(getattr(self, name), dtype=DTYPES[name])
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        self._validate()

    def __reduce__(self) -> tuple[type["Cluster"], tuple[Any, ...]]:
        """Pickle the fields alone: what is cached is computed again, and the arrays come back read-only."""
        return Cluster, tuple(getattr(self, each.name) for each in fields(self))

    @property
    def pms(self) -> int:
        """Number of PMs, closed ones included."""
        return len(self.capacity)

    @property
    def vms(self) -> int:
        """Number of VMs."""
        return len(self.demand)

    @cached_property
    def free(self) -> NDArray[np.int64]:
        """[P, 2, R], cores and MiB that no VM of the snapshot uses."""
        return _frozen(self.capacity - usage(self.pms, self.demand, self.double, self.pm, self.node))

    def receiving(self, rules: Rules) -> NDArray[np.bool_]:
        """Tell which PMs VMs may go to: bool [P], open and not to be emptied."""
        mask = self.open.copy()
        mask[list(rules.drain)] = False
        return mask

    @cached_property
    def may_leave(self) -> NDArray[np.bool_]:
        """[V], not pinned and not on a closed PM."""
        return _frozen(self.movable & self.open[self.pm])

    @cached_property
    def vm_type(self) -> NDArray[np.intp]:
        """[V], index into ``types``: VMs of one type have the same demand and shape."""
        return self._typing[1]

    @cached_property
    def types(self) -> NDArray[np.int64]:
        """[T, 1 + R], shape (0 single, 1 double) and demand per occupied node of each distinct VM type."""
        return self._typing[0]

    @cached_property
    def groups_of(self) -> dict[int, tuple[int, ...]]:
        """The anti-affinity groups of each VM that is in any."""
        found: dict[int, tuple[int, ...]] = {}
        for index, group in enumerate(self.groups):
            for vm in group.vms:
                found[vm] = (*found.get(vm, ()), index)
        return found

    @cached_property
    def grouped(self) -> NDArray[np.bool_]:
        """[V], in at least one anti-affinity group."""
        mask = np.zeros(self.vms, dtype=bool)
        mask[list(self.groups_of)] = True
        return _frozen(mask)

    @cached_property
    def _typing(self) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        rows = np.column_stack([self.double.astype(np.int64), self.demand])
        types, inverse = distinct_rows(rows)
        return _frozen(types), _frozen(inverse)

    def _validate(self) -> None:
        p, v = self.pms, self.vms
        shapes = {
            "capacity": (p, 2, 2), "demand": (v, 2), "double": (v,), "pm": (v,), "node": (v,),
            "open": (p,), "movable": (v,), "pool": (p,), "rack": (p,), "migration_cost": (v,),
        }  # fmt: skip
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise InputError(f"{self.name}: {name} has shape {getattr(self, name).shape}, expected {shape}.")
        if len(self.pm_names) != p or len(self.vm_names) != v or (self.vm_type_names and len(self.vm_type_names) != v):
            raise InputError(f"{self.name}: there must be one name for each of the {p} PMs and {v} VMs.")
        _require_unique(self.name, "PM", self.pm_names)
        _require_unique(self.name, "VM", self.vm_names)
        if (self.capacity < 0).any() or (self.demand < 0).any():
            raise InputError(f"{self.name}: capacities and demands must not be negative.")
        if (self.migration_cost < 0).any():
            raise InputError(f"{self.name}: what a migration costs must not be negative.")
        if (self.pm < 0).any() or (self.pm >= p).any() or not np.isin(self.node, (0, 1)).all():
            raise InputError(f"{self.name}: every VM needs a PM between 0 and {p - 1} and a node 0 or 1.")
        if self.node[self.double].any():
            raise InputError(f"{self.name}: a double VM has node 0.")
        if any(not 0 <= vm < v for group in self.groups for vm in group.vms):
            raise InputError(f"{self.name}: an anti-affinity group names a VM that does not exist.")
        if (self.free < 0).any():
            pm, node, resource = np.argwhere(self.free < 0)[0]
            raise over_capacity(self.name, self.pm_names[pm], int(node), int(resource),
                                int(self.capacity[pm, node, resource] - self.free[pm, node, resource]),
                                int(self.capacity[pm, node, resource]))  # fmt: skip


DTYPES = {
    "capacity": np.int64, "demand": np.int64, "double": np.bool_, "pm": np.int32, "node": np.int8,
    "open": np.bool_, "movable": np.bool_, "pool": np.int32, "rack": np.int32, "migration_cost": np.int64,
}  # fmt: skip


Array = TypeVar("Array", bound=NDArray[Any])


def _frozen(array: Array) -> Array:
    """Forbid writing: what is derived from a snapshot is shared by all who use it, and changes as little as it."""
    array.flags.writeable = False
    return array


def usage(
    pms: int, demand: NDArray[np.int64], double: NDArray[np.bool_], pm: NDArray[np.int32], node: NDArray[np.int8]
) -> NDArray[np.int64]:
    """Sum what VMs use on each node: [P, 2, R], cores and MiB."""
    used = np.zeros((pms, 2, demand.shape[1]), dtype=np.int64)
    np.add.at(used, (pm, node), demand)
    np.add.at(used[:, 1], pm[double], demand[double])
    return used


def over_capacity(where: str, pm: str, node: int, resource: int, used: int, capacity: int) -> InputError:
    """Say which node of which PM holds more than it has."""
    unit = ("cores", "MiB of memory")[resource]
    return InputError(
        f"{where}: the VMs on node {node} of PM {pm} use {used} {unit} but it has {capacity}; "
        "correct its capacity or the VMs placed there."
    )


def _require_unique(where: str, kind: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"{where}: {kind} {name} appears twice; names must be unique.")
        seen.add(name)
