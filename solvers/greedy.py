"""Greedy: the best joint gain over all VM and destination pairs, again and again."""

from collections.abc import Callable

from data import Migration, Plan
from solvers.contract import Problem, Solution
from solvers.deadline import Deadline
from solvers.incumbents import EPSILON, Incumbents
from solvers.moves import MoveTable
from solvers.params import NoParams


class Greedy:
    """Take the migration that gains most until none gains or the limit is reached.

    Ties go to the lowest VM index, then to the lowest PM and node. All constraints and objectives hold.
    """

    name = "greedy"
    Params = NoParams

    def __init__(self, params: NoParams = NoParams()) -> None:
        self.params = params

    def prepare(self) -> None:
        """Nothing to prepare."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:  # noqa: ARG002 - deterministic
        """Return the greedy plan, as long as it got by the deadline."""
        return climb(problem, deadline, MoveTable.best_move)


def climb(problem: Problem, deadline: Deadline, choose: Callable[[MoveTable], Migration | None]) -> Solution:
    """Take the migration that ``choose`` names, again and again, until it gains nothing, or the limit or time is up."""
    best = Incumbents(problem, deadline)
    table = MoveTable(problem)
    moves: list[Migration] = []
    slots = best.slots
    while len(moves) < problem.mnl and not deadline.expired(0.02):
        move = choose(table)
        gain = table.gain(move) if move is not None else 0.0
        if move is None or gain <= EPSILON:
            break
        slots += gain
        table.apply(move)
        moves.append(move)
        best.offer(Plan(tuple(moves)), slots)
    return best.solution()
