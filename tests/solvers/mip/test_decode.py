"""From patterns to a placement that carries them out."""

from dataclasses import replace

import numpy as np
import pytest

from data import AntiAffinity, Objective
from data.cluster import usage
from solvers import Deadline, Problem
from solvers.mip.decode import Casting
from solvers.mip.rounding import round_patterns
from solvers.toys import build, crowd
from tests.solvers.mip.tools import converge, gainful_problems


def _cast(problem, seed=0):
    """Return the master, whole patterns and the placement they are cast to; None where there are no patterns."""
    master, relaxation, evaluation = converge(problem)
    target = np.floor(evaluation.bound + 1e-9)
    use = round_patterns(master, relaxation, evaluation, target, "highs", 1, 0, Deadline(60.0), thorough=True)
    return None if use is None else (master, use, *Casting(master, use, seed).target())


def _free(cluster, pm, node):
    return cluster.capacity - usage(cluster.pms, cluster.demand, cluster.double, pm, node)


def test_the_placement_is_what_the_patterns_say():
    """Nodes end within capacity, with the slots and no more migrations than the patterns promise."""
    for problem in (*gainful_problems(16), Problem(crowd(12), 6)):
        cast = _cast(problem)
        if cast is None:
            continue
        master, use, pm, node = cast
        cluster, reduction = problem.cluster, master.pricer.reduction
        free = _free(cluster, pm, node)
        moved = (pm != cluster.pm) | (node != cluster.node)
        departures = np.array([pattern.leaving.sum() for pattern in master.patterns])
        worth = np.array(master.programme.cost)[master.slacks :] @ use
        assert (free[cluster.open] >= 0).all()
        assert problem.score.slots(free) - problem.score.slots(cluster.free) == worth
        assert moved.sum() <= departures @ use
        assert not moved[reduction.kind < 0].any()
        assert cluster.open[pm[moved]].all()
        assert not problem.rules.stay_in_cluster or (cluster.pool[pm] == cluster.pool[cluster.pm]).all()


def test_node_loads_are_those_of_the_patterns():
    """Nodes end with as much free as the patterns say, or more, where a place stays empty."""
    problem = Problem(crowd(12), 6)
    master, use, pm, node = _cast(problem)
    reduction = master.pricer.reduction
    count, states = reduction.state_count.copy(), reduction.state.tolist()
    ends = []
    for pattern, times in zip(master.patterns, use.tolist(), strict=True):
        _, x, y, _ = states[pattern.state]
        shift = (pattern.leaving - pattern.arriving) @ reduction.single
        ends += [(x + shift[0], y + shift[1])] * times
        count[pattern.state] -= times
    ends += [tuple(state[1:3]) for state, n in zip(states, count, strict=True) for _ in range(n)]
    unit = problem.cluster.demand[:, 0].min()
    cores = np.sort([x for x, _ in ends])
    assert (cores <= np.sort(_free(problem.cluster, pm, node)[..., 0].ravel() // unit)).all()


def test_everybody_leaves_as_part_of_a_pattern():
    """The parts name each leaver once, and there is a place of its kind for each."""
    for problem in (*gainful_problems(8), Problem(crowd(12), 6)):
        cast = _cast(problem)
        if cast is None:
            continue
        casting = Casting(cast[0], cast[1], 0)
        leavers = sorted(vm for vms in casting.leavers.values() for vm in vms)
        assert sorted(vm for _, vms in casting.parts for vm in vms) == leavers
        assert len(set(leavers)) == len(leavers)
        assert all(len(casting.places[kind]) >= len(vms) for kind, vms in casting.leavers.items())


def test_seeds_cast_differently_and_the_same_seed_alike():
    """Casting again with another seed is another chance; with the same seed it is the same placement."""
    problem = Problem(crowd(12), 6)
    master, use, pm, node = _cast(problem)
    again = Casting(master, use, 0).target()
    assert (again[0] == pm).all()
    assert (again[1] == node).all()
    assert any((Casting(master, use, seed).target()[0] != pm).any() for seed in range(1, 6))


@pytest.mark.parametrize("seed", range(5))
def test_members_of_groups_go_where_no_fellow_is(seed):
    """Of two equal places one has a fellow on its PM; the member takes the other, whatever the seed."""
    nodes = [(24, 0), (24, 0), (8, 0), (8, 0)]
    vms = [(0, 0, 4), (1, 0, 4), (2, 0, 4), (3, 0, 4), (0, 0, 8), (1, 0, 8)]
    cluster = build("fellow", nodes, vms, groups=(AntiAffinity("host", (0, 2)), AntiAffinity("host", (1, 3))))
    cluster = replace(cluster, movable=np.array([True, True, False, False, False, False]))
    problem = Problem(cluster, 2, Objective.parse("cores16"))
    _, _, pm, _ = _cast(problem, seed)
    assert pm[:2].tolist() == [3, 2]


@pytest.mark.parametrize("seed", range(5))
def test_members_of_groups_stay_where_another_can_go(seed):
    """Two VMs of one kind share a node and one has to leave: the one that is in no group."""
    cluster = build(
        "stay", [(12, 0), (8, 0)], [(0, 0, 4), (0, 0, 4), (1, 0, 4)], groups=(AntiAffinity("host", (0, 2)),)
    )
    cluster = replace(cluster, movable=np.array([True, True, False]))
    _, _, pm, _ = _cast(Problem(cluster, 1, Objective.parse("cores8")), seed)
    assert pm.tolist() == [0, 1, 1]
