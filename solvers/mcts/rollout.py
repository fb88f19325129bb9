"""The roll-out: how a plan goes on from a leaf of the tree."""

from data import Migration
from solvers.deadline import Deadline
from solvers.incumbents import EPSILON, Incumbents
from solvers.mcts.gathering import Gathering
from solvers.moves import MoveTable
from solvers.two_step import run_two_step

RESERVE_S = 0.1
"""Seconds that a step on a large cluster may take."""


def roll_out(
    table: MoveTable, moves: tuple[Migration, ...], gathering: Gathering, best: Incumbents, deadline: Deadline
) -> None:
    """Extend ``moves``, already applied to ``table``, by the rule of two steps up to the limit.

    Where no migration and no pair gains, the one that gathers remainders most makes ready for further ones.
    No step loses a slot, so ``table`` ends in the best state of the roll-out; ``best`` is offered what improves it.
    """
    budget = table.problem.mnl
    while True:
        moves = run_two_step(table, budget, deadline, best, moves)
        if len(moves) + 2 > budget or deadline.expired(RESERVE_S):
            break
        guide = MoveTable(table.problem, table.placement, gathering)
        guide.avoid_place, guide.avoid_vm = table.avoid_place, table.avoid_vm
        move = guide.best_move()
        if move is None or table.gain(move) < -EPSILON:
            break
        table.apply(move)
        moves = (*moves, move)
