"""Decoding: thresholds, stopping, and parts of clusters that are too large."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rl.act import Choice, _draw, decide
from rl.arrays import narrow, pack
from rl.env import Env
from rl.model import Policy
from rl.observation import Section
from rl.rollout import trajectories
from solvers import Problem
from solvers.toys import crowd


def eager_to_stop() -> Policy:
    """Make a policy that stops at once where it may."""
    torch.manual_seed(0)
    policy = Policy().eval()
    torch.nn.init.constant_(policy.stop[2].bias, 99.0)
    return policy


def test_stop_is_taken_only_where_it_may_be():
    """Stopping can be left out, and is still taken where nothing can move."""
    fixed = replace(crowd(1), movable=np.zeros(crowd(1).vms, dtype=bool))
    env, rng = Env([Problem(crowd(5), 4)] * 2 + [Problem(fixed, 4)]), np.random.default_rng(0)
    choices = [Choice(greedy=True), Choice(greedy=True, may_stop=False), Choice(may_stop=False)]
    made = decide(eager_to_stop(), env, env.observe(), choices, rng)
    assert (made.vms >= 0).tolist() == [False, True, False]


def test_a_threshold_of_one_is_greedy():
    """Where only the best option is probable enough, sampling takes the tokens and classes that greedy takes."""
    torch.manual_seed(1)
    env, rng = Env([Problem(crowd(9), 4)] * 2), np.random.default_rng(0)
    made = decide(Policy().eval(), env, env.observe(), [Choice(greedy=True), Choice(threshold=1.0)], rng)
    assert made.token[0] == made.token[1]


@pytest.mark.parametrize(("cut", "threshold", "left"), [
    ("share", 0.6, {1, 2, 3}), ("absolute", 0.1, {0, 2, 3}), ("absolute", 0.9, {3}), ("quantile", 0.7, {0, 2, 3}),
    ("quantile", 0.8, {2, 3}), ("quantile", 0.95, {3}),
])  # fmt: skip
def test_what_is_cut_off(cut, threshold, left):
    """Options stand for several equal ones: of ten in all, seven share .28, and one each has .12, .24, .36."""
    scores = np.log([[0.12, 0.28, 0.24, 0.36]] * 400)
    options = Section(np.array([[1.0], [7.0], [1.0], [1.0]] * 400, dtype=np.float32), np.arange(401) * 4)
    choices = [Choice(threshold=threshold, cut=cut)] * 400
    assert set(_draw(scores, choices, options, 0, np.random.default_rng(0)).tolist()) == left


def test_parts_keep_to_their_pms():
    """In a cluster that is narrowed down, migrations touch as many PMs as are left, and stay legal in the whole."""
    problem = Problem(crowd(20), 12)
    one = narrow(pack(problem), 6, np.random.default_rng(0))
    assert one.open.sum() == 6
    torch.manual_seed(0)
    choice = Choice(may_stop=False)
    env = Env.of(one)
    trajectories(Policy().eval(), env, [choice], np.random.default_rng(0))
    home = env.arrays.seat[0] >> 1
    moved = np.flatnonzero(home != problem.cluster.pm)
    assert len(moved)
    assert one.open[0, home[moved]].all()
    assert one.open[0, problem.cluster.pm[moved]].all()
