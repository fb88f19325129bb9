"""How fast the environment, the network and whole trajectories are: ``python -m benchmarks.vmr2l``."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

import numpy as np
import torch
import tyro

from data.generators import generate
from rl.arrays import pack, stack
from rl.env import Env
from rl.evaluate import best_of
from rl.model import Policy
from rl.ppo import Learner, PpoConfig, Renew, collect
from rl.solver import VMR2L, VMR2LParams
from rl.store import SHIPPED, load
from solvers import Problem

ROUNDS = 15
"""How often the pace of the environment is measured."""


@dataclass(frozen=True)
class Options:
    """Measure environment steps, training states and trajectories a second on one preset."""

    preset: str = "medium"
    """Which clusters."""
    envs: int = 64
    """Problems side by side."""
    threads: int = 1
    """Threads of the network."""
    cores: int = 2
    """Processes that share the problems where the environment alone is measured, as in training."""


class Endless(Renew):
    """Restarts every problem from its snapshot."""

    def __init__(self, problem: Problem) -> None:
        self.start = pack(problem)

    def __call__(self, env: Env, vms: np.ndarray, gains: np.ndarray, done: np.ndarray) -> np.ndarray:  # noqa: ARG002 - the contract's signature
        """Put the snapshot back where an episode has ended."""
        for place in np.flatnonzero(done).tolist():
            env.restore(place, self.start)
        return gains


def steps_per_second(problem: Problem, envs: int, cores: int) -> float:
    """Measure random play in several processes that share the problems: observe, choose a VM and a place, migrate.

    They begin each of some rounds together; the median round counts.
    """
    context = get_context("spawn")
    together, paces = context.Barrier(cores), context.Queue()
    others = [context.Process(target=_play, args=(problem, envs // cores, together, paces)) for _ in range(cores)]
    for other in others:
        other.start()
    found = [paces.get() for _ in others]
    for other in others:
        other.join()
    return float(np.median(np.sum(found, axis=0)))


def _play(problem: Problem, envs: int, together: Barrier, paces: "Queue[list[float]]") -> None:
    """Measure a share of the problems, at the same time as the others, a migration limit of 50 in each round."""
    start = stack([pack(problem)] * envs)
    rng, paced = np.random.default_rng(0), []
    for _ in range(ROUNDS):
        env = Env.of(stack([start]))
        env.observe()
        together.wait()
        paced.append(envs * problem.mnl / seconds(lambda env=env: [_step(env, rng) for _ in range(problem.mnl)]))
    paces.put(paced)


def _step(env: Env, rng: np.random.Generator) -> None:
    seen, count = env.observe(), len(env)
    tokens = seen.vm.starts[:-1] + (rng.random(count) * seen.vm.lengths).astype(int)
    vms, goals = env.choose(seen.vm.rows[tokens, 7].astype(np.int64), rng.random(count))
    picks = goals.starts[:-1] + (rng.random(count) * goals.lengths).astype(int)
    env.step(vms, goals.rows[picks, 0].astype(np.int64), rng.random(count))


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


def main() -> None:
    """Measure and print."""
    options = tyro.cli(Options, description=Options.__doc__)
    torch.set_num_threads(options.threads)
    cluster = generate(options.preset, "dev", 0)
    problem = Problem(cluster, 50)
    for cores in sorted({1, options.cores}):
        pace = steps_per_second(problem, options.envs, cores)
        print(f"environment, B = {options.envs}, {cores} processes: {pace:,.0f} steps/s (bar: 40,000 on two cores)")
    policy = load(SHIPPED)
    for mnl, samples in ((50, 1), (50, 16), (100, 16)):
        solver = VMR2L(VMR2LParams(samples, threads=options.threads))
        solver.prepare()
        _, took_s = best_of(solver, cluster, mnl, seed=0)
        print(f"trajectory of {mnl} migrations, K = {samples}: {took_s:.2f} s")
    env, rng, config = Env([problem] * options.envs), np.random.default_rng(0), PpoConfig()
    learner = Learner(Policy(policy.config), config)
    rollout = collect(learner.policy, env, 4, config, rng, Endless(problem))
    states = 4 * options.envs
    took_s = seconds(lambda: collect(learner.policy, env, 4, config, rng, Endless(problem)))
    print(f"roll-out: {states / took_s:,.0f} states/s")
    print(f"learning: {states / seconds(lambda: learner.update(rollout, 1e-4, rng)):,.0f} states/s")


if __name__ == "__main__":
    main()
