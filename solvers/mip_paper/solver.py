"""The solver's side: write the task, wait no longer than the deadline, order the answer."""

import math
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import numpy as np

from data import InputError
from solvers.contract import Problem, Solution
from solvers.deadline import Deadline
from solvers.incumbents import Incumbents
from solvers.mip_paper.process import ask
from solvers.mip_paper.task import Task, make_task
from solvers.order import order
from solvers.params import param

PACKAGES = {"cbc": "pulp", "highs": "highspy"}
"""What each backend comes with."""


@dataclass(frozen=True)
class MipPaperParams:
    """Which backend solves the model, and how."""

    backend: Literal["cbc", "highs"] = param("cbc", "MIP backend of PuLP; highs needs the package highspy")
    threads: int = param(1, "threads of the backend", low=1, high=256)
    gap: float = param(0.0, "relative gap at which the backend may stop; 0 for a proven optimum", low=0, high=1)


class MipPaper:
    """The per-VM binary model of the paper [1]_, as a reference.

    One binary for each VM and each node it fits on, whole slots per node, at most MNL VMs away from where they are.
    Left out without changing the model: binaries that no placement can set, and the paper's PM switch, which its
    objective does not see. Added: memory and double slots, mixes, and all constraints of a `Problem`.

    The model sees only the final placement, so its bound holds for every plan, and its answer still has to be ordered,
    which may cost moves. At the paper's Medium size (over a million binaries) PuLP cannot even write the model down in
    five seconds; the empty plan is then the answer.

    Raises
    ------
    InputError
        When the package of the backend is not installed.

    References
    ----------
    .. [1] Ding et al., EuroSys '25, and baselines/mip.py of bytedance/DRL-based-VM-Rescheduling.
    """

    name = "mip-paper"
    Params = MipPaperParams

    def __init__(self, params: MipPaperParams = MipPaperParams()) -> None:
        self.params = params
        for package in ("pulp", PACKAGES[params.backend]):
            if find_spec(package) is None:
                raise InputError(f"solver mip-paper:backend={params.backend} needs {package}; pip install {package}.")

    def prepare(self) -> None:
        """Start the solving process once, so that programs and libraries are in the operating system's cache."""
        own = self.params
        nothing = Task(
            own.backend, own.threads, own.gap, time.time() + 1, 0, None, [0], [(16, 0), (0, 0)], [], [], [], []
        )
        ask(nothing, Deadline(20.0), 0.0)

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:  # noqa: ARG002 - deterministic
        """Return the ordered answer of the backend, or the empty plan when it has none in time."""
        best = Incumbents(problem, deadline)
        if problem.mnl == 0 or problem.score.quantum == 0 or not problem.cluster.may_leave.any():
            return best.solution(best.slots)
        reserve_s = min(0.5, 0.2 * deadline.time_limit_s)  # to end the process, read the answer and order it
        own, backend_stops_s = self.params, time.time() + deadline.remaining_s(1.6 * reserve_s)
        task = make_task(problem, own.backend, own.threads, own.gap, backend_stops_s)
        answer = ask(task, deadline, reserve_s)
        if answer.places is not None:
            self._offer(problem, answer.places, best, deadline)
        bound = answer.bound_slots
        if bound is not None and len(problem.score.terms) == 1:
            bound = float(math.floor(bound))  # slots of one rate are whole
        return best.solution(bound)

    def _offer(self, problem: Problem, places: list[int], best: Incumbents, deadline: Deadline) -> None:
        """Order the target placement and keep the plan if it gains."""
        cluster = problem.cluster
        target = 2 * cluster.pm.astype(np.int64) + cluster.node
        target[cluster.may_leave] = places
        plan = order(problem, target // 2, target % 2, deadline)
        best.offer(plan, problem.score.slots(problem.placement().apply_plan(plan).free))
