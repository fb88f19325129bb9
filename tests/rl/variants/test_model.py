"""The variants from training to a plan."""

from dataclasses import replace

import pytest
from rich.console import Console

from data import InputError, check
from rl.knobs import PRESETS
from rl.store import load
from rl.train import train
from rl.yardstick import Yardstick
from solvers import Deadline, Problem, create
from solvers.toys import crowd

TINY = replace(
    PRESETS["paper"], steps=16, envs=2, horizon=4, presets={"memory": 1.0}, pool=2, mnl=(4, 6), least_pms=8, whole=0.0,
    shaped=True, width=8, dev=1, dev_sorts=("memory-3",), dev_every=2,
    ppo=replace(PRESETS["paper"].ppo, minibatch=4),
)  # fmt: skip


@pytest.mark.parametrize("agent", ["penalty", "full"])
def test_the_same_loop_trains_it(tmp_path, agent):
    """Two updates are made and measured, and the file that comes of them plans as any policy does."""
    train(replace(TINY, agent=agent, out=tmp_path), Console(quiet=True))
    assert load(tmp_path / "policy.safetensors").agent == agent
    assert (tmp_path / "curve.csv").read_text().count("memory-3") == 1
    solver = create(f"vmr2l:samples=2:weights={tmp_path / 'policy.safetensors'}")
    solver.prepare()
    problem = Problem(crowd(12), 10)
    assert check(problem.cluster, solver.solve(problem, Deadline(5.0)).plan, mnl=10).valid


def test_sorts_are_a_preset_and_a_limit():
    """A sort that names no problems is turned down with an example."""
    with pytest.raises(InputError, match="medium-50"):
        Yardstick.make(1, ("medium",))
