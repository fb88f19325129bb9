"""The paper's own per-VM binary model, through PuLP."""

from solvers.mip_paper.solver import MipPaper, MipPaperParams

__all__ = ["MipPaper", "MipPaperParams"]
