"""The exact solver."""

from solvers.mip.solver import Mip, MipParams

__all__ = ["Mip", "MipParams"]
