"""Decima from training to a plan."""

from dataclasses import replace

from rich.console import Console

from data import check
from rl.knobs import PRESETS
from rl.ppo import PpoConfig
from rl.store import DECIMA, load
from rl.train import train
from solvers import Deadline, Problem, create
from solvers.toys import crowd


def test_the_same_loop_trains_it(tmp_path):
    """The option --agent trains and writes this policy, which a file brings back as what it is, and which plans."""
    options = replace(
        PRESETS["quick"], agent="decima", steps=8, envs=2, horizon=4, presets={"scarce": 1.0}, pool=2, mnl=(4, 6),
        least_pms=8, whole=0.0, width=8, dev=0, ppo=PpoConfig(minibatch=4), out=tmp_path,
    )  # fmt: skip
    train(options, Console(quiet=True))
    solver = create(f"decima:weights={tmp_path / 'policy.safetensors'}")
    solver.prepare()
    problem = Problem(crowd(12), 10)
    verdict = check(problem.cluster, solver.solve(problem, Deadline(5.0)).plan, mnl=10)
    assert load(tmp_path / "policy.safetensors").agent == "decima"
    assert verdict.valid
    assert verdict.final_fr < verdict.initial_fr


def test_shipped_weights_are_its_own():
    """The weights that come with the project are of this policy, and stay below 2 MB."""
    assert load(DECIMA).agent == "decima"
    assert DECIMA.stat().st_size < 2_000_000
