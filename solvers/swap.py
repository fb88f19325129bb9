"""Swap: the two-step rule, then chains and trades, then fresh starts while time lasts."""

from dataclasses import dataclass

import numpy as np

from data import Migration, Plan
from solvers.chains import take_chain
from solvers.contract import Problem, Solution
from solvers.deadline import Deadline
from solvers.incumbents import EPSILON, Incumbents
from solvers.moves import MoveTable
from solvers.params import param
from solvers.two_step import run_two_step

RESERVE_S = 0.1
"""Seconds that a look for chains may take on a large cluster; a fresh start needs as much again."""


@dataclass(frozen=True)
class SwapParams:
    """Parameters of swap."""

    longest: int = param(4, "migrations in the longest chain", low=2, high=10)
    patience: int = param(200, "fresh starts without improvement before it stops early", low=0)


class Swap:
    """Extend the two-step rule's plan by chains and pair exchanges, then search on from random prefixes of it.

    Each fresh start keeps a random prefix of the best plan, prefers and avoids VMs and places at random among equals,
    and builds the rest anew. Every state is legal, so the best plan is valid at any moment. All constraints and
    objectives hold; VMs in anti-affinity groups take part in single moves and pairs, not in chains.
    """

    name = "swap"
    Params = SwapParams

    def __init__(self, params: SwapParams = SwapParams()) -> None:
        self.params = params

    def prepare(self) -> None:
        """Nothing to prepare."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Return the best plan found before the deadline, or once fresh starts bring nothing any more."""
        best = Incumbents(problem, deadline)
        search(problem, best, deadline, self.params, seed)
        return best.solution()


def search(
    problem: Problem,
    best: Incumbents,
    deadline: Deadline,
    params: SwapParams,
    seed: int,
    enough: float = np.inf,
) -> None:
    """Offer plans to ``best`` until the deadline, until ``enough`` slots, or until fresh starts bring nothing."""
    rng = np.random.default_rng(seed)
    _build(MoveTable(problem), (), best, deadline, params)
    failures = 0
    while failures < params.patience and best.slots < enough - EPSILON and len(best.plan):
        if deadline.expired(2 * RESERVE_S):
            break
        kept = best.plan.prefix(int(rng.integers(len(best.plan)))).migrations
        table = MoveTable(problem)
        for move in kept:
            table.apply(move)
        table.avoid_place = rng.random(table.avoid_place.shape)
        table.avoid_vm = rng.random(table.avoid_vm.shape)
        slots = best.slots
        _build(table, kept, best, deadline, params)
        failures = 0 if best.slots > slots else failures + 1


def _build(
    table: MoveTable, moves: tuple[Migration, ...], best: Incumbents, deadline: Deadline, params: SwapParams
) -> None:
    """Extend ``moves`` by the rule and by chains, in turn, until neither gains or the limit is reached."""
    budget = table.problem.mnl
    while True:
        moves = run_two_step(table, budget, deadline, best, moves)
        if budget < len(moves) + 2 or deadline.expired(RESERVE_S):
            break
        chain = take_chain(table, min(params.longest, budget - len(moves)), deadline)
        if not chain:
            break
        moves = (*moves, *chain)
        best.offer(Plan(moves), table.problem.score.slots(table.placement.free))
