"""Regrets: what the prices of the certified bound say of every migration."""

import numpy as np
import pytest

from data.generators import generate
from rl import rules
from rl.env import Env
from rl.potential import Potential
from solvers import Deadline, Problem, create
from solvers.toys import crowd


def test_a_best_plan_has_hardly_any_regret():
    """Over an optimal plan the regrets sum up to the gap between the bound and what is gained, less than a slot."""
    problem = Problem(generate("scarce", "dev", 0), 30)
    plan = create("mip:workers=1").solve(problem, Deadline(60.0)).plan
    env = Env([problem])
    potential = Potential(problem, env.arrays, 0)
    possible, gained, total = potential.value, 0.0, 0.0
    for step, move in enumerate(plan, start=1):
        gain = rules.migrate(env.arrays, 0, *move)
        total += potential.reward(env.arrays, move.vm, gain, done=step == len(plan))
        gained += gain
    assert total == pytest.approx(gained - possible)
    assert -1 < total <= 1e-6


@pytest.mark.parametrize("preset", ["scarce", "tight", "memory"])
def test_what_looks_the_same_is_equally_right(preset):
    """To let any VM of a token go costs the same: nothing that matters is hidden from the policy."""
    problem = Problem(generate(preset, "train", 0), 20)
    env = Env([problem])
    seen, potential = env.observe(), Potential(problem, env.arrays, 0)
    movers = np.flatnonzero(rules.movable(env.arrays, 0))
    tokens, regret = env.tokens(0, movers, seen, 0), potential.leaving(env.arrays, movers)
    assert len(np.unique(tokens)) == seen.vm.lengths[0] < len(movers)
    for token in range(seen.vm.lengths[0]):
        assert np.ptp(regret[tokens == token]) == pytest.approx(0, abs=1e-9)


def test_regret_comes_apart():
    """Minus the reward of a migration to another PM is the regret of leaving plus that of entering, none below 0."""
    problem, rng = Problem(crowd(20), 12), np.random.default_rng(0)
    env = Env([problem])
    potential = Potential(problem, env.arrays, 0)
    for _ in range(11):
        vm = int(rng.integers(problem.cluster.vms))
        places = np.flatnonzero(rules.legal(env.arrays, 0, vm).reshape(-1))
        places = places[places // 2 != env.arrays.seat[0, vm] >> 1]
        if not len(places):
            continue
        kind = env.arrays.kind[0, vm]
        everywhere = np.flatnonzero(rules.room(env.arrays, 0, kind).reshape(-1))
        least = potential.entering(env.arrays, vm, everywhere).min()
        assert potential.arriving(env.arrays, np.array([vm]))[0] == pytest.approx(least, abs=1e-9)
        leaving = potential.leaving(env.arrays, np.array([vm]))
        entering = potential.entering(env.arrays, vm, places)
        assert leaving[0] >= -1e-9
        assert (entering >= -1e-9).all()
        choice = int(rng.integers(len(places)))
        gain = rules.migrate(env.arrays, 0, vm, *divmod(int(places[choice]), 2))
        reward = potential.reward(env.arrays, vm, gain, done=False)
        assert -reward == pytest.approx(leaving[0] + entering[choice], abs=1e-9)
