"""Gains of every migration, kept current while migrations are applied.

What a move frees at its source and what it costs at its destination are independent when the PMs differ, and VMs of
one type on one node are interchangeable. So one value a VM (`leave`) and one value a VM kind and destination (`enter`)
describe all V x P x 2 migrations, and a migration changes them on two PMs only.
"""

import numpy as np
from numpy.typing import NDArray

from data import Migration, Placement
from data.rows import distinct_rows
from solvers.contract import Problem
from solvers.incumbents import EPSILON

TIE = 1e-4
"""What a full preference is worth, in slots: gains that differ by less tie (met only by mixed objectives)."""

NEVER = -np.inf


class MoveTable:
    """The gain of every legal migration from the current placement.

    Gains are in slots. Ties go to what a solver prefers (``avoid_place``, ``avoid_vm``), then to the lowest VM index,
    then to the lowest PM and node.

    Attributes
    ----------
    kind : intp [V]
        VMs of one kind have the same type and, where VMs must stay in their cluster, the same cluster.
    leave : float64 [V]
        Gain at the source when the VM leaves; -inf where it may not.
    enter : float64 [K, P, 2]
        Gain at the destination when a VM of the kind enters; -inf where there is no room.
        A double uses column 0.
    flip : float64 [V]
        Gain of going to the other node of the same PM; -inf where there is no room.
    avoid_place : float64 [P, 2]
        How much a destination is avoided among equals, 0 (as made) to 1.
    avoid_vm : float64 [V]
        How much moving a VM is avoided among equals, 0 (as made) to 1.
    """

    def __init__(self, problem: Problem, placement: Placement | None = None) -> None:
        cluster = problem.cluster
        self.problem = problem
        self.placement = problem.placement() if placement is None else placement
        self._score = problem.score
        pool = cluster.pool[cluster.pm] if problem.rules.stay_in_cluster else np.zeros(cluster.vms, dtype=np.int32)
        kinds, self.kind = distinct_rows(np.column_stack([cluster.vm_type, pool]))
        shapes = cluster.types[kinds[:, 0]]
        self.kind_double: NDArray[np.bool_] = shapes[:, 0] == 1
        self._takes = _occupations(shapes)
        self._receiving = cluster.receiving(problem.rules)
        self._open = np.broadcast_to(self._receiving, (len(kinds), cluster.pms)).copy()
        if problem.rules.stay_in_cluster:
            self._open &= kinds[:, 1, None] == cluster.pool
        self.leave = np.full(cluster.vms, NEVER)
        self.flip = np.full(cluster.vms, NEVER)
        self.enter = np.full((len(kinds), cluster.pms, 2), NEVER)
        self.avoid_place = np.zeros((cluster.pms, 2))
        self.avoid_vm = np.zeros(cluster.vms)
        self._refresh_pms(np.arange(cluster.pms))
        self._refresh_vms(np.flatnonzero(cluster.may_leave))

    def apply(self, migration: Migration) -> Migration:
        """Carry a legal migration out and return the one that `undo` takes."""
        affordable = self._affordable
        back = self.placement.apply(migration)
        self._refresh(back.pm, migration.pm, affordable)
        return back

    def undo(self, back: Migration) -> None:
        """Take a migration back: ``back`` is what `apply` returned."""
        affordable, pm = self._affordable, int(self.placement.pm[back.vm])
        self.placement.undo(back)
        self._refresh(pm, back.pm, affordable)

    @property
    def _affordable(self) -> NDArray[np.bool_]:
        """[V], migrating the VM costs no more than is left."""
        affordable: NDArray[np.bool_] = self.problem.cluster.migration_cost <= self.placement.left
        return affordable

    def _refresh(self, source: int, target: int, affordable: NDArray[np.bool_]) -> None:
        """Bring the gains up to date after a change of two PMs, and of what can be afforded."""
        self._refresh_pms(np.unique([source, target]))
        pm = self.placement.pm
        changed = (pm == source) | (pm == target) | (affordable != self._affordable)
        self._refresh_vms(np.flatnonzero(changed & self.problem.cluster.may_leave))

    def gain(self, migration: Migration) -> float:
        """Return the exact gain of a legal migration in slots."""
        twin = self.placement
        pms = np.unique([twin.pm[migration.vm], migration.pm])
        before = self._score.pm_slots(twin.free[pms]).sum()
        back = twin.apply(migration)
        after = self._score.pm_slots(twin.free[pms]).sum()
        twin.undo(back)
        return float(after - before)

    def best_entries(self) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
        """Return, by kind, the best PM to enter, its gain, and the best gain on any other PM: three [K] arrays."""
        each = self.enter - TIE * self.avoid_place
        entry = np.maximum(each[:, :, 0], each[:, :, 1])  # max(axis=2) takes ten times as long
        kinds = np.arange(len(entry))
        best = entry.argmax(axis=1)
        gain = entry[kinds, best]
        entry[kinds, best] = NEVER
        return best, gain, entry.max(axis=1)

    def entries(self) -> NDArray[np.float64]:
        """Return the best gain of each VM at any other PM, preferences included, groups left out: float64 [V]."""
        best, gain, other = self.best_entries()
        entries: NDArray[np.float64] = np.where(self.placement.pm != best[self.kind], gain[self.kind], other[self.kind])
        return entries

    def potential(self) -> NDArray[np.float64]:
        """Return the best gain of each VM, preferences included, groups left out: float64 [V]."""
        potential: NDArray[np.float64] = np.maximum(self.leave + self.entries(), self.flip) - TIE * self.avoid_vm
        return potential

    def best_move(self, vms: NDArray[np.bool_] | None = None) -> Migration | None:
        """Return the migration with the largest gain, or None where none gains.

        Parameters
        ----------
        vms
            bool [V], the VMs to consider; None for all.
        """
        potential = self.potential()
        if vms is not None:
            potential[~vms] = NEVER
        grouped = self.problem.cluster.grouped.copy()
        while True:
            vm = int(potential.argmax()) if len(potential) else -1
            if vm < 0 or potential[vm] <= EPSILON - 2 * TIE:
                return None
            if not grouped[vm]:
                move = self.best_destination(vm)
                return move if move is not None and self.gain(move) > EPSILON else None
            grouped[vm] = False
            potential[vm] = self.destination_gains(vm).max() - TIE * self.avoid_vm[vm]

    def destination_gains(self, vm: int) -> NDArray[np.float64]:
        """Return the gain of every legal destination of ``vm``, -inf elsewhere: float64 [P, 2]."""
        home, node = self.placement.pm[vm], self.placement.node[vm]
        gains = self.leave[vm] + self.enter[self.kind[vm]] - TIE * self.avoid_place
        gains[home] = NEVER
        if not self.kind_double[self.kind[vm]]:
            gains[home, 1 - node] = self.flip[vm]
        if self.problem.cluster.grouped[vm]:
            gains[~self.placement.allowed(vm)] = NEVER
        return np.asarray(gains)

    def best_destination(self, vm: int) -> Migration | None:
        """Return the best legal migration of ``vm``, whatever it gains, or None where it has none."""
        gains = self.destination_gains(vm)
        pm, node = divmod(int(gains.argmax()), 2)
        return Migration(vm, pm, node) if gains[pm, node] > NEVER else None

    def occupation(self, vms: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return what each VM takes where it is now: int64 [n, 2 nodes, R]."""
        taken: NDArray[np.int64] = self._takes[self.kind[vms], self.placement.node[vms]]
        return taken

    def takes(self, node: NDArray[np.int8]) -> NDArray[np.int64]:
        """Return what a VM of each kind takes on node choice ``node`` [n]: int64 [n, K, 2 nodes, R].

        A double has only choice 0: elsewhere it asks for more than any node has.
        """
        return self._takes[:, node].swapaxes(0, 1)

    def may_enter(self, pm: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Tell which kinds the rules let onto each of some PMs [n], groups left out: bool [n, K]."""
        return self._open[:, pm].T

    def _refresh_pms(self, pms: NDArray[np.intp]) -> None:
        """Recompute ``enter`` on some PMs."""
        free = self.placement.free[pms]
        after = free[None, :, None] - self._takes[:, None]  # [K, n, 2 choices, 2 nodes, R]
        room = (after >= 0).all(axis=(3, 4)) & self._open[:, pms, None]
        gain = self._score.pm_slots(after) - self._score.pm_slots(free)[None, :, None]
        self.enter[:, pms] = np.where(room, gain, NEVER)

    def _refresh_vms(self, vms: NDArray[np.intp]) -> None:
        """Recompute ``leave`` and ``flip`` of some VMs, all of which may leave."""
        free = self.placement.free[self.placement.pm[vms]]
        kind, node = self.kind[vms], self.placement.node[vms]
        before = self._score.pm_slots(free)
        gone = free + self.occupation(vms)
        affordable = self._affordable[vms]
        self.leave[vms] = np.where(affordable, self._score.pm_slots(gone) - before, NEVER)
        flipped = gone - self._takes[kind, 1 - node]
        room = (flipped >= 0).all(axis=(1, 2)) & ~self.kind_double[kind] & affordable
        room &= self._receiving[self.placement.pm[vms]]
        self.flip[vms] = np.where(room, self._score.pm_slots(flipped) - before, NEVER)


def _occupations(shapes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what a VM of each kind takes by node choice: int64 [K, 2 choices, 2 nodes, R].

    A double has one choice; its second asks for more than any node has.
    """
    double, demand = shapes[:, 0] == 1, shapes[:, 1:]
    takes = np.zeros((len(shapes), 2, 2, demand.shape[1]), dtype=np.int64)
    for node in (0, 1):
        takes[~double, node, node] = demand[~double]
        takes[double, 0, node] = demand[double]
    takes[double, 1] = 1 << 50
    return takes
