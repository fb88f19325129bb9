"""Monte Carlo tree search over migrations."""

from solvers.mcts.solver import Mcts, MctsParams

__all__ = ["Mcts", "MctsParams"]
