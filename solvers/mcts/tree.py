"""The tree: which migrations are tried, which of them again, and what came of it."""

import math
from dataclasses import dataclass, field
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from data import Migration, Placement, Plan
from solvers.contract import Problem
from solvers.deadline import Deadline
from solvers.incumbents import Incumbents
from solvers.mcts.canonical import Canonical, Keys
from solvers.mcts.gathering import Gathering
from solvers.mcts.rollout import roll_out
from solvers.moves import NEVER, MoveTable

TIGHT = 0.7
"""How far roll-outs prefer, among equals, the smallest remainder that takes a VM in; the rest is chance."""

PLACES = 2
"""Destinations tried for a VM."""

Moves = tuple[Migration, ...]

Action = tuple[int, int, int, bool]
"""A migration but for names: keys of the VM, its place, and its destination, and whether it stays on its PM."""


@dataclass
class Node:
    """A state, in whichever way it is reached."""

    visits: int = 0
    slots: float = 0.0
    """Sum over the visits of what their roll-outs ended with."""
    children: dict[Action, "Node"] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Slots to expect from here."""
        return self.slots / self.visits


class Tree:
    """Upper confidence bounds over migrations (UCT; Kocsis and Szepesvari, 2006), with transpositions."""

    def __init__(self, problem: Problem, width: int, exploration: float, seed: int) -> None:
        self._problem = problem
        self._width = width
        self._exploration = exploration
        self._rng = np.random.default_rng(seed)
        self._canonical = Canonical(problem)
        self._gathering = Gathering(problem.cluster, problem.objective)
        self._nodes: dict[tuple[int, int], Node] = {}
        self.root = self._node(problem.placement(), 0)

    def grow(self, moves: Moves, best: Incumbents, deadline: Deadline) -> None:
        """Descend from the state after ``moves`` to a new one, roll out from there, and remember what came of it."""
        guide = MoveTable(self._problem, self._problem.placement().apply_plan(Plan(moves)), self._gathering)
        path = [self._node(guide.placement, len(moves))]
        while path[-1].visits and len(moves) < self._problem.mnl and (options := self.options(guide)):
            action = self._choose(path[-1], options)
            guide.apply(options[action])
            moves = (*moves, options[action])
            if action not in path[-1].children:
                path[-1].children[action] = self._node(guide.placement, len(moves))
            path.append(path[-1].children[action])
        slots = self._roll_out(guide.placement, moves, best, deadline)
        for node in path:
            node.visits += 1
            node.slots += slots

    def _roll_out(self, placement: Placement, moves: Moves, best: Incumbents, deadline: Deadline) -> float:
        """Roll out from a leaf and return the slots at the end; the very first roll-out leaves nothing to chance."""
        best.offer(Plan(moves), self._problem.score.slots(placement.free))
        table = MoveTable(self._problem, placement)
        if len(self._nodes) > 1:
            loose = self._gathering.remainders(placement.free)
            table.avoid_place = TIGHT * loose + (1 - TIGHT) * self._rng.random(loose.shape)
            table.avoid_vm = self._rng.random(table.avoid_vm.shape)
        roll_out(table, moves, self._gathering, best, deadline)
        return self._problem.score.slots(placement.free)

    def _choose(self, node: Node, options: dict[Action, Migration]) -> Action:
        """Return the action of the greatest upper confidence bound; one never tried promises what its state does."""

        def bound(action: Action) -> float:
            child = node.children.get(action)
            mean, visits = (child.mean, child.visits) if child and child.visits else (node.mean, 1)
            return mean + self._exploration * math.sqrt(math.log(node.visits + 1) / visits)

        return max(options, key=bound)

    def _node(self, placement: Placement, depth: int) -> Node:
        """Return the node of a state after so many migrations."""
        pms, _ = self._canonical.keys(placement)
        return self._nodes.setdefault((int(pms.sum()), depth), Node())

    def options(self, guide: MoveTable) -> dict[Action, Migration]:
        """Return the most promising migrations, best first: of VMs that are alike one, to its best unlike places."""
        placement = guide.placement
        pms, nodes = self._canonical.keys(placement)
        places = (pms[:, None] + nodes).ravel()
        promise = guide.potential()
        groups: set[tuple[int, int]] = set()
        options: list[tuple[float, Action, Migration]] = []
        for vm in np.argsort(-promise, kind="stable").tolist():
            if promise[vm] == NEVER or len(groups) == self._width:
                break
            home = int(placement.pm[vm])
            group = (int(self._canonical.vm[vm]), int(places[2 * home + int(placement.node[vm])]))
            if group in groups:
                continue
            groups.add(group)
            gains = guide.destination_gains(vm).ravel()
            for place in _best_unlike(gains, places):
                pm, node = divmod(place, 2)
                options.append((float(gains[place]), (*group, int(places[place]), pm == home), Migration(vm, pm, node)))
        return {action: move for _, action, move in sorted(options, key=itemgetter(0), reverse=True)}


def _best_unlike(gains: NDArray[np.float64], places: Keys) -> list[int]:
    """Return the best places [2 P] that are possible, of those that are alike the first."""
    order = np.argsort(-gains, kind="stable")
    _, first = np.unique(places[order], return_index=True)
    return [place for place in order[np.sort(first)[:PLACES]].tolist() if gains[place] > NEVER]
