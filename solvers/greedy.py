"""Greedy: the best joint gain over all VM and destination pairs, again and again."""

from data import Migration, Plan
from solvers.contract import Problem, Solution
from solvers.deadline import Deadline
from solvers.incumbents import Incumbents
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
        best = Incumbents(problem, deadline)
        table = MoveTable(problem)
        moves: list[Migration] = []
        slots = best.slots
        while len(moves) < problem.mnl and not deadline.expired(0.02):
            move = table.best_move()
            if move is None:
                break
            slots += table.gain(move)
            table.apply(move)
            moves.append(move)
            best.offer(Plan(tuple(moves)), slots)
        return best.solution()
