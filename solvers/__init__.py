"""Problems, solvers, and the registry that names them."""

from solvers.contract import Incumbent, Problem, Solution, Solver
from solvers.deadline import Deadline
from solvers.registry import SOLVERS, SolverSpec, create, parse_solvers, register

__all__ = [
    "SOLVERS",
    "Deadline",
    "Incumbent",
    "Problem",
    "Solution",
    "Solver",
    "SolverSpec",
    "create",
    "parse_solvers",
    "register",
]
