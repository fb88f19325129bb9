"""No masks: every option is there, and what is illegal changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import Objective, Rules
from rl import rules
from rl.act import Choice, decide
from rl.course import Course
from rl.curriculum import Curriculum
from rl.env import Env
from rl.ppo import PpoConfig, collect
from rl.variants.model import PenaltyPolicy
from rl.variants.penalty import PENALTY, PenaltyEnv
from solvers import Problem
from solvers.toys import crowd
from tests.strategies import clusters


@settings(max_examples=40, deadline=None)
@given(clusters(min_vms=1), st.booleans(), st.booleans(), st.sampled_from(("cores16", "memory32")), st.integers(0, 99))
def test_illegal_choices_change_nothing(snapshot, stay, merge, text, seed):
    """What `data.Placement` allows is done and counted; all else leaves the state as it was and uses up a step."""
    problem = Problem(snapshot, 4, Objective.parse(text), Rules(stay_in_cluster=stay))
    larger = Problem(crowd(12), 4)  # the arrays of the other are filled up to its size
    env, rng = PenaltyEnv([problem, larger], merge=merge), np.random.default_rng(seed)
    placement, one = problem.placement(), np.array([0])
    for step in range(4):
        seen = env.observe(one)
        tokens = seen.vm.rows
        some = snapshot.may_leave & (~snapshot.double | (snapshot.open.sum() > 1))
        assert tokens[:, 3].sum() == some.sum()
        if not len(tokens):
            return
        token = rng.integers(len(tokens))
        (vm,), goals = env.choose(tokens[[token], 7].astype(np.int64), rng.random(1), one)
        assert not merge or env.tokens(0, np.array([vm]), seen, 0) == token
        places = 2 - snapshot.double[vm]
        assert goals.rows[:, 1].sum() == snapshot.open.sum() * places - 1
        before, slots = env.arrays.free.copy(), problem.score.slots(placement.free)
        goal = goals.rows[rng.integers(len(goals.rows))]
        gains, (made,) = env.step(np.array([vm]), goal[:1].astype(np.int64), rng.random(1), one)
        assert env.steps_left[0] == 3 - step
        if made is None:
            assert gains[0] == 0
            assert (env.arrays.free == before).all()
            assert goal[1] > 1 or not placement.legal(vm).reshape(-1)[int(goal[5])]
        else:
            assert placement.is_legal(made)
            placement.apply(made)
            assert gains[0] == pytest.approx(problem.score.slots(placement.free) - slots)
            assert gains[0] == pytest.approx(tokens[token, 6] + goal[4], abs=1e-4)


def test_legal_tokens_are_those_of_the_masked_environment():
    """What the masked environment says about a VM and a place that are legal is said in the same words."""
    problem = Problem(Curriculum({"memory": 1.0}, 1, (4, 4), 8, 0.0).cluster(0), 4)
    env, masked = PenaltyEnv([problem]), Env([problem])
    mine, theirs = env.observe().vm.rows, masked.observe().vm.rows
    known = {tuple(row[:2]): row for row in mine.tolist()}
    assert all(
        known[tuple(row[:2])][2:3] + known[tuple(row[:2])][4:7] == row[2:3] + row[4:7] for row in theirs.tolist()
    )
    vms = theirs[:5, 7].astype(np.int64)
    for vm in vms:
        everywhere, allowed = (each.goals(np.array([vm]), np.array([0])).rows.tolist() for each in (env, masked))
        known = {row[0]: row for row in everywhere}
        assert all(known[row[0]][2:5] == row[2:5] and known[row[0]][1] >= row[1] for row in allowed)


def test_an_illegal_choice_costs_the_penalty():
    """In a roll-out each illegal choice is rewarded with the penalty, and what a step is worth, and nothing else is."""

    class Noting(Course):
        rewards, moved = [], []

        def __call__(self, env, vms, gains, done):
            found = super().__call__(env, vms, gains, done)
            Noting.rewards.append(found)
            return found

    course = Noting(Curriculum({"scarce": 1.0}, pool=2, mnl=(4, 6), least_pms=8, whole=0.0), (0, 0), shaped=True)
    policy, rng = PenaltyPolicy(), np.random.default_rng(0)
    env = course.start(4, PenaltyEnv)
    rollout = collect(policy, env, 8, PpoConfig(lam=0.0, gamma=0.0), rng, course)
    extra = rollout.advantage + rollout.value - np.concatenate(Noting.rewards)
    illegal = extra < PENALTY / 2
    assert 0 < illegal.sum() < len(extra)
    np.testing.assert_allclose(extra, np.where(illegal, PENALTY, 0.0), atol=1e-4)


def test_the_teacher_names_what_is_illegal():
    """A VM that can go nowhere and a place that is illegal are worse by the fine, and nothing legal is."""
    course = Course(Curriculum({"memory": 1.0}, pool=1, mnl=(4, 4), least_pms=8, whole=0.0), (0, 0), shaped=True)
    env, rng = course.start(1, PenaltyEnv), np.random.default_rng(0)
    seen = env.observe()
    made = decide(PenaltyPolicy(), env, seen, [Choice(may_stop=False)], rng)
    vms, goals = course.teach(env, seen, made)
    able = np.array([rules.legal(env.arrays, 0, int(vm)).any() for vm in seen.vm.rows[:, 7]])
    legal = rules.legal(env.arrays, 0, int(made.vms[0])).reshape(-1)[made.goals.rows[:, 5].astype(int)]
    np.testing.assert_array_equal(vms.rows[:, 1] > -PENALTY - 1, ~able)
    np.testing.assert_array_equal(goals.rows[:, 1] > -PENALTY - 1, ~legal)
    assert 0 < legal.sum() < len(legal)
