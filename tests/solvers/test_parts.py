"""Problems cut into parts: what each gets, and that what it gains the whole gains."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import AntiAffinity
from data.shares import by_largest_remainder
from solvers import Problem
from solvers.parts import split
from solvers.toys import build, crowd
from tests.solvers.problems import legal_moves, problems


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [(50, [1] * 16, [4, 4] + [3] * 14), (7, [3, 2, 1], [4, 2, 1]), (5, [0, 3], [0, 5]), (5, [0, 0], [0, 0])],
)
def test_shares_by_hand(total, weights, shares):
    """All is shared out where anybody can use it, in proportion, and ties go to the first."""
    assert by_largest_remainder(total, weights) == shares


def test_the_published_split():
    """PMs stay in their order, every part gets the floor, and below one migration a part nobody gets any."""
    parts = split(Problem(crowd(10), 9), 4, None)
    assert [part.pms.tolist() for part in parts] == [[0, 1, 2], [3, 4, 5], [6, 7], [8, 9]]
    assert [part.problem.mnl for part in parts] == [2] * 4
    assert split(Problem(crowd(10), 3), 4, None) == []


def test_a_random_split_deals_out_every_pm_and_migration():
    """Each open PM is in one part, and the shares add up to the limit."""
    parts = split(Problem(crowd(10), 9), 4, np.random.default_rng(0))
    assert sorted(pm for part in parts for pm in part.pms.tolist()) == list(range(10))
    assert sum(part.problem.mnl for part in parts) == 9


def test_rack_groups_keep_racks_together():
    """Whole racks are dealt out, closed PMs with them: a fellow on one bars the rack in the part as in the whole."""
    vms = [(0, 0, 4), (2, 0, 4), (4, 0, 4)]
    group, racks = AntiAffinity("rack", (0, 2)), np.array([0, 1, 0, 1, 1])
    is_open = np.array([True, True, True, True, False])
    cluster = build("racks", [(16, 0)] * 5, vms, groups=(group,), rack=racks, open=is_open)
    (only,) = split(Problem(cluster, 5), 4, None)  # of two racks, one has VMs that may move
    assert only.pms.tolist() == [0, 2]
    for rng in (None, np.random.default_rng(0)):
        whole = split(Problem(cluster, 5), 1, rng)[0]
        assert whole.pms.tolist() == list(range(5))
        assert whole.problem.cluster.groups == (group,)


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(1, 3), st.booleans(), st.data())
def test_a_migration_of_a_part_is_one_of_the_whole(problem, count, published, data):
    """Whatever a part may do the whole may do, and its FR and that of the whole fall or rise together."""
    for part in split(problem, count, None if published else np.random.default_rng(1)):
        moves = legal_moves(part.problem.placement())
        if not moves:
            continue
        move = data.draw(st.sampled_from(moves))
        (same,) = part.whole([move])
        placement = problem.placement()
        assert placement.is_legal(same)
        own = part.problem.score.rate(part.problem.placement().apply_plan([move]).free) - part.problem.initial_fr
        gain = problem.score.rate(placement.apply_plan([same]).free) - problem.initial_fr
        assert np.sign(round(own, 9)) == np.sign(round(gain, 9))
