"""The tree: pruned options, shared states, and roll-outs that are remembered."""

import numpy as np
from hypothesis import given, settings

from solvers import Deadline, Problem
from solvers.incumbents import Incumbents
from solvers.mcts.gathering import Gathering
from solvers.mcts.tree import PLACES, Tree
from solvers.moves import MoveTable
from solvers.toys import build, crowd
from tests.solvers.problems import problems


def _options(problem, width):
    tree = Tree(problem, width, 1.0, seed=0)
    return tree.options(MoveTable(problem, score=Gathering(problem.cluster, problem.objective)))


@settings(max_examples=40, deadline=None)
@given(problems())
def test_options_are_few_and_legal(problem):
    """Two VMs to two places each, all of them legal."""
    options = _options(problem, 2)
    assert len(options) <= 2 * PLACES
    assert all(problem.placement().is_legal(move) for move in options.values())


def test_of_what_is_alike_one_is_tried():
    """Three alike VMs on alike PMs, and two alike places for them, are one option."""
    cluster = build("alike", [(16, 0)] * 3 + [(8, 0)] * 2, [(0, 0, 4), (1, 0, 4), (2, 0, 4)])
    options = _options(Problem(cluster, 3), 8)
    assert sorted((move.vm, move.pm) for move in options.values()) == [(0, 1), (0, 3)]


def test_two_ways_to_a_state_share_what_is_known_of_it():
    """Two independent migrations lead to one state in either order: the tree has fewer nodes than ways."""
    cluster = build("two", [(16, 0), (32, 0), (17, 0), (33, 0)], [(0, 0, 4), (1, 0, 12), (2, 0, 5), (3, 0, 12)])
    problem = Problem(cluster, 2)
    deadline = Deadline(60.0)
    best, tree = Incumbents(problem, deadline), Tree(problem, 4, 1.0, seed=0)
    for _ in range(60):
        tree.grow((), best, deadline)
    after = [node for node in tree.root.children.values() if node.children]
    ends = [end for node in after for end in node.children.values()]
    assert len({id(end) for end in ends}) < len(ends)
    assert tree.root.visits == 60


def test_more_growth_is_never_worse():
    """Each roll-out adds a visit, and the best plan only improves."""
    problem, deadline = Problem(crowd(8, seed=3), 8), Deadline(60.0)
    best, tree = Incumbents(problem, deadline), Tree(problem, 4, 1.0, seed=0)
    slots = []
    for _ in range(10):
        tree.grow((), best, deadline)
        slots.append(best.slots)
    assert slots == sorted(slots)
    assert np.isfinite(slots).all()
