"""From patterns to VMs and places: which PM, which node and which VM carries out each."""

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


class Casting:
    """Hands PM patterns to PMs of their class, node patterns to nodes in their state; collects leavers and places.

    Which of the equal PMs, nodes and VMs are taken is random, but members of anti-affinity groups stay where another
    VM of their kind can go, and those leave first that cost least.

    Attributes
    ----------
    leavers : dict
        By kind, the VMs that leave, those on PMs that are to be emptied among them.
    places : dict
        By kind, the places that wait for one: at least as many.
    parts : list of (int, list of int)
        Each pattern that is used, as often as it is, with the VMs that leave in it.
    """

    def __init__(self, master: Master, use: Ints, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.leavers: dict[int, list[int]] = defaultdict(list)
        self.places: dict[int, list[Place]] = defaultdict(list)
        self.parts: list[tuple[int, list[int]]] = []
        self._reduction = master.pricer.reduction
        self._cluster = self._reduction.problem.cluster
        self._rng = rng
        self._free_pms: dict[int, list[int]] = {}
        self._free_nodes: dict[int, list[Place]] = {}
        self._taken: set[int] = set()
        self._vms_on = _Index(self._cluster.pm)
        self._members = _Index(self._reduction.pm_class)
        self._nodes_in = _Index(self._reduction.node_state.reshape(-1))
        cost = self._cluster.migration_cost
        whim = (cost + rng.random(self._cluster.vms)) / (cost.max(initial=0) + 1)
        self._turn_of_vm = self._cluster.grouped + whim  # members of groups leave last, then who costs more
        for vm in np.flatnonzero(self._reduction.problem.evacuees & (self._reduction.kind >= 0)).tolist():
            self.leavers[int(self._reduction.kind[vm])].append(vm)
        used = [(index, int(use[index]), master.patterns[index]) for index in np.flatnonzero(use).tolist()]
        for index, times, pattern in used:
            if pattern.pm_class >= 0:
                for pm in self._pms(pattern.pm_class, times):
                    self.parts.append((index, self._carry_out_on_pm(pattern, pm)))
        for index, times, pattern in used:
            if pattern.pm_class < 0:
                for pm, node in self._nodes(pattern.state, times):
                    self.parts.append((index, self._carry_out_on_node(pattern.singles[0], pm, node)))

    def target(self) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """Match leaving VMs to places: members of groups first, where no fellow is; then all others.

        Members that meet a fellow all the same trade places with others.

        Returns
        -------
        pm : int32 [V]
        node : int8 [V]
        """
        placement = Placement(self._cluster, self._reduction.problem.rules)
        for kind in sorted(self.leavers):
            places = [self.places[kind][i] for i in self._rng.permutation(len(self.places[kind]))]
            grouped = [vm for vm in self.leavers[kind] if self._cluster.grouped[vm]]
            for vm, place in zip(grouped, self._match(placement, grouped, places), strict=True):
                placement.pm[vm], placement.node[vm] = place
                places.remove(place)
            for vm in self.leavers[kind]:
                if not self._cluster.grouped[vm]:
                    placement.pm[vm], placement.node[vm] = places.pop()
        return seat_apart(self._reduction, placement.pm, placement.node, self._rng)

    def _pms(self, pm_class: int, times: int) -> list[int]:
        """Take PMs of a class that nobody has taken."""
        if pm_class not in self._free_pms:
            self._free_pms[pm_class] = self._rng.permutation(self._members.of(pm_class)).tolist()
        return [self._free_pms[pm_class].pop() for _ in range(times)]

    def _nodes(self, state: int, times: int) -> list[Place]:
        """Take nodes in a state, once all PM patterns are handed out, that nobody has taken."""
        if state not in self._free_nodes:
            all_of_it = [divmod(index, 2) for index in self._rng.permutation(self._nodes_in.of(state)).tolist()]
            self._free_nodes[state] = [place for place in all_of_it if place[0] not in self._taken]
        return [self._free_nodes[state].pop() for _ in range(times)]

    def _carry_out_on_pm(self, pattern: Pattern, pm: int) -> list[int]:
        """Let doubles and both nodes' singles leave, and note who arrives; return who leaves."""
        self._taken.add(pm)
        singles, here, gone = len(self._reduction.single), self._vms_on.of(pm), []
        for kind in range(singles, self._reduction.kinds):
            gone += self._depart(here, kind, int(pattern.leaving[kind]))
            self.places[kind] += [(pm, 0)] * int(pattern.arriving[kind])
        first, _ = self._reduction.class_states[pattern.pm_class].tolist()
        nodes = (0, 1) if self._reduction.node_state[pm, 0] == first else (1, 0)
        for node, moves in zip(nodes, pattern.singles, strict=True):
            gone += self._carry_out_on_node(moves, pm, node)
        return gone

    def _carry_out_on_node(self, moves: Ints, pm: int, node: int) -> list[int]:
        """Let singles of a node leave, and note who arrives: ``moves`` [2, T1]; return who leaves."""
        here, gone = self._vms_on.of(pm), []
        here = here[self._cluster.node[here] == node]
        for kind in np.flatnonzero(moves.any(axis=0)).tolist():
            gone += self._depart(here, kind, int(moves[0, kind]))
            self.places[kind] += [(pm, node)] * int(moves[1, kind])
        return gone

    def _depart(self, here: NDArray[np.intp], kind: int, count: int) -> list[int]:
        vms = here[self._reduction.kind[here] == kind]
        gone: list[int] = vms[np.argsort(self._turn_of_vm[vms])[:count]].tolist()
        self.leavers[kind] += gone
        return gone

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
