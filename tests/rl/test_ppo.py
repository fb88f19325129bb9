"""PPO, and training runs that are broken off or spread over processes."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from data import InputError
from rl import ppo
from rl.course import Course
from rl.curriculum import Curriculum
from rl.env import Env
from rl.knobs import PRESETS
from rl.model import Policy
from rl.ppo import Learner, PpoConfig, Renew, advantages, collect, descend, evaluate
from rl.run import Run
from rl.store import load
from rl.train import train
from solvers import Problem
from solvers.toys import toys

TINY = replace(
    PRESETS["quick"], steps=24, envs=2, horizon=4, presets={"scarce": 1.0}, pool=2, mnl=(4, 6), least_pms=8, whole=0.0,
    width=8, dev=0, ppo=PpoConfig(minibatch=4),
)  # fmt: skip
CURRICULUM = Curriculum({"scarce": 1.0}, pool=2, mnl=(4, 6), least_pms=8, whole=0.0)


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

    def __call__(self, env, vms, gains, done):  # noqa: ARG002 - the contract's signature
        """Note the gains, and begin again."""
        self.gained += gains
        for place in np.flatnonzero(done):
            self.finished.append(self.gained[place])
            self.gained[place] = 0
            env.reset(place, self.problem)
        return gains


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


@pytest.mark.parametrize(("target_kl", "epochs"), [(float("inf"), 3), (-1.0, 1)])
def test_a_policy_that_has_moved_too_far_is_left_alone(monkeypatch, target_kl, epochs):
    """All epochs are gone through, unless one of them moves the policy by more than the target."""
    problem, rng = Problem(toys()[0].problem.cluster, 2), np.random.default_rng(0)
    learner, steps = Learner(Policy(), PpoConfig(minibatch=8, epochs=3, target_kl=target_kl)), []
    rollout = collect(learner.policy, Env([problem] * 4), 4, learner.config, rng, Again(problem, 4))
    monkeypatch.setattr(ppo, "descend", lambda *given: steps.append(0) or descend(*given))
    learner.update(rollout, 1e-3, rng)
    assert len(steps) == 2 * epochs


def test_a_teacher_is_followed():
    """What the teacher calls right becomes likelier, whatever was rewarded."""
    torch.manual_seed(0)
    course = Course(CURRICULUM, (0, 0), shaped=True)
    env, rng, learner = course.start(4), np.random.default_rng(0), Learner(Policy(), PpoConfig(minibatch=16))
    misses = []
    for _ in range(6):
        rollout = collect(learner.policy, env, 8, learner.config, rng, course, course.teach)
        misses.append(learner.update(rollout, 3e-3, rng, teaching=1.0)["miss"])
    assert misses[-1] < misses[0] - 0.3


def test_no_lesson_is_escaped_by_stopping():
    """How much worse the next migration is than the best one does not depend on how likely it is to stop."""
    torch.manual_seed(0)
    course = Course(CURRICULUM, (0, 0), shaped=True)
    env, rng, learner = course.start(4), np.random.default_rng(0), Learner(Policy(), PpoConfig())
    rollout = collect(learner.policy, env, 2, learner.config, rng, course, course.teach)
    regrets = []
    for _ in range(2):
        with torch.no_grad():
            judged = evaluate(learner.policy, rollout.seen, rollout.goals, rollout.token, rollout.goal)
            regrets.append(float(judged.faults(rollout.vm_lessons, rollout.goal_lessons)[1]))
        torch.nn.init.constant_(learner.policy.stop[2].bias, 8.0)
    assert regrets[0] == pytest.approx(regrets[1], rel=1e-3)
    assert regrets[0] > 0


def test_resume_goes_on_to_the_same_numbers(tmp_path):
    """A run that is broken off between two updates ends with the weights of one that is not."""
    quiet = Console(quiet=True)
    train(replace(TINY, out=tmp_path / "whole"), quiet)
    half = replace(TINY, out=tmp_path / "parts")

    class KilledError(Exception):
        """Stands for a kill."""

    class Breaking(Console):
        def print(self, *objects, **_):
            if "update 2/" in str(objects):
                raise KilledError

    with pytest.raises(KilledError):
        train(half, Breaking(quiet=True))
    train(replace(half, resume=True), quiet)
    whole, parts = (load(tmp_path / name / "policy.safetensors") for name in ("whole", "parts"))
    assert all((mine == theirs).all() for mine, theirs in zip(whole.parameters(), parts.parameters(), strict=True))


def test_a_player_elsewhere_plays_the_same(tmp_path):
    """A run whose player has a process of its own is broken off, goes on, and ends with the weights of one process."""
    quiet = Console(quiet=True)
    train(replace(TINY, steps=16, out=tmp_path / "one"), quiet)
    pair = replace(TINY, steps=16, players=1, out=tmp_path / "two")
    run = Run(pair)
    run.improve()
    pair.out.mkdir()
    run.save()
    train(replace(pair, resume=True), quiet)
    one, two = (load(tmp_path / name / "policy.safetensors") for name in ("one", "two"))
    assert all((mine == theirs).all() for mine, theirs in zip(one.parameters(), two.parameters(), strict=True))


def test_nothing_to_resume(tmp_path):
    """Resuming where there is no checkpoint says so."""
    with pytest.raises(InputError, match="no checkpoint"):
        train(replace(TINY, out=tmp_path, resume=True), Console(quiet=True))


def test_two_processes_train_one_policy(tmp_path):
    """Under torchrun both processes end with the same weights, learned from the problems of both."""
    script = tmp_path / "pair.py"
    script.write_text(
        "import torch\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from rich.console import Console\n"
        "from rl import parallel\n"
        "from rl.train import train\n"
        "from tests.rl.test_ppo import TINY\n"
        f"with parallel.joined('cpu'):\n    train(replace(TINY, out=Path({str(tmp_path)!r})), Console(quiet=True))\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (torch.load(tmp_path / name, weights_only=False) for name in ("checkpoint.pt", "checkpoint-1.pt"))
    assert all((first["policy"][key] == second["policy"][key]).all() for key in first["policy"])
    assert first["team"][0]["arrays"] != second["team"][0]["arrays"]
