"""Chains and circles of migrations, found as best paths between VM kinds.

A chain makes room as it goes: VM u leaves node B for a place with room, VM v takes u's place on B, VM w takes v's, and
so on. What a link of the chain changes on its node depends only on which kind leaves and which enters, so the best
chain of up to n links is a best path over the K kinds of VMs, found by dynamic programming in O(n K^2).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from data import Migration
from solvers.deadline import Deadline
from solvers.incumbents import EPSILON
from solvers.moves import NEVER, TIE, MoveTable

Links = list[int]
"""VMs in the order in which they move: each takes the place that the one before it left."""

TRIES = 8
"""Chains of each length, and trades, that are tried, best first."""


def take_chain(table: MoveTable, longest: int, deadline: Deadline) -> list[Migration]:
    """Apply the best chain or circle of at most ``longest`` migrations that gains; return it, or nothing."""
    for gain, vms, closed in candidates(table, longest):
        if gain <= EPSILON - longest * TIE or deadline.expired(0.05):
            break
        steps = _carry_out(table, vms, closed)
        if steps:
            return steps
    return []


def candidates(table: MoveTable, longest: int) -> Iterator[tuple[float, Links, bool]]:
    """Yield promising chains, best gain a migration first: (gain, VMs in order, whether it closes to a circle)."""
    kinds = len(table.enter)
    if not kinds:
        return
    change, carrier = _exchanges(table)
    leave, leaver = _best_by_kind(table, table.leave - TIE * table.avoid_vm)
    _, entry, _ = table.best_entries()
    found: list[tuple[float, float, Links, bool]] = []
    # reach[k]: best gain of links so far, the last of which takes a VM of kind k in where another left
    reach = entry.copy()
    path: list[Links] = [[] for _ in range(kinds)]
    for length in range(2, longest + 1):
        step = reach[:, None] + change  # [kind that left, kind that enters in its place]
        # Several, not the best alone: links of a path may turn out to meet on one node.
        for before, end in _best_pairs(step + leave):
            vms = [*path[before], int(carrier[before, end]), int(leaver[end])]
            gain = float(step[before, end] + leave[end])
            found.append((gain / length, gain, vms, False))
        via = step.argmax(axis=0)
        path = [[*path[via[kind]], int(carrier[via[kind], kind])] for kind in range(kinds)]
        reach = step[via, np.arange(kinds)]
    both = change + change.T  # two VMs of different kinds trade places
    both[np.tril_indices(kinds)] = NEVER
    for one, other in _best_pairs(both):
        vms = [int(carrier[one, other]), int(carrier[other, one])]
        found.append((both[one, other] / 2, float(both[one, other]), vms, True))
    for _, gain, vms, closed in sorted(found, key=lambda each: -each[0]):
        yield gain, vms, closed


def _best_pairs(gain: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the pairs of kinds with the largest of the gains [K, K] that are possible, best first."""
    best = np.argsort(-gain, axis=None, kind="stable")[:TRIES]
    pairs = zip(*np.unravel_index(best, gain.shape), strict=True)
    return [(int(one), int(other)) for one, other in pairs if gain[one, other] > NEVER]


def _exchanges(table: MoveTable) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return, for each pair of kinds (a, b), the best gain of a node where an a leaves and a b enters, and that a.

    Returns
    -------
    gain : float64 [K, K]
        -inf where no node can do it.
    vm : intp [K, K]
        The VM of kind a that leaves.
    """
    kinds = len(table.enter)
    cluster, placement = table.problem.cluster, table.placement
    gain, vm = np.full((kinds, kinds), NEVER), np.zeros((kinds, kinds), dtype=np.intp)
    for kind in range(kinds):
        vms = np.flatnonzero((table.kind == kind) & cluster.may_leave & ~cluster.grouped)
        if not len(vms):
            continue
        free = placement.free[placement.pm[vms]]
        gone = free + table.occupation(vms)
        after = gone[:, None] - table.takes(placement.node[vms])  # [n, K, 2 nodes, R]
        value = table.problem.score.pm_slots(after) - table.problem.score.pm_slots(free)[:, None]
        fits = (after >= 0).all(axis=(2, 3)) & table.may_enter(placement.pm[vms])
        value = np.where(fits, value, NEVER) - TIE * table.avoid_vm[vms, None]
        value[:, kind] = NEVER
        vm[kind] = vms[value.argmax(axis=0)]
        gain[kind] = value.max(axis=0)
    return gain, vm


def _best_by_kind(table: MoveTable, value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the best value among the VMs of each kind, and the VM: two [K] arrays."""
    order = np.lexsort((-value, table.kind))
    first = order[np.searchsorted(table.kind[order], np.arange(len(table.enter)))]
    return value[first], first


def _carry_out(table: MoveTable, vms: Links, closed: bool) -> list[Migration]:
    """Apply a chain if every step is legal and it gains; else leave ``table`` as it was and return nothing."""
    places = [(int(table.placement.pm[vm]), int(table.placement.node[vm])) for vm in vms]
    before = table.problem.score.slots(table.placement.free)
    orders = [vms, vms[::-1]] if closed else [vms]
    for sequence in orders:
        steps: list[Migration] = []
        backs: list[Migration] = []
        for index, vm in enumerate(sequence):
            if closed:
                step: Migration | None = Migration(vm, *places[vms.index(sequence[index - 1])])
            else:
                step = table.best_destination(vm) if index == 0 else Migration(vm, *places[index - 1])
            if step is None or not table.placement.is_legal(step):
                break
            backs.append(table.apply(step))
            steps.append(step)
        if len(steps) == len(vms) and table.problem.score.slots(table.placement.free) > before + EPSILON:
            return steps
        for back in reversed(backs):
            table.undo(back)
    return []
