"""An order for leavers and places."""

from solvers import Deadline, Problem
from solvers.mip.sequencing import sequence
from solvers.toys import build


def _sequence(cluster, leavers, places):
    problem = Problem(cluster, 10)
    plan = sequence(problem, leavers, places, Deadline(10.0), 0)
    problem.placement().apply_plan(plan)  # raises where a step is not legal
    return [(step.vm, step.pm, step.node) for step in plan]


def test_who_makes_room_goes_first():
    """A chain: the place of the second opens when the first has left, and so on; the last place is free now."""
    cluster = build("chain", [(8, 0), (8, 0), (8, 0), (4, 0)], [(0, 0, 8), (1, 0, 8), (2, 0, 4)])
    leavers, places = {0: [0, 1], 1: [2]}, {0: [(1, 0), (2, 0)], 1: [(3, 0)]}
    assert _sequence(cluster, leavers, places) == [(2, 3, 0), (1, 2, 0), (0, 1, 0)]


def test_an_open_place_is_not_wasted_on_who_opens_nothing():
    """One place is open, and two of its kind want it: it goes to the one behind whom somebody waits, and all can go."""
    cluster = build("choice", [(4, 0), (8, 0), (12, 0), (4, 0)], [(0, 0, 4), (1, 0, 4), (1, 0, 4), (2, 0, 8)])
    leavers, places = {0: [0, 1, 2], 1: [3]}, {0: [(3, 0), (2, 0), (2, 0)], 1: [(1, 0)]}
    assert len(_sequence(cluster, leavers, places)) == 4


def test_more_places_than_leavers():
    """The places that have room are taken, and those that never get any are left."""
    cluster = build("surplus", [(8, 0), (4, 0), (4, 0)], [(0, 0, 4), (0, 0, 4), (1, 0, 4)])
    assert _sequence(cluster, {0: [0]}, {0: [(1, 0), (2, 0)]}) == [(0, 2, 0)]


def test_a_circle_without_room_has_no_order():
    """Two VMs that want each other's nodes stay: the longest order is the empty one, and no step is illegal."""
    cluster = build("circle", [(8, 0), (8, 0)], [(0, 0, 8), (1, 0, 8)])
    assert _sequence(cluster, {0: [0], 1: [1]}, {0: [(1, 0)], 1: [(0, 0)]}) == []


def test_doubles_need_both_nodes():
    """A double waits for both nodes of its place."""
    cluster = build("double", [(8, 8), (8, 8), (8, 0)], [(0, 2, 8), (1, 0, 8)])
    leavers, places = {0: [0], 1: [1]}, {0: [(1, 0)], 1: [(2, 0)]}
    assert _sequence(cluster, leavers, places) == [(1, 2, 0), (0, 1, 0)]
    assert _sequence(cluster, {0: [0]}, {0: [(1, 0)]}) == []
