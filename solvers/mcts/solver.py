"""MCTS: search a pruned tree of migrations, decide on the first ones, and search on from there."""

import math
from dataclasses import dataclass

from solvers.contract import Problem, Solution
from solvers.deadline import Deadline
from solvers.incumbents import Incumbents
from solvers.mcts.rollout import RESERVE_S
from solvers.mcts.tree import Moves, Tree
from solvers.params import param


@dataclass(frozen=True)
class MctsParams:
    """Parameters of MCTS."""

    rollouts: int = param(8, "roll-outs before the next migration is decided", low=1)
    width: int = param(4, "VMs considered in a state, of those that are alike one", low=1)
    exploration: float = param(1.0, "slots that the doubt about a migration is worth (the constant of UCT)", low=0)


class Mcts:
    """Monte Carlo tree search over migrations.

    Published is that this baseline of Ding et al. (EuroSys '25) prunes its search space (DDTS) and makes several
    roll-outs. Ours are the ways to do so. The tree considers few VMs of those that are not alike, and for each its two
    best places, by slots gained and then by remainders gathered (`gathering`); states that differ in names alone are
    one node (`canonical`). Roll-outs follow the rule of two steps with chance among equals, and gather where it ends
    (`rollout`), so that the first one is better than the published search already. After some roll-outs the first
    migration of the best plan is decided, or as many as the time asks for, and the search goes on from there.
    All constraints and objectives hold. It ends by itself when all migrations are decided.
    """

    name = "mcts"
    Params = MctsParams

    def __init__(self, params: MctsParams = MctsParams()) -> None:
        self.params = params

    def prepare(self) -> None:
        """Nothing to prepare."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Return the best plan that any roll-out came to before the deadline."""
        best = Incumbents(problem, deadline)
        tree = Tree(problem, self.params.width, self.params.exploration, seed)
        decided = 0
        while decided <= len(best.plan) and decided < problem.mnl and not deadline.expired(RESERVE_S):
            share = self._search(tree, best.plan.prefix(decided).migrations, best, deadline)
            decided += max(1, math.ceil(share * (problem.mnl - decided)))
        return best.solution()

    def _search(self, tree: Tree, decided: Moves, best: Incumbents, deadline: Deadline) -> float:
        """Roll out from the state after the decided migrations; return the share of the time left that it took."""
        left_s = deadline.remaining_s(RESERVE_S)
        for _ in range(self.params.rollouts):
            if deadline.expired(RESERVE_S):
                break
            tree.grow(decided, best, deadline)
        return 1.0 - deadline.remaining_s(RESERVE_S) / (left_s or 1.0)
