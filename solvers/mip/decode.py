"""From patterns to a target placement: which PM, which node and which VM carries out each."""

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data import Placement
from solvers.mip.master import Master, Pattern
from solvers.mip.seating import seat_apart

Ints = NDArray[np.int64]
Place = tuple[int, int]
"""A PM and a node (0 for doubles)."""


def decode(master: Master, use: Ints, seed: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Hand PM patterns to PMs of their class, node patterns to nodes in their state, and VMs to places.

    Which of the equal PMs, nodes and VMs are taken is random, but members of anti-affinity groups stay where another
    VM of their kind can go, and go where no fellow is where they must.

    Returns
    -------
    pm : int32 [V]
    node : int8 [V]
        The target placement.
    """
    rng = np.random.default_rng(seed)
    cast = _Cast(master, rng)
    used = [(master.patterns[index], int(use[index])) for index in np.flatnonzero(use).tolist()]
    for pattern, times in used:
        if pattern.pm_class >= 0:
            pms = cast.pms(pattern.pm_class, times)
            cast.turn(pms, pattern)
            cast.carry_out(pattern, [(pm, 0) for pm in pms])
    for pattern, times in used:
        if pattern.pm_class < 0:
            cast.carry_out(pattern, cast.nodes(pattern.state, times))
    pm, node = cast.target()
    return seat_apart(master.pricer.reduction, pm, node, rng)


class _Index:
    """Where each value of an integer array stands in it; what is negative is left out."""

    def __init__(self, values: NDArray[Any]) -> None:
        self._order = np.argsort(values, kind="stable")
        self._start = np.searchsorted(values[self._order], np.arange(int(values.max(initial=-1)) + 2)).tolist()

    def of(self, value: int) -> NDArray[np.intp]:
        """Return the positions of ``value``."""
        if value + 1 >= len(self._start):
            return self._order[:0]
        return self._order[self._start[value] : self._start[value + 1]]


class _Cast:
    """Who plays which part."""

    def __init__(self, master: Master, rng: np.random.Generator) -> None:
        self._reduction = master.pricer.reduction
        self._cluster = self._reduction.problem.cluster
        self._rng = rng
        self._free_pms: dict[int, list[int]] = {}
        self._free_nodes: dict[int, list[Place]] = {}
        self._turned: set[int] = set()
        self._made: dict[int, list[Place]] = defaultdict(list)
        self._leavers: dict[int, list[int]] = defaultdict(list)
        self._places: dict[int, list[Place]] = defaultdict(list)
        self._vms_on = _Index(self._cluster.pm)
        self._members = _Index(self._reduction.pm_class)
        self._nodes_in = _Index(self._reduction.node_state.reshape(-1))
        cost = self._cluster.migration_cost
        whim = (cost + rng.random(self._cluster.vms)) / (cost.max(initial=0) + 1)
        for vm in np.flatnonzero(self._reduction.problem.evacuees & (self._reduction.kind >= 0)).tolist():
            self._leavers[int(self._reduction.kind[vm])].append(vm)
        self._turn_of_vm = self._cluster.grouped + whim  # members of groups leave last, then who costs more

    def pms(self, pm_class: int, times: int) -> list[int]:
        """Take PMs of a class that nobody has taken."""
        if pm_class not in self._free_pms:
            self._free_pms[pm_class] = self._rng.permutation(self._members.of(pm_class)).tolist()
        return [self._free_pms[pm_class].pop() for _ in range(times)]

    def turn(self, pms: list[int], pattern: Pattern) -> None:
        """Note the node states that a PM pattern leaves behind."""
        made = dict(pattern.swaps)
        for pm in pms:
            self._turned.add(pm)
            for node, state in enumerate(self._reduction.node_state[pm].tolist()):
                self._made[made[state]].append((pm, node))

    def nodes(self, state: int, times: int) -> list[Place]:
        """Take nodes in a state, once all PM patterns are handed out, that nobody has taken."""
        if state not in self._free_nodes:
            original = [divmod(index, 2) for index in self._rng.permutation(self._nodes_in.of(state)).tolist()]
            untouched = [place for place in original if place[0] not in self._turned]
            self._free_nodes[state] = untouched + self._made[state]
        return [self._free_nodes[state].pop() for _ in range(times)]

    def carry_out(self, pattern: Pattern, places: list[Place]) -> None:
        """Let the pattern's VMs leave at some places, and note that VMs arrive there."""
        singles = len(self._reduction.single)
        leaving = [(kind, int(pattern.leaving[kind])) for kind in np.flatnonzero(pattern.leaving).tolist()]
        arriving = [(kind, int(pattern.arriving[kind])) for kind in np.flatnonzero(pattern.arriving).tolist()]
        for pm, node in places:
            here = self._vms_on.of(pm)
            for kind, count in leaving:
                vms = here[self._reduction.kind[here] == kind]
                if kind < singles:
                    vms = vms[self._cluster.node[vms] == node]
                self._leavers[kind] += vms[np.argsort(self._turn_of_vm[vms])[:count]].tolist()
            for kind, count in arriving:
                self._places[kind] += [(pm, node if kind < singles else 0)] * count

    def target(self) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """Match leaving VMs to places: members of groups first, where no fellow is; then all others."""
        placement = Placement(self._cluster, self._reduction.problem.rules)
        for kind in sorted(self._leavers):
            places = [self._places[kind][i] for i in self._rng.permutation(len(self._places[kind]))]
            grouped = [vm for vm in self._leavers[kind] if self._cluster.grouped[vm]]
            for vm, place in zip(grouped, self._match(placement, grouped, places), strict=True):
                placement.pm[vm], placement.node[vm] = place
                places.remove(place)
            for vm in self._leavers[kind]:
                if not self._cluster.grouped[vm]:
                    placement.pm[vm], placement.node[vm] = places.pop()
        return placement.pm, placement.node

    def _match(self, placement: Placement, vms: list[int], places: list[Place]) -> list[Place]:
        """Give each VM a place where no fellow is, if all can have one (augmenting paths); else some get any."""
        if not vms:
            return []
        open_to = [np.flatnonzero(placement.allowed(vm)[[pm for pm, _ in places]]).tolist() for vm in vms]
        holder: dict[int, int] = {}

        def seat(index: int, seen: set[int]) -> bool:
            for place in open_to[index]:
                if place not in seen:
                    seen.add(place)
                    if place not in holder or seat(holder[place], seen):
                        holder[place] = index
                        return True
            return False

        for index in range(len(vms)):
            seat(index, set())
        taken = {index: place for place, index in holder.items()}
        rest = [place for place in range(len(places)) if place not in holder]
        return [places[taken[index] if index in taken else rest.pop()] for index in range(len(vms))]
