"""VMR2L: the learned agent as a solver."""

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from data import Migration, Plan
from rl import rules
from rl.act import Choice, Cut
from rl.arrays import narrow, pack, stack
from rl.env import Env
from rl.model import Policy
from rl.rollout import trajectories
from rl.store import find, load
from solvers import Deadline, Problem, Solution
from solvers.incumbents import Incumbents
from solvers.params import param
from solvers.toys import crowd

CHUNK = 5
"""Trajectories sampled side by side."""
RESERVE_S = 0.01
"""Kept for the answer itself, beside the time of the slowest step so far."""
LARGEST_PMS = 1500
"""In larger clusters than it was trained on it keeps to so many random PMs."""


@dataclass(frozen=True)
class VMR2LParams:
    """Parameters of vmr2l."""

    samples: int = param(
        16, "trajectories, the first greedy, the others sampled; the best counts; 0: until the time is up", low=0,
        high=100_000,
    )  # fmt: skip
    threshold: float = param(
        0.1, "improbable options are not sampled, 0 to 1; what it means says cut", low=0.0, high=1.0
    )
    cut: Cut = param(
        "share", "threshold is a share of the best option's probability, an absolute probability, or a quantile"
    )
    threads: int = param(
        1, "threads of the network; more barely help, and wait for each other on a busy machine", low=1
    )
    weights: str = param("vmr2l", "weights in rl/weights, by name, or a safetensors file that rl.train wrote")


class VMR2L:
    """The two-stage policy of Ding et al., EuroSys '25, in our own form (``docs/vmr2l.md``), trained with PPO.

    It plays greedily once and then samples further trajectories, until there are as many as asked for or the time is
    up, and answers with the best prefix of all. Each further one begins with a random part of the best so far.
    Nothing but the network chooses migrations. All constraints and objectives hold; it was trained on slots of 16
    cores, and on other objectives it is valid rather than good. It was trained on at most 1,176 PMs: in clusters of
    more than 1,500 it keeps to so many random ones. It keeps to what migrations may cost and off PMs that
    are to be emptied, but weighs no costs and empties no PMs.
    """

    name = "vmr2l"
    Params = VMR2LParams

    def __init__(self, params: VMR2LParams = VMR2LParams()) -> None:
        self.params = params
        self._policy: Policy | None = None

    def prepare(self) -> None:
        """Load the weights and compile the environment, or load it from disk."""
        torch.set_num_threads(self.params.threads)
        torch.set_flush_denormal(True)
        self._policy = load(find(self.params.weights))
        toy = pack(Problem(crowd(10), mnl=2))
        choices = [Choice(greedy=True), Choice()]
        env = self._policy.environment.of(stack([toy, toy]))
        trajectories(self._policy, env, choices, np.random.default_rng(0))

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Return the best plan among the trajectories finished or begun by the deadline."""
        best = Incumbents(problem, deadline)
        if problem.mnl == 0 or not problem.cluster.may_leave.any() or not problem.score.terms or deadline.expired():
            return best.solution()
        if self._policy is None:
            self._policy = load(find(self.params.weights))
        rng = np.random.default_rng(seed)
        start, packed = best.slots, narrow(pack(problem), LARGEST_PMS, rng)
        pace, leader, most = Pace(deadline), Plan(), 0.0
        done, wanted = 0, self.params.samples or sys.maxsize
        while done < wanted and not pace.over():
            size = 1 if done == 0 else min(CHUNK, wanted - done)
            pace.grow(size)
            choice = Choice(done == 0, self.params.threshold, self.params.cut, may_stop=False)
            env = self._policy.environment.of(stack([packed] * size))
            begun = [leader.prefix(int(rng.integers(len(leader) + 1))) for _ in range(size)]
            gained = [_replay(env, row, moves) for row, moves in enumerate(begun)]
            found = trajectories(self._policy, env, [choice] * size, rng, pace.over)
            for moves, before, rest in zip(begun, gained, found, strict=True):
                if before + rest.slots >= most:  # equals, too: they lead elsewhere
                    leader, most = Plan((*moves, *rest.plan)), before + rest.slots
                    best.offer(leader, start + most)
            done += size
        return best.solution()


def _replay(env: Env, row: int, moves: Iterable[Migration]) -> float:
    """Carry out migrations in one place of the environment, for good; return the slots gained."""
    slots = 0.0
    for each in moves:
        slots += float(rules.migrate(env.arrays, row, *each))
        rules.settle(env.arrays, row, each.vm)
    return slots


class Pace:
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
