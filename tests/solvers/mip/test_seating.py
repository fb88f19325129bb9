"""Trading places so that fellows of groups do not meet."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.instances import host_groups
from data import AntiAffinity, check
from solvers import Deadline, Problem, create
from solvers.mip.reduction import reduce_problem
from solvers.mip.seating import seat_apart
from solvers.toys import build, crowd
from tests.solvers.tiny import random_tiny

FOUR = [(16, 16)] * 4


def _seated(cluster, target):
    """Seat the VMs of a target, given as PM and node of each, apart."""
    pm, node = (np.array(column) for column in zip(*target, strict=True))
    pm, node = seat_apart(reduce_problem(Problem(cluster, 5)), pm, node, np.random.default_rng(0))
    return list(zip(pm.tolist(), node.tolist(), strict=True))


def test_two_that_move_trade():
    """A VM that would meet its fellow takes the place of another of its kind that moves, and the other way round."""
    vms = [(0, 0, 4), (1, 0, 4), (2, 0, 6)]
    cluster = build("trade", FOUR, vms, groups=(AntiAffinity("host", (0, 2)),))
    assert _seated(cluster, [(2, 1), (3, 0), (2, 0)]) == [(3, 0), (2, 1), (2, 0)]


def test_another_one_goes():
    """Where a VM of the kind stays on the same node, it goes instead."""
    vms = [(0, 0, 4), (0, 0, 4), (2, 0, 6)]
    cluster = build("stay", FOUR, vms, groups=(AntiAffinity("rack", (0, 2)),))
    assert _seated(cluster, [(2, 1), (0, 0), (2, 0)]) == [(0, 0), (2, 1), (2, 0)]


def test_other_kinds_keep_their_places():
    """A VM of another size, or on a different kind of node occupation, is no partner: the meeting stays."""
    vms = [(0, 0, 4), (1, 0, 5), (2, 0, 6)]
    cluster = build("kinds", FOUR, vms, groups=(AntiAffinity("host", (0, 2)),))
    assert _seated(cluster, [(2, 1), (3, 0), (2, 0)]) == [(2, 1), (3, 0), (2, 0)]


@pytest.mark.parametrize("seed", range(40))
def test_patterns_stay_what_they_are(seed):
    """Whatever the target, each place ends with as many VMs of each kind as before; who cannot move is left alone."""
    cluster, rng = random_tiny(seed).cluster, np.random.default_rng(seed)
    reduction = reduce_problem(Problem(cluster, 5))
    pm, node = cluster.pm.copy(), cluster.node.copy()
    for vm in np.flatnonzero(rng.random(cluster.vms) < 0.5):
        if reduction.kind[vm] >= 0:
            pm[vm] = rng.integers(cluster.pms)
            node[vm] = 0 if cluster.double[vm] else rng.integers(2)
    new_pm, new_node = seat_apart(reduction, pm, node, rng)
    before, after = (
        Counter(zip(reduction.kind.tolist(), *(each.tolist() for each in place), strict=True))
        for place in ((pm, node), (new_pm, new_node))
    )
    assert before == after
    fixed = reduction.kind < 0
    assert (new_pm[fixed] == pm[fixed]).all()


def test_large_groups_do_not_keep_from_the_bound():
    """With nearly every VM in a group as large as half of the cluster the bound is met all the same."""
    cluster = crowd(30, seed=3)
    grouped = host_groups(cluster, {15: len(cluster.vm_names) // 18}, seed=0)
    problem = Problem(grouped, 20)
    solution = create("mip:workers=1").solve(problem, Deadline(20.0))
    assert solution.status == "optimal"
    assert check(grouped, solution.plan, mnl=20).valid
