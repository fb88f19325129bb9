"""Greedy against a greedy in plain words, by hand and on real snapshots."""

import pytest
from hypothesis import given, settings

from data import Migration, Plan, check
from solvers import Deadline, Problem, create
from solvers.toys import build
from tests.solvers.problems import gain_by_hand, legal_moves, problems


def _plan(problem, limit_s=10.0):
    return create("greedy").solve(problem, Deadline(limit_s)).plan


def _slow_greedy(problem):
    """Take the first of the best of all legal migrations while it gains."""
    placement, moves = problem.placement(), []
    while len(moves) < problem.mnl:
        best = max(legal_moves(placement), key=lambda move: gain_by_hand(problem, placement, move), default=None)
        if best is None or gain_by_hand(problem, placement, best) <= 1e-9:
            break
        moves.append(best)
        placement.apply(best)
    return Plan(tuple(moves))


@settings(max_examples=80, deadline=None)
@given(problems())
def test_greedy_takes_the_best_migration_each_time(problem):
    """On any cluster the plan is that of trying every migration; ties go to the lowest VM, PM and node."""
    plan, slow = _plan(problem), _slow_greedy(problem)
    if len(problem.objective.rates) == 1:
        assert plan == slow
    else:  # sums of fractions may tie in one order and not in another: the first step must be as good
        first = [
            check(problem.cluster, each, rules=problem.rules, objective=problem.objective) for each in (plan, slow)
        ]
        assert first[0].valid
        assert first[0].fr_after[:2] == pytest.approx(first[1].fr_after[:2], abs=1e-4)


def test_greedy_by_hand():
    """12 + 20 free cores: vm_0 (4) to pm_1 makes 16 + 16; then nothing gains and it stops before the limit."""
    cluster = build("pair", [(16, 0), (32, 0)], [(0, 0, 4), (1, 0, 12)])
    assert _plan(Problem(cluster, 5)) == Plan((Migration(0, 1, 0),))


def test_greedy_stops_where_only_two_migrations_gain():
    """Two VMs of 8 have to leave one node: no single step gains, so greedy does nothing."""
    cluster = build(
        "two",
        [(16, 0), (31, 0)],
        [(0, 0, 8), (0, 0, 8), (1, 0, 15)],
    )
    assert len(_plan(Problem(cluster, 5))) == 0


@pytest.mark.parametrize(("name", "fr", "migrations"), [("medium", 0.805, 14), ("large", 0.587, 16)])
def test_greedy_on_real_snapshots(request, name, fr, migrations):
    """Greedy is at least as good as the published heuristic, which stops at this FR (released data, MNL 50)."""
    cluster = request.getfixturevalue(name)
    plan = _plan(Problem(cluster, 50))
    verdict = check(cluster, plan, mnl=50)
    assert verdict.valid
    assert verdict.final_fr <= fr
    assert len(plan) >= migrations
