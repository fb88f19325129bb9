"""The exact solver, and its bound by itself."""

from solvers.mip.columns import certified_bound, dual, optimum
from solvers.mip.solver import Mip, MipParams

__all__ = ["Mip", "MipParams", "certified_bound", "dual", "optimum"]
