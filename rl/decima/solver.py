"""Decima as a solver."""

from dataclasses import dataclass

from rl.solver import VMR2L, VMR2LParams
from solvers.params import param


@dataclass(frozen=True)
class DecimaParams(VMR2LParams):
    """Parameters of decima: those of vmr2l, and weights of its own."""

    weights: str = param("decima", "weights in rl/weights, by name, or a file that rl.train --agent decima wrote")


class Decima(VMR2L):
    """Decima (Mao et al., SIGCOMM '19) on rescheduling, as the baseline of Ding et al., EuroSys '25, is described.

    A graph network picks a VM, then a limit on how many PMs are considered; best-fit chooses among them
    (`rl.decima.env`). Trajectories, their number and the best prefix are as in `rl.solver.VMR2L`, and so are training,
    constraints, objectives and what lies outside its training.
    """

    name = "decima"
    Params = DecimaParams
