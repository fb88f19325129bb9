"""VMR2L: the learned agent as a solver."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from data import Plan
from rl.act import Choice
from rl.arrays import narrow, pack, stack
from rl.curriculum import LARGEST_PMS
from rl.env import Env
from rl.model import Policy
from rl.rollout import trajectories
from rl.store import SHIPPED, load
from solvers import Deadline, Problem, Solution
from solvers.incumbents import Incumbents
from solvers.params import param
from solvers.toys import crowd

CHUNK = 8
"""Trajectories sampled side by side."""
RESERVE_S = 0.01
"""Kept for the answer itself, beside the time of the slowest step so far."""


@dataclass(frozen=True)
class VMR2LParams:
    """Parameters of vmr2l."""

    samples: int = param(16, "trajectories, the first greedy, the others sampled; the best counts", low=1, high=100_000)
    threshold: float = param(
        0.1, "options less probable than this share of the best one are not sampled, 0 to 1", low=0.0, high=1.0
    )
    threads: int = param(
        1, "threads of the network; more barely help, and wait for each other on a busy machine", low=1
    )
    weights: str = param(str(SHIPPED), "a safetensors file that rl.train wrote")


class VMR2L:
    """The two-stage policy of Ding et al., EuroSys '25, in our own form (``docs/vmr2l.md``), trained with PPO.

    It plays greedily once and then samples further trajectories, until there are as many as asked for or the time is
    up, and answers with the best prefix of all. Nothing but the network chooses migrations. All constraints and
    objectives hold; it was trained on slots of 16 cores, and on other objectives it is valid rather than good. It was
    trained on at most 300 PMs: in larger clusters each trajectory keeps to 300 random ones. It knows nothing of what
    migrations cost, nor of PMs that are to be emptied: what these rules forbid is left out of its plans.
    """

    name = "vmr2l"
    Params = VMR2LParams

    def __init__(self, params: VMR2LParams = VMR2LParams()) -> None:
        self.params = params
        self._policy: Policy | None = None

    def prepare(self) -> None:
        """Load the weights and compile the environment, or load it from disk."""
        torch.set_num_threads(self.params.threads)
        self._policy = load(Path(self.params.weights))
        toy = pack(Problem(crowd(10), mnl=2))
        choices = [Choice(greedy=True), Choice()]
        trajectories(self._policy, Env.of(stack([toy, toy])), choices, np.random.default_rng(0))

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Return the best plan among the trajectories finished or begun by the deadline."""
        best = Incumbents(problem, deadline)
        if problem.mnl == 0 or not problem.cluster.may_leave.any() or not problem.score.terms or deadline.expired():
            return best.solution()
        if self._policy is None:
            self._policy = load(Path(self.params.weights))
        rng = np.random.default_rng(seed)
        start, packed = best.slots, pack(problem)
        pace = _Pace(deadline)
        done = 0
        while done < self.params.samples and not pace.over():
            size = 1 if done == 0 else min(CHUNK, self.params.samples - done)
            pace.grow(size)
            choice = Choice(greedy=done == 0, threshold=self.params.threshold, may_stop=False)
            env = Env.of(stack([narrow(packed, LARGEST_PMS, rng) for _ in range(size)]))
            for found in trajectories(self._policy, env, [choice] * size, rng, pace.over):
                if problem.rules.max_cost is None and not problem.rules.drain:
                    best.offer(found.plan, start + found.slots)
                else:
                    _offer_legal(problem, found.plan, best)
            done += size
        return best.solution()


def _offer_legal(problem: Problem, plan: Plan, best: Incumbents) -> None:
    """Carry out what is legal of a plan, in its order, and offer each improvement."""
    placement, made = problem.placement(), []
    for migration in plan:
        if placement.is_legal(migration):
            placement.apply(migration)
            made.append(migration)
            best.offer(Plan(tuple(made)), problem.score.slots(placement.free))


class _Pace:
    """Watches the clock: stops when the slowest step so far would no longer fit in."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._slowest_s = 0.0
        self._size = 1
        self._last_s: float | None = None

    def grow(self, size: int) -> None:
        """Expect steps of more trajectories side by side to take longer in proportion."""
        self._slowest_s *= max(1.0, size / self._size)
        self._size, self._last_s = size, None

    def over(self) -> bool:
        """Tell whether the next step might end too late; called before each."""
        now_s = time.perf_counter()
        if self._last_s is not None:
            self._slowest_s = max(self._slowest_s, now_s - self._last_s)
        self._last_s = now_s
        return self._deadline.expired(RESERVE_S + 1.5 * self._slowest_s)
