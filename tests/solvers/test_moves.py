"""The table of gains against gains computed by carrying each migration out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import AntiAffinity, Migration, Placement
from solvers.contract import Problem
from solvers.moves import NEVER, MoveTable
from solvers.toys import build
from tests.solvers.problems import gain_by_hand, legal_moves, problems, walk


def _assert_as_if_new(table):
    """Compare a table that followed migrations with one made now."""
    fresh = MoveTable(table.problem, table.placement.copy())
    for name in ("kind", "leave", "enter", "flip"):
        np.testing.assert_array_equal(getattr(table, name), getattr(fresh, name), err_msg=name)


def _assert_gains(table, vms):
    """Compare the gains of all places of some VMs with carrying each migration out; others must be -inf."""
    problem, placement = table.problem, table.placement
    for vm in vms:
        expected = np.full((problem.cluster.pms, 2), NEVER)
        for move in legal_moves(placement, [vm]):
            expected[move.pm, move.node] = gain_by_hand(problem, placement, move)
            assert table.gain(move) == pytest.approx(expected[move.pm, move.node], abs=1e-9)
        got = table.destination_gains(vm)
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9, err_msg=str(vm))


@settings(max_examples=120, deadline=None)
@given(problems(), st.integers(0, 2**32 - 1))
def test_the_table_follows_random_migrations(problem, seed):
    """On any cluster with every constraint, after legal moves, each gain is that of carrying the migration out."""
    table, twin = MoveTable(problem), problem.placement()
    for move in walk(twin, np.random.default_rng(seed), 6 if problem.cluster.vms else 0):
        table.apply(move)
    np.testing.assert_array_equal(table.placement.free, twin.free)
    _assert_as_if_new(table)
    _assert_gains(table, range(problem.cluster.vms))


@settings(max_examples=120, deadline=None)
@given(problems(), st.data())
def test_best_move_is_the_best_of_all(problem, data):
    """The best move gains as much as the best of all legal ones, and there is none exactly where none gains."""
    table = MoveTable(problem)
    subset = data.draw(st.none() | st.lists(st.booleans(), min_size=problem.cluster.vms, max_size=problem.cluster.vms))
    vms = None if subset is None else np.array(subset, dtype=bool)
    moves = legal_moves(table.placement, None if vms is None else np.flatnonzero(vms).tolist())
    gains = [gain_by_hand(problem, table.placement, move) for move in moves]
    best = table.best_move(vms)
    if best is None:
        assert max(gains, default=0) <= 1e-9
    else:
        assert best in moves
        assert gains[moves.index(best)] == pytest.approx(max(gains), abs=2e-4)


@pytest.mark.parametrize("name", ["medium", "large"])
def test_the_table_follows_a_real_snapshot(request, name):
    """After 100 random migrations of a real snapshot every entry is what a new table says, and is right by hand."""
    problem = Problem(request.getfixturevalue(name), 50)
    table, rng = MoveTable(problem), np.random.default_rng(3)
    for move in walk(problem.placement(), rng, 100):
        table.apply(move)
    _assert_as_if_new(table)
    for vm in rng.integers(problem.cluster.vms, size=6).tolist():
        moves = legal_moves(table.placement, [vm])
        gains = table.destination_gains(vm)
        assert (gains > NEVER).sum() == len(moves)
        for move in rng.permutation(np.array(moves).reshape(-1, 3))[:20].tolist():
            move = Migration(*move)
            assert gains[move.pm, move.node] == gain_by_hand(problem, table.placement, move)


def test_taking_back_restores_the_table(tiny):
    """What ``apply`` returns undoes it, to the last entry."""
    table = MoveTable(Problem(tiny, 5))
    back = table.apply(Migration(0, 1, 1))
    assert back == Migration(0, 0, 0)
    table.undo(back)
    _assert_as_if_new(table)
    np.testing.assert_array_equal(table.placement.free, tiny.free)


def test_ties_go_to_the_lowest_vm_then_pm_then_node():
    """Equal gains are decided by index, so plans are the same on every machine."""
    twins = build(
        "twins", [(16, 0), (32, 32), (32, 32)], [(0, 0, 4), (0, 0, 4)] + [(pm, n, 12) for pm in (1, 2) for n in (0, 1)]
    )
    table = MoveTable(Problem(twins, 1))
    assert table.best_move() is None  # 8 + 4 free: one departure leaves 12
    table.apply(Migration(1, 2, 1))
    assert table.best_move() == Migration(0, 1, 0)


def test_preferences_decide_among_equals_only():
    """An avoided VM or place is passed over for an equal one, never for a worse one."""
    cluster = build("two_ways", [(16, 0), (16, 0), (32, 32)], [(0, 0, 12), (1, 0, 12), (2, 0, 18), (2, 1, 18)])
    table = MoveTable(Problem(cluster, 1))
    assert table.best_move() == Migration(0, 2, 0)
    table.avoid_vm[0] = 1
    table.avoid_place[2, 0] = 1
    assert table.best_move() == Migration(1, 2, 1)
    table.avoid_vm[:] = table.avoid_place[:] = 1
    assert table.best_move() == Migration(0, 2, 0)


def test_the_best_move_of_a_group_member_looks_past_taken_pms():
    """Where a fellow bars the best destination the next best one is found, and other VMs are not forgotten."""
    cluster = build("fellows", [(16, 0), (32, 0), (32, 0)], [(0, 0, 4), (1, 0, 12), (2, 0, 12)])
    fellows = Problem(replace(cluster, groups=(AntiAffinity("host", (0, 1)),)), 1)
    assert MoveTable(fellows).best_move() == Migration(0, 2, 0)
    barred = Problem(replace(cluster, groups=(AntiAffinity("host", (0, 1, 2)),)), 1)
    assert MoveTable(barred).best_move() is None


def test_a_table_of_a_given_placement_starts_there(tiny):
    """A table may be made in the middle of a plan."""
    placement = Placement(tiny).apply_plan([Migration(0, 1, 1)])
    table = MoveTable(Problem(tiny, 5), placement)
    assert table.placement is placement
    assert table.best_move() == Migration(2, 1, 0)
