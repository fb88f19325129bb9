"""What a teacher says once little is left: a best plan is right, step by step to the end."""

import numpy as np
import pytest

from data import Plan, check
from data.generators import generate
from rl import potential as potentials
from rl.act import Decision
from rl.env import Env
from rl.potential import Potential
from rl.rules import migrate
from rl.teacher import DOUBT, judge_goals, judge_vms, possible
from solvers import Deadline, Problem, create
from solvers.toys import crowd


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """Find the plan however slow the machine."""
    monkeypatch.setattr(potentials, "PRICING_S", 60.0)


def _right(lessons):
    """Return which options of the only state have no regret; all others are in doubt at least."""
    regrets = lessons.rows[:, 0]
    assert ((regrets == 0) | (regrets > DOUBT - 1e-6)).all()
    return np.flatnonzero(regrets == 0)


@pytest.mark.parametrize("problem", [Problem(crowd(20), 5), Problem(generate("affinity", "dev", 1), 5)])
def test_a_best_plan_has_no_regret(problem):
    """Every migration of a best plan that is possible is among what is right, and together they are optimal."""
    env, done = Env([problem]), Plan()
    potential = Potential(problem, env.arrays, 0, finish=True)
    while potential.plan:
        seen, best = env.observe(), possible([potential], env)
        move = best[0][0]
        tokens = _right(judge_vms([potential], best, env, seen))
        token = env.tokens(0, np.array([move.vm]), seen, 0)
        assert set(tokens) == set(env.tokens(0, np.array([each.vm for each in best[0]]), seen, 0))
        goals = env.goals(np.array([move.vm]), np.array([0]))
        nothing = np.zeros(1)
        made = Decision(token, token, np.array([move.vm]), token, goals, nothing, nothing, nothing > 0)
        hosts = goals.rows[_right(judge_goals([potential], best, env, seen, made)), 0]
        assert env.hosts(0, move.vm, np.array([2 * move.pm + move.node])) in hosts
        migrate(env.arrays, 0, *move)
        potential.plan = Plan(tuple(each for each in potential.plan if each != move))
        done = Plan((*done, move))
    best_fr = create("mip:workers=1").solve(problem, Deadline(30.0)).bound
    assert check(problem.cluster, done, mnl=problem.mnl).final_fr == best_fr


def test_what_is_left_is_worth_its_optimum():
    """With a best plan known, what can still be gained is what it gains, in whole slots."""
    problem = Problem(generate("tight", "dev", 0), 4)
    arrays = Env([problem]).arrays
    before, potential = Potential(problem, arrays, 0), Potential(problem, arrays, 0, finish=True)
    verdict = check(problem.cluster, potential.plan, mnl=4)
    gained = (problem.initial_fr - verdict.final_fr) / problem.score.quantum
    assert potential.value == pytest.approx(gained)
    assert 0 < potential.value <= before.value + 1e-9
