"""The two-step rule: complete slots with one departure, and where none can, with two."""

import numpy as np
from numpy.typing import NDArray

from data import Migration, Plan
from solvers.contract import Problem, Solution
from solvers.deadline import Deadline
from solvers.incumbents import EPSILON, Incumbents
from solvers.moves import NEVER, TIE, MoveTable
from solvers.params import NoParams

TRIES = 30
"""Pairs tried, best first, before the rule gives up: only the first fails now and then, for want of room."""


class TwoStep:
    """Take the best gaining migration; where none gains, the best pair of VMs that leave one PM.

    VMs go to where they cost no slot, preferably not to a node that one departure would complete, since such a node
    is worth more as a source. All constraints and objectives hold.
    """

    name = "two-step"
    Params = NoParams

    def __init__(self, params: NoParams = NoParams()) -> None:
        self.params = params

    def prepare(self) -> None:
        """Nothing to prepare."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:  # noqa: ARG002 - deterministic
        """Return the rule's plan, as long as it got by the deadline."""
        best = Incumbents(problem, deadline)
        run_two_step(MoveTable(problem), problem.mnl, deadline, best)
        return best.solution()


def run_two_step(
    table: MoveTable, budget: int, deadline: Deadline, best: Incumbents, done: tuple[Migration, ...] = ()
) -> tuple[Migration, ...]:
    """Extend ``done``, already applied to ``table``, to at most ``budget`` migrations by the rule.

    Every improvement is offered to ``best``. Returns all migrations; ``table`` is where they lead.
    """
    moves = list(done)
    slots = table.problem.score.slots(table.placement.free)
    whim = table.avoid_place
    while len(moves) < budget and not deadline.expired(0.05):
        table.avoid_place = whim + _cheap_sources(table)
        move = table.best_move()
        step = [move] if move is not None else []
        if step:
            slots += table.gain(step[0])
            table.apply(step[0])
        elif len(moves) + 2 <= budget:
            step, gain = _take_pair(table, deadline)
            slots += gain
        if not step:
            break
        moves += step
        best.offer(Plan(tuple(moves)), slots)
    table.avoid_place = whim
    return tuple(moves)


def _cheap_sources(table: MoveTable) -> NDArray[np.bool_]:
    """Tell which nodes one departure would improve: bool [P, 2]."""
    cheap = np.zeros(table.avoid_place.shape, dtype=bool)
    vms = np.flatnonzero(table.leave > EPSILON)
    cheap[table.placement.pm[vms], table.placement.node[vms]] = True
    return cheap


def _take_pair(table: MoveTable, deadline: Deadline) -> tuple[list[Migration], float]:
    """Apply the best gaining pair of migrations from one PM; return it with its gain, or nothing."""
    first, second = _neighbours(table)
    free = table.placement.free[table.placement.pm[first]]
    score = table.problem.score
    joint = score.pm_slots(free + table.occupation(first) + table.occupation(second)) - score.pm_slots(free)
    entry = table.entries()
    promise = joint + entry[first] + entry[second] - TIE * (table.avoid_vm[first] + table.avoid_vm[second])
    cost = table.problem.cluster.migration_cost
    promise[cost[first] + cost[second] > table.placement.left] = NEVER
    for index in np.argsort(-promise, kind="stable")[:TRIES]:
        if promise[index] <= EPSILON - 6 * TIE or deadline.expired(0.05):
            break
        for vms in ((first[index], second[index]), (second[index], first[index])):
            step, gain = _try_pair(table, int(vms[0]), int(vms[1]))
            if step:
                return step, gain
    return [], 0.0


def _try_pair(table: MoveTable, first: int, second: int) -> tuple[list[Migration], float]:
    """Apply both VMs' best migrations if together they gain, else leave ``table`` as it was."""
    move = table.best_destination(first)
    if move is None:
        return [], 0.0
    gain = table.gain(move)
    back = table.apply(move)
    follow = table.best_destination(second)
    if follow is not None and gain + table.gain(follow) > EPSILON:
        gain += table.gain(follow)
        table.apply(follow)
        return [move, follow], gain
    table.undo(back)
    return [], 0.0


def _neighbours(table: MoveTable) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """List all pairs of VMs that may leave and share a PM: two [n] arrays."""
    movers = np.flatnonzero(table.problem.cluster.may_leave)
    order = movers[np.argsort(table.placement.pm[movers], kind="stable")]
    home = table.placement.pm[order]
    first, second = [order[:0]], [order[:0]]
    for distance in range(1, len(order)):
        shared = home[distance:] == home[:-distance]
        if not shared.any():
            break
        first.append(order[:-distance][shared])
        second.append(order[distance:][shared])
    return np.concatenate(first), np.concatenate(second)
