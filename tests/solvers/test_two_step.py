"""The two-step rule: pairs where no single migration gains, and what it reaches on real snapshots."""

import pytest
from hypothesis import given, settings

from data import Migration, Plan, check
from solvers import Deadline, Problem, create
from solvers.incumbents import Incumbents
from solvers.moves import MoveTable
from solvers.toys import build
from solvers.two_step import run_two_step
from tests.solvers.problems import problems


def _plan(problem, limit_s=10.0):
    return create("two-step").solve(problem, Deadline(limit_s)).plan


def _two_eights():
    """Two 8s fill one node; each of two other nodes has room for one of them, beside whole slots."""
    return build("two", [(16, 0), (12, 0), (12, 0)], [(0, 0, 8), (0, 0, 8), (1, 0, 2), (2, 0, 2)])


def test_two_departures_complete_a_slot():
    """No single migration gains, both 8s together do."""
    problem = Problem(_two_eights(), 5)
    assert MoveTable(problem).best_move() is None
    assert _plan(problem) == Plan((Migration(0, 1, 0), Migration(1, 2, 0)))


def test_a_pair_needs_two_migrations_of_the_limit():
    """With one migration left no pair is begun."""
    assert len(_plan(Problem(_two_eights(), 1))) == 0


def test_a_pair_that_does_not_find_room_leaves_no_trace():
    """Where only one of the two finds room nothing has moved in the end."""
    cluster = build("tight", [(16, 0), (12, 0)], [(0, 0, 8), (0, 0, 8), (1, 0, 2)])
    problem, deadline = Problem(cluster, 5), Deadline(10.0)
    table = MoveTable(problem)
    assert run_two_step(table, 5, deadline, Incumbents(problem, deadline)) == ()
    assert (table.placement.free == cluster.free).all()
    assert not table.avoid_place.any()


@settings(max_examples=60, deadline=None)
@given(problems())
def test_the_rule_ends_where_no_single_migration_gains(problem):
    """On any cluster the plan is valid and no worse than nothing; it ends where no migration gains or none is left."""
    plan = _plan(problem)
    verdict = check(problem.cluster, plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    assert verdict.valid, verdict.reason
    assert verdict.final_fr <= verdict.initial_fr
    if len(plan) < problem.mnl:
        table = MoveTable(problem, problem.placement().apply_plan(plan))
        assert table.best_move() is None


@pytest.mark.parametrize(("mnl", "slots", "fr"), [(50, 35, 0.5983), (100, 60, 0.3114)])
def test_two_step_on_medium(medium, mnl, slots, fr):
    """The rule has at least 35 slots at MNL 50 and 60 at 100; the snapshot has 2 and single steps end at 17."""
    problem = Problem(medium, mnl)
    verdict = check(medium, _plan(problem), mnl=mnl)
    assert verdict.valid
    assert verdict.final_fr <= fr
    assert round(problem.score.slots_of(verdict.final_fr)) >= slots


def test_two_step_on_large(large):
    """The rule gains at least 33 slots at MNL 50; single steps gain 17 at any limit."""
    problem = Problem(large, 50)
    verdict = check(large, _plan(problem), mnl=50)
    assert verdict.valid
    assert round(problem.score.slots_of(verdict.final_fr) - problem.score.slots_of(verdict.initial_fr)) >= 33
