"""A plan as frames: what the PMs that it touches hold before the first migration and after each one."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data import Cluster, InputError, Placement, Score, SlotRate
from data.audit import audit
from data.cluster import CORES
from data.plan_file import PlanFile, to_plan

BOTH = 2
"""The node of a double, which occupies both."""


class Spot(NamedTuple):
    """Where a VM sits."""

    pm: int
    """Index among the PMs of the trajectory."""
    node: int
    """0, 1 or ``BOTH``."""


class Block(NamedTuple):
    """A VM in the stack of a node, or across both stacks."""

    vm: int
    """Index among the VMs of the trajectory."""
    node: int
    """0, 1 or ``BOTH``."""
    bottom: int
    """Cores of the node that lie beneath it; a double lies at one height on both."""


@dataclass(frozen=True)
class Content:
    """What one PM holds: doubles at the bottom, then singles, large ones first, then free cores."""

    blocks: tuple[Block, ...]
    free: tuple[int, int]
    """Free cores of each node."""
    whole: tuple[int, int]
    """Those of them in whole slots; the others are fragments."""


@dataclass(frozen=True)
class ShownPm:
    """A PM that the plan touches."""

    name: str
    short: str
    """Without what the names of all PMs shown have in common."""
    capacity: tuple[int, int]
    """Cores of each node."""


@dataclass(frozen=True)
class ShownVm:
    """A VM that sits on a touched PM; with others of the trajectory in the order in which they are stacked."""

    name: str
    kind: str
    """The user's own name of its type, or single or double."""
    cores: int
    """In all, on both nodes of a double."""
    on_each: int
    """Cores on each node it occupies."""


@dataclass(frozen=True)
class Move:
    """One migration."""

    vm: int
    source: Spot
    target: Spot
    wave: int


@dataclass(frozen=True)
class Frame:
    """The state after one migration; the first frame is the snapshot, which no migration leads to."""

    move: Move | None
    fr: float
    """By the checker."""
    gained: float
    """Slots more than in the frame before: whole ones, or, for a mixed objective, worth so many of its first rate."""
    total: float
    """Slots more than in the snapshot."""
    changed: dict[int, Content]
    """What PMs hold from here on: in the first frame all of them, then the source and the destination."""


@dataclass(frozen=True)
class Rest:
    """The open PMs that the plan leaves as they are."""

    pms: int
    vms: int
    free: int
    """Cores."""
    fragments: int
    """Those of the free cores that form no slot."""


@dataclass(frozen=True)
class Trajectory:
    """A plan on its cluster, ready to be drawn."""

    instance: str
    solver: str
    mnl: int
    objective: str
    slot: str
    """What a whole slot is, in words; empty where the objective counts no cores and nothing is marked as a fragment."""
    slot_cores: int
    """Cores of a slot on one node; 0 where the objective counts no cores."""
    bound_fr: float | None
    sizes: tuple[int, ...]
    """Cores of the VMs of the whole cluster, each number once, smallest first: they decide the colours."""
    pms: tuple[ShownPm, ...]
    """In the order of the cluster."""
    vms: tuple[ShownVm, ...]
    frames: tuple[Frame, ...]
    """One more than migrations."""
    rest: Rest

    def where(self, spot: Spot) -> str:
        """Name a spot."""
        name = self.pms[spot.pm].name
        return f"{name}, both nodes" if spot.node == BOTH else f"{name}, node {spot.node}"


def trace(cluster: Cluster, plan_file: PlanFile, where: Path | str = "plan") -> Trajectory:
    """Replay a plan and keep a frame of each step.

    Parameters
    ----------
    cluster, plan_file, where
        The snapshot, the plan, and the file it was read from, for messages.

    Raises
    ------
    InputError
        When the plan does not belong to this cluster, the checker refuses it, or a figure that it claims is wrong.
    """
    found = audit(cluster, plan_file, where)
    if found.objection:
        raise InputError(f"{where}: {found.objection}; only a valid plan is drawn, so make it again.")
    objective, plan = plan_file.parsed_objective(), to_plan(plan_file, cluster, where)
    score = Score(cluster, objective)
    slot = next((rate for rate in objective.rates if rate.kind != "memory"), None)
    pms = sorted({int(cluster.pm[vm]) for vm, _, _ in plan} | {pm for _, pm, _ in plan})
    vms = _stacking_order(cluster, pms)
    shown_pm, shown_vm = _positions(pms), _positions(vms)
    placement = Placement(cluster)

    def contents(*changed: int) -> dict[int, Content]:
        return {shown_pm[pm]: _content(placement, pm, vms, slot) for pm in changed}

    def spot(vm: int) -> Spot:
        return Spot(shown_pm[int(placement.pm[vm])], BOTH if cluster.double[vm] else int(placement.node[vm]))

    start = slots = score.slots(placement.free)
    frames = [Frame(None, found.verdict.initial_fr, 0.0, 0.0, contents(*pms))]
    for migration, step, fr in zip(plan, plan_file.migrations, found.verdict.fr_after[1:], strict=True):
        source, before = spot(migration.vm), slots
        back = placement.apply(migration)
        slots = score.slots(placement.free)
        move = Move(shown_vm[migration.vm], source, spot(migration.vm), step.wave)
        changed = contents(back.pm, migration.pm)
        frames.append(Frame(move, fr, round(slots - before, 6), round(slots - start, 6), changed))
    return Trajectory(
        instance=plan_file.instance,
        solver=plan_file.solver,
        mnl=plan_file.mnl,
        objective=str(objective),
        slot=_in_words(slot),
        slot_cores=_on_one_node(slot),
        bound_fr=plan_file.bound_fr,
        sizes=tuple(sorted({_cores(cluster, vm) for vm in range(cluster.vms)})),
        pms=_shown_pms(cluster, pms),
        vms=tuple(_shown_vm(cluster, vm) for vm in vms),
        frames=tuple(frames),
        rest=_rest(cluster, pms, slot),
    )


def _stacking_order(cluster: Cluster, pms: list[int]) -> NDArray[np.int64]:
    """List the VMs on some PMs, doubles first, then by falling size; the plan moves VMs only among these PMs."""
    vms = np.flatnonzero(np.isin(cluster.pm, pms))
    keys = (vms, -cluster.demand[vms, CORES], ~cluster.double[vms])
    return vms[np.lexsort(keys)]


def _positions(indices: Iterable[int]) -> dict[int, int]:
    return {int(index): position for position, index in enumerate(indices)}


def _content(placement: Placement, pm: int, vms: NDArray[np.int64], slot: SlotRate | None) -> Content:
    cluster, height, blocks = placement.cluster, [0, 0], []
    for position in np.flatnonzero(placement.pm[vms] == pm).tolist():
        vm = vms[position]
        node, cores = int(placement.node[vm]), int(cluster.demand[vm, CORES])
        if cluster.double[vm]:
            blocks.append(Block(position, BOTH, height[0]))
            height = [height[0] + cores, height[1] + cores]
        else:
            blocks.append(Block(position, node, height[node]))
            height[node] += cores
    free = _pair(placement.free[pm, :, CORES])
    return Content(tuple(blocks), free, _whole(free, slot))


def _whole(free: tuple[int, int], slot: SlotRate | None) -> tuple[int, int]:
    """Return the free cores of each node that are part of a whole slot; all where slots of cores do not matter."""
    if slot is None:
        return free
    size = _on_one_node(slot)
    first, second = (cores // size * size for cores in free)
    return (min(first, second),) * 2 if slot.kind == "double" else (first, second)


def _on_one_node(slot: SlotRate | None) -> int:
    if slot is None:
        return 0
    return slot.size // 2 if slot.kind == "double" else slot.size


def _in_words(slot: SlotRate | None) -> str:
    if slot is None:
        return ""
    half = slot.size // 2
    return f"{half} + {half} free cores of one PM" if slot.kind == "double" else f"{slot.size} free cores of a node"


def _shown_pms(cluster: Cluster, pms: list[int]) -> tuple[ShownPm, ...]:
    names = [cluster.pm_names[pm] for pm in pms]
    capacity = [_pair(cluster.capacity[pm, :, CORES]) for pm in pms]
    return tuple(ShownPm(*each) for each in zip(names, _short(names), capacity, strict=True))


def _short(names: list[str]) -> list[str]:
    """Leave out the beginning and the domain that all names share: ``pm_17`` becomes ``17``; numbers stay whole."""
    if len(names) < 2:
        return names
    start = len(_common_start(names).rstrip("0123456789"))
    domain = _common_start([name[start:][::-1] for name in names])[::-1]
    end = len(domain) - domain.find(".") if "." in domain else 0
    return [name[start : len(name) - end] or name for name in names]


def _common_start(names: list[str]) -> str:
    first, last = min(names), max(names)  # what these two share, all between them share
    return first[: next((index for index, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def _shown_vm(cluster: Cluster, vm: int) -> ShownVm:
    own = cluster.vm_type_names[vm] if cluster.vm_type_names else ("double" if cluster.double[vm] else "single")
    return ShownVm(cluster.vm_names[vm], own, _cores(cluster, vm), int(cluster.demand[vm, CORES]))


def _cores(cluster: Cluster, vm: int) -> int:
    return int(cluster.demand[vm, CORES]) * (2 if cluster.double[vm] else 1)


def _pair(values: Iterable[int]) -> tuple[int, int]:
    first, second = (int(value) for value in values)
    return first, second


def _rest(cluster: Cluster, pms: list[int], slot: SlotRate | None) -> Rest:
    others = np.setdiff1d(np.flatnonzero(cluster.open), pms)
    free = [_pair(cluster.free[pm, :, CORES]) for pm in others]
    return Rest(
        pms=len(others),
        vms=int(np.isin(cluster.pm, others).sum()),
        free=sum(map(sum, free)),
        fragments=sum(sum(nodes) - sum(_whole(nodes, slot)) for nodes in free),
    )
