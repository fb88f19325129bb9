"""Problems, solvers, and the registry that names them."""

from pathlib import Path

from solvers.contract import Incumbent, Problem, Solution, Solver
from solvers.deadline import Deadline
from solvers.registry import SOLVERS, SolverSpec, create, parse_solvers, register
from solvers.stale import drop_stale_kernels

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

drop_stale_kernels(Path(__file__).parent.parent)
