"""Canonical keys: equal where only names differ, different where anything counts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import AntiAffinity, Migration, Rules
from solvers import Problem
from solvers.mcts.canonical import Canonical
from solvers.toys import build
from tests.solvers.problems import problems, walk


def _state(problem, placement):
    pms, _ = Canonical(problem).keys(placement)
    return int(pms.sum())


def _alike():
    """Make four alike PMs, with a 4 on each of the first two and a double on the third."""
    return build("alike", [(16, 16)] * 4, [(0, 0, 4), (1, 0, 4), (2, 2, 4)])


@pytest.mark.parametrize("move", [Migration(0, 3, 0), Migration(0, 3, 1), Migration(1, 1, 1), Migration(2, 3, 0)])
def test_what_differs_in_names_alone_is_one_state(move):
    """To an empty PM, to either of its nodes, or to the other node of one's own: nothing has changed."""
    problem = Problem(_alike(), 5)
    assert _state(problem, problem.placement()) == _state(problem, problem.placement().apply_plan([move]))


@pytest.mark.parametrize("move", [Migration(0, 1, 0), Migration(0, 1, 1), Migration(0, 2, 0)])
def test_what_differs_is_another_state(move):
    """A second VM on a node, a VM on each node of one PM, and a VM beside a double are all different."""
    problem = Problem(_alike(), 5)
    states = {_state(problem, problem.placement().apply_plan(moves)) for moves in ([], [move])}
    assert len(states) == 2


@pytest.mark.parametrize(
    ("one", "other", "changes"),
    [
        (Migration(0, 2, 0), Migration(1, 2, 0), {"groups": (AntiAffinity("host", (0, 2)),)}),
        (Migration(0, 2, 0), Migration(1, 2, 0), {"movable": np.array([False, True, True])}),
        (Migration(0, 3, 0), Migration(0, 0, 1), {"groups": (AntiAffinity("rack", (1, 2)),)}),
        (Migration(0, 3, 0), Migration(0, 0, 1), {"pool": np.array([0, 0, 0, 1])}),
        (Migration(0, 3, 0), Migration(0, 0, 1), {"open": np.array([True, True, True, False])}),
    ],
)
def test_rules_tell_vms_and_pms_apart(one, other, changes):
    """Two VMs, or two PMs, are alike until a rule knows one of them."""
    for cluster, alike in ((_alike(), True), (replace(_alike(), **changes), False)):
        problem = Problem(cluster, 5, rules=Rules(stay_in_cluster=True))
        states = [_state(problem, problem.placement().apply_plan([move])) for move in (one, other)]
        assert (states[0] == states[1]) == alike


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(0, 5))
def test_the_way_does_not_count(problem, seed):
    """The key of a state is that of the placement alone, however it was reached."""
    placement = problem.placement()
    walk(placement, np.random.default_rng(seed), 4 if problem.cluster.vms else 0)
    keys = Canonical(problem)
    straight = problem.placement()
    straight.pm[:], straight.node[:], straight.free[:] = placement.pm, placement.node, placement.free
    assert all(np.array_equal(*pair) for pair in zip(keys.keys(placement), keys.keys(straight), strict=True))
