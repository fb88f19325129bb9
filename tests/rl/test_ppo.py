"""PPO, imitation, and training runs that are broken off."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console

from data import InputError
from rl import imitate
from rl.env import Env
from rl.model import Policy
from rl.ppo import Learner, PpoConfig, Renew, advantages, collect
from rl.store import load
from rl.train import PRESETS, train
from solvers import Deadline, Problem, create
from solvers.toys import crowd, toys

TINY = replace(
    PRESETS["quick"], lessons=1, demonstrations=2, steps=24, envs=2, horizon=4, presets={"scarce": 1.0}, pool=2,
    mnl=(4, 6), least_pms=8, whole=0.0, width=8, dev=0, ppo=PpoConfig(minibatch=4),
)  # fmt: skip


def test_advantages_are_discounted_sums():
    """With lambda 1 the advantage is the discounted return less the value, and episodes do not mix."""
    rng = np.random.default_rng(0)
    rewards, values = rng.normal(size=(6, 2)).astype(np.float32), rng.normal(size=(6, 2)).astype(np.float32)
    done = np.zeros((6, 2), dtype=bool)
    done[3, 0] = True
    last = np.array([0.5, -0.5], dtype=np.float32)
    found = advantages(rewards, values, done, last, PpoConfig(gamma=0.9, lam=1.0))
    for place in range(2):
        ahead = last[place]
        for step in reversed(range(6)):
            ahead = rewards[step, place] + 0.9 * ahead * (not done[step, place])
            assert found[step, place] == pytest.approx(ahead - values[step, place], abs=1e-5)


class Again(Renew):
    """Start the same problem again wherever it ends, and keep the slots gained by each episode."""

    def __init__(self, problem: Problem, places: int) -> None:
        self.problem, self.gained, self.finished = problem, np.zeros(places), []

    def __call__(self, env, gains, done):
        """Note the gains, and begin again."""
        self.gained += gains
        for place in np.flatnonzero(done):
            self.finished.append(self.gained[place])
            self.gained[place] = 0
            env.reset(place, self.problem)


def test_ppo_learns_a_toy():
    """A few updates find the one migration that gains, from rewards alone."""
    torch.manual_seed(0)
    problem = Problem(toys()[0].problem.cluster, 2)
    env, again, rng = Env([problem] * 16), Again(problem, 16), np.random.default_rng(0)
    config = PpoConfig(minibatch=64, epochs=2, entropy=0.0)
    learner = Learner(Policy(), config)
    for _ in range(8):
        learner.update(collect(learner.policy, env, 8, config, rng, again), 3e-3, rng)
    assert np.mean(again.finished[-20:]) > 0.7 > np.mean(again.finished[:20])


def test_imitation_learns_a_plan():
    """The loss falls, and what counts as right are migrations of the rest of the plan."""
    torch.manual_seed(0)
    problem = Problem(crowd(8), 8)
    plan = create("two-step").solve(problem, Deadline(60.0)).plan
    rng, policy = np.random.default_rng(0), Policy()
    lesson = imitate.replay([problem], [plan], 0.98, rng)
    assert len(lesson.token) == len(plan)
    for state in range(len(plan)):
        own = slice(lesson.seen.vm.starts[state], lesson.seen.vm.starts[state + 1])
        assert lesson.right[own][lesson.token[state]]
        assert lesson.right[own].sum() <= len(plan) - state
        assert lesson.right_goals[lesson.goals.starts[state] : lesson.goals.starts[state + 1]].any()
    optimiser = torch.optim.Adam(policy.parameters(), lr=3e-3)
    losses = [imitate.learn(policy, optimiser, lesson, 64, rng)["vm_loss"] for _ in range(15)]
    assert losses[-1] < 0.7 * losses[0]


def test_resume_goes_on_to_the_same_numbers(tmp_path):
    """A run that is broken off after its lesson or an update ends with the weights of one that is not."""
    quiet = Console(quiet=True)
    train(replace(TINY, out=tmp_path / "whole"), quiet)
    half = replace(TINY, out=tmp_path / "parts")

    class KilledError(Exception):
        """Stands for a kill."""

    class Breaking(Console):
        def print(self, *objects, **_):
            if "update 1/" in str(objects):
                raise KilledError

    with pytest.raises(KilledError):
        train(half, Breaking(quiet=True))
    train(replace(half, resume=True), quiet)
    whole, parts = (load(tmp_path / name / "policy.safetensors") for name in ("whole", "parts"))
    assert all((mine == theirs).all() for mine, theirs in zip(whole.parameters(), parts.parameters(), strict=True))


def test_nothing_to_resume(tmp_path):
    """Resuming where there is no checkpoint says so."""
    with pytest.raises(InputError, match="no checkpoint"):
        train(replace(TINY, out=tmp_path, resume=True), Console(quiet=True))
