"""Chains and circles found as best paths, on clusters made so that nothing shorter gains."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data import Migration, Plan, check
from solvers import Deadline, Problem
from solvers.chains import take_chain
from solvers.moves import MoveTable
from solvers.toys import build
from tests.solvers.problems import problems, walk

AGES = Deadline(1e6)


def _line(*nodes):
    """Build PMs with one node each, of (cores, cores of its one VM), the last of which is pinned."""
    vms = [(pm, 0, held) for pm, (_, held) in enumerate(nodes)]
    return build("line", [(cores, 0) for cores, _ in nodes], vms, movable=np.arange(len(nodes)) < len(nodes) - 1)


def test_a_chain_makes_room_as_it_goes():
    """vm_1 leaves for pm_2 and vm_0, which fits nowhere else, takes its place: only both together gain."""
    table = MoveTable(Problem(_line((16, 12), (12, 11), (18, 7)), 5))
    assert table.best_move() is None
    assert take_chain(table, 4, AGES) == [Migration(1, 2, 0), Migration(0, 1, 0)]
    assert table.problem.score.slots(table.placement.free) == 1


def test_a_chain_keeps_within_its_length():
    """A chain that needs three migrations is found with three, and two are not spent on a part of it."""
    table = MoveTable(Problem(_line((16, 12), (12, 11), (11, 10), (17, 7)), 5))
    assert take_chain(table, 2, AGES) == []
    assert take_chain(table, 3, AGES) == [Migration(2, 3, 0), Migration(1, 2, 0), Migration(0, 1, 0)]


def test_two_vms_trade_places():
    """12 and 36 free cores become 16 and 32 when an 8 and a 4 trade places; neither move alone gains."""
    table = MoveTable(Problem(_line((20, 8), (40, 4), (1, 1)), 5))
    assert table.best_move() is None
    assert sorted(take_chain(table, 2, AGES)) == [Migration(0, 1, 0), Migration(1, 0, 0)]
    assert table.problem.score.slots(table.placement.free) == 3


def test_without_vms_there_is_no_chain():
    """An empty cluster is no special case for those who call."""
    assert take_chain(MoveTable(Problem(build("bare", [(20, 10)], []), 5)), 4, AGES) == []


@settings(max_examples=80, deadline=None)
@given(problems(min_vms=3), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_a_chain_is_legal_and_gains_or_nothing_changes(problem, longest, seed):
    """From any state: the steps are legal in order, raise the slots and stand in the table, or it is as it was."""
    moves = walk(problem.placement(), np.random.default_rng(seed), 4 if problem.cluster.vms else 0)
    table = MoveTable(problem)
    for move in moves:
        table.apply(move)
    before = table.placement.copy()
    steps = take_chain(table, longest, AGES)
    assert len(steps) <= longest
    verdict = check(problem.cluster, Plan((*moves, *steps)), rules=problem.rules, objective=problem.objective)
    assert verdict.valid, verdict.reason
    assert not steps or verdict.final_fr < verdict.fr_after[len(moves)]
    np.testing.assert_array_equal(table.placement.free, before.apply_plan(steps).free)
    fresh = MoveTable(problem, table.placement)
    np.testing.assert_array_equal(table.enter, fresh.enter)
    np.testing.assert_array_equal(table.leave, fresh.leave)
