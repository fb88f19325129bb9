"""The published filter-and-score heuristic."""

import numpy as np
from numpy.typing import NDArray

from data import Migration
from data.cluster import CORES
from solvers.contract import Problem, Solution
from solvers.deadline import Deadline
from solvers.greedy import climb
from solvers.moves import NEVER, MoveTable
from solvers.params import NoParams

LARGEST_CORES = 16
"""VMs above this size are never considered (Ding et al., EuroSys '25, as published in their HA baseline)."""


class FilterAndScore:
    """HA (also GA in the paper's figures): pick the VM first, then its destination.

    Filter: of the VMs of up to 16 cores, the one whose departure lowers the fragments of its PM most. Score: of all
    other PMs and nodes with room for it, the one whose fragments fall most. Stop when a step gains nothing. Unlike the
    published code (bytedance/DRL-based-VM-Rescheduling, heuristics.py), memory and all other constraints hold; a VM
    without any destination is passed over. Ties go to the lowest VM index, then to the lowest PM and node.
    """

    name = "ha"
    Params = NoParams

    def __init__(self, params: NoParams = NoParams()) -> None:
        self.params = params

    def prepare(self) -> None:
        """Nothing to prepare."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:  # noqa: ARG002 - deterministic
        """Return the heuristic's plan, as long as it got by the deadline."""
        cluster = problem.cluster
        cores = cluster.demand[:, CORES] * np.where(cluster.double, 2, 1)
        slot = problem.objective.rates[0].size if problem.objective.rates[0].resource == CORES else LARGEST_CORES
        small = cores <= LARGEST_CORES

        def choose(table: MoveTable) -> Migration | None:
            return _first_movable(table, np.where(small, table.leave - cores / slot, NEVER))  # fragments, in slots

        return climb(problem, deadline, choose)


def _first_movable(table: MoveTable, relief: NDArray[np.float64]) -> Migration | None:
    """Return the best migration, to another PM, of the VM with the greatest relief that has one."""
    for vm in np.argsort(-relief, kind="stable"):
        if relief[vm] == NEVER:
            break
        gains = table.destination_gains(int(vm))
        gains[table.placement.pm[vm]] = NEVER  # the published heuristic knows no flips
        pm, node = divmod(int(gains.argmax()), 2)
        if gains[pm, node] > NEVER:
            return Migration(int(vm), pm, node)
    return None
