"""MCTS: valid on anything, deterministic by its seed, and as good as published on real snapshots."""

import pytest
from hypothesis import given, settings

from data import Plan, check
from solvers import Deadline, Problem, create
from solvers.toys import crowd
from tests.solvers.problems import problems


@settings(max_examples=30, deadline=None)
@given(problems())
def test_plans_are_valid_and_no_worse_than_the_rule(problem):
    """On any cluster with every constraint: the first roll-out is at least the rule of two steps."""
    plan = create("mcts:rollouts=2").solve(problem, Deadline(5.0)).plan
    verdict = check(problem.cluster, plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    assert verdict.valid, verdict.reason
    rule = create("two-step").solve(problem, Deadline(5.0)).plan
    assert verdict.final_fr <= problem.score.rate(problem.placement().apply_plan(rule).free) + 1e-9


def test_a_seed_is_a_plan():
    """The same seed repeats itself, and the search ends by itself."""
    problem, deadline = Problem(crowd(8, seed=3), 6), Deadline(60.0)
    plans = [create("mcts").solve(problem, deadline, seed=4).plan for _ in range(2)]
    assert plans[0] == plans[1]
    assert deadline.elapsed_s() < 30


def test_no_migration_is_an_empty_plan(tiny):
    """A limit of zero leaves nothing to search."""
    assert create("mcts").solve(Problem(tiny, 0), Deadline(1.0)).plan == Plan()


@pytest.mark.parametrize("name", ["medium", "large"])
def test_one_second_beats_the_published_improvement(request, name):
    """34 slots at MNL 50, of 35 and 34 that are possible, where stopping at the first local optimum leaves 16."""
    problem = Problem(request.getfixturevalue(name), 50)
    verdict = check(problem.cluster, create("mcts").solve(problem, Deadline(1.0)).plan, mnl=50)
    assert round(problem.score.slots_of(verdict.final_fr) - problem.score.slots_of(verdict.initial_fr)) >= 33
