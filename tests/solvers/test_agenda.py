"""What is still to be done: who may take whose place, and whether all of it gets done."""

from collections import Counter

import numpy as np
import pytest

from data import AntiAffinity, Migration, Rules
from solvers import Problem
from solvers.agenda import Agenda, interchange_classes
from solvers.toys import build
from tests.solvers.problems import walk


def _alike(**changes):
    return build("alike", [(32, 32), (32, 32)], [(0, 0, 4), (0, 1, 4), (1, 0, 4), (1, 1, 8), (1, 2, 4)], **changes)


def _classes(problem):
    """Return the sets of VMs that may take each other's places, but for single ones."""
    found = interchange_classes(problem)
    sets = [set(np.flatnonzero(found == each).tolist()) for each in np.unique(found)]
    return [each for each in sets if len(each) > 1]


def test_vms_of_one_type_are_interchangeable():
    """Same demand and same shape; where they sit does not matter."""
    assert _classes(Problem(_alike(), 5)) == [{0, 1, 2}]


def test_pins_groups_and_clusters_divide_a_class():
    """A pinned VM, one in a group, and one that must stay in another cluster stand for themselves only."""
    assert _classes(Problem(_alike(movable=np.array([True, False, True, True, True])), 5)) == [{0, 2}]
    assert _classes(Problem(_alike(open=np.array([True, False])), 5)) == [{0, 1}]
    assert _classes(Problem(_alike(groups=(AntiAffinity("host", (2, 3)),)), 5)) == [{0, 1}]
    pools = _alike(pool=np.array([0, 1]))
    assert _classes(Problem(pools, 5)) == [{0, 1, 2}]
    assert _classes(Problem(pools, 5, rules=Rules(stay_in_cluster=True))) == [{0, 1}]


def test_the_arrival_that_is_worth_least_is_given_up():
    """vm_0's move is worth a slot and vm_1's nothing, so vm_1 stays."""
    cluster = build("worth", [(16, 0), (16, 0), (12, 0), (9, 0)], [(0, 0, 12), (1, 0, 2), (1, 0, 9)])
    agenda = Agenda(Problem(cluster, 5), np.array([2, 1, 3]), np.array([0, 0, 0]))
    agenda.give_up_one()
    assert agenda.unfinished == 1
    assert agenda.carry_out_next()
    assert agenda.moves == [Migration(0, 2, 0)]
    assert not agenda.carry_out_next()


@pytest.mark.parametrize("name", ["medium", "large"])
def test_a_random_walk_is_reached_exactly(request, name):
    """300 random migrations, in an order of its own, without a hop, and not one more than VMs that changed place.

    Each place of each class holds as many VMs in the end as in the target.
    """
    problem = Problem(request.getfixturevalue(name), 300)
    target = problem.placement()
    walk(target, np.random.default_rng(5), 300)
    agenda = Agenda(problem, target.pm, target.node)
    wanted = agenda.unfinished
    while agenda.carry_out_next():
        pass
    assert agenda.unfinished == 0
    reached = problem.placement()
    for move in agenda.moves:
        assert reached.is_legal(move)
        reached.apply(move)
    cluster = problem.cluster
    assert len(agenda.moves) == wanted <= np.count_nonzero((cluster.pm != target.pm) | (cluster.node != target.node))
    assert _places(problem, reached) == _places(problem, target)


def _places(problem, placement):
    classes = interchange_classes(problem).tolist()
    return Counter(zip(classes, placement.pm.tolist(), placement.node.tolist(), strict=True))


def test_without_change_there_is_nothing_to_do(tiny):
    """A target that is the snapshot is reached before it begins."""
    agenda = Agenda(Problem(tiny, 5), tiny.pm, tiny.node)
    assert agenda.unfinished == 0
    assert not agenda.carry_out_next()
