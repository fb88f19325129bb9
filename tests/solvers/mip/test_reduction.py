"""Counting: what is told apart, what is not, and what is left out."""

from dataclasses import replace

import numpy as np
import pytest

from data import Objective, Rules
from solvers import Problem
from solvers.mip.columns import ColumnSearch
from solvers.mip.pricing import Pricer
from solvers.mip.reduction import memory_binds, reduce_problem
from solvers.toys import build, crowd
from tests.solvers.mip.tools import begin, cores_problem, most_slots_gained

FOUR = Objective.parse("cores4")


def _three_pms():
    """PMs 0 and 1 are the same but for the order of their nodes; PM 2 holds a double besides."""
    nodes = [(8, 12), (12, 8), (12, 12)]
    vms = [(0, 0, 2), (0, 0, 4), (0, 1, 2), (1, 1, 4), (1, 1, 2), (1, 0, 2), (2, 0, 2), (2, 2, 4)]
    return build("three", nodes, vms)


def test_equal_pms_are_one_class():
    """Nodes with the same content and free cores are one state, PMs that differ in the order of nodes one class."""
    reduced = reduce_problem(Problem(_three_pms(), 5, FOUR))
    assert reduced.single[:, 0].tolist() == [1, 2]
    assert reduced.double[:, 0].tolist() == [2]
    assert reduced.kind.tolist() == [0, 1, 0, 1, 0, 0, 0, 2]
    counts = reduced.state_count.tolist()
    states = {(*reduced.content[row[0]], *row[1:].tolist()): n for row, n in zip(reduced.state, counts, strict=True)}
    assert states == {(1, 1, 1, 0, 0): 2, (1, 0, 5, 0, 0): 2, (1, 0, 3, 0, 0): 1, (0, 0, 4, 0, 0): 1}
    assert reduced.pm_class[0] == reduced.pm_class[1] != reduced.pm_class[2]
    assert sorted(reduced.class_count.tolist()) == [1, 2]
    assert reduced.class_doubles[reduced.pm_class[2]].tolist() == [1]
    assert (reduced.node_state[0] == reduced.node_state[1][::-1]).all()


def test_closed_pms_are_left_out():
    """A closed PM has no state and no class, its VMs no kind; no capacity of its counts."""
    cluster = replace(_three_pms(), open=np.array([True, True, False]))
    reduced = reduce_problem(Problem(cluster, 5, FOUR))
    assert reduced.node_state[2].tolist() == [-1, -1]
    assert reduced.pm_class.tolist() == [0, 0, -1]
    assert reduced.kind[6:].tolist() == [-1, -1]
    assert len(reduced.double) == 0
    assert reduced.state_count.sum() == 4


def test_pinned_vms_are_part_of_the_node():
    """What may not move takes room and is not content: it has no kind, and nothing can leave in its stead."""
    cluster = replace(_three_pms(), movable=np.array([False, True, True, True, True, True, True, False]))
    reduced = reduce_problem(Problem(cluster, 5, FOUR))
    assert reduced.kind[[0, 7]].tolist() == [-1, -1]
    content, free = reduced.state[reduced.node_state[0, 0], :2]
    assert reduced.content[content].tolist() == [0, 1]
    assert free == 1
    assert reduced.pm_class[0] != reduced.pm_class[1]


def test_pools_tell_kinds_and_nodes_apart_only_where_the_rule_holds():
    """With ``stay_in_cluster`` equal VMs and nodes of two clusters differ; without, they do not."""
    cluster = replace(_three_pms(), pool=np.array([0, 1, 0]))
    free = reduce_problem(Problem(cluster, 5, FOUR))
    bound = reduce_problem(Problem(cluster, 5, FOUR, Rules(stay_in_cluster=True)))
    assert (len(free.single), free.pm_class[0] == free.pm_class[1]) == (2, True)
    assert (len(bound.single), bound.pm_class[0] == bound.pm_class[1]) == (4, False)
    assert sorted(bound.single_pool.tolist()) == [0, 0, 1, 1]
    assert bound.state[bound.node_state[1], 3].tolist() == [1, 1]


def test_units_divide_slot_and_demands_but_not_what_is_pinned():
    """A pinned VM of 3 cores does not spoil the unit of 2: what is no whole unit of room is never used."""
    cluster = replace(
        build("units", [(16, 0), (13, 0)], [(0, 0, 3), (0, 0, 4), (1, 0, 6)]), movable=np.array([False, True, True])
    )
    reduced = reduce_problem(Problem(cluster, 5, Objective.parse("cores8")))
    assert reduced.single[:, 0].tolist() == [2, 3]
    assert reduced.state[reduced.node_state[:, 0], 1].tolist() == [4, 3]
    assert Pricer(reduced).initial_slots == 1


def test_memory_is_dropped_only_where_cores_imply_it():
    """Where memory is said not to bind, no choice of VMs for any node fits by cores and not by memory."""
    said = {True: 0, False: 0}
    for seed in range(60):
        problem = cores_problem(seed)
        cluster, reduced = problem.cluster, reduce_problem(problem)
        kinds = np.unique(reduced.kind[reduced.kind >= 0])
        some = [int(np.flatnonzero(reduced.kind == kind)[0]) for kind in kinds]
        shapes = np.column_stack([cluster.double[some], cluster.demand[some]]).astype(np.int64)
        binds = memory_binds(problem, reduced.kind, shapes)
        said[binds] += 1
        assert binds == bool(np.vstack([reduced.single, reduced.double])[:, 1].any())
        if not binds:
            room = cluster.free.copy()
            for vm in np.flatnonzero(reduced.kind >= 0):
                room[cluster.pm[vm], slice(None) if cluster.double[vm] else cluster.node[vm]] += cluster.demand[vm]
            for cores, memory in room[cluster.open].reshape(-1, 2).tolist():
                assert _most_memory(cluster.demand[some].tolist(), cores) <= memory
    assert min(said.values()) >= 10


def _most_memory(shapes, cores):
    """Return the most memory that VMs of some shapes can use on so many cores."""
    most = [0] * (cores + 1)
    for x in range(1, cores + 1):
        most[x] = max([most[x - 1], *(most[x - u] + m for u, m in shapes if u <= x)])
    return most[cores]


def test_vms_without_cores_make_memory_bind():
    """Cores say nothing about a VM that has none; a VM that has neither is no content at all."""
    nothing, memory_only = np.array([(0, 0), (4, 4)]), np.array([(0, 9), (4, 4)])
    cluster = build("zero", [(8, 8)], [(0, 0, 0), (0, 0, 4)])
    reduced = reduce_problem(Problem(replace(cluster, demand=nothing), 5, FOUR))
    assert reduced.kind.tolist() == [-1, 0]
    reduced = reduce_problem(Problem(replace(cluster, demand=memory_only), 5, FOUR))
    assert reduced.single[:, 1].any()


def test_real_memory_is_implied(medium, large):
    """On the released snapshots a node that has the cores has the memory, so pricing works on cores alone."""
    for cluster, states, kinds in ((medium, 178, 11), (large, 315, 12)):
        reduced = reduce_problem(Problem(cluster, 50))
        assert not np.vstack([reduced.single, reduced.double])[:, 1].any()
        assert (len(reduced.class_count), reduced.kinds) == (states, kinds)


def test_rounded_memory_takes_no_more_than_it_gives_back():
    """On a rounded grid two VMs of 7 MiB still make room for one of 13: the bound stays above the placement."""
    cluster = build(
        "rounded", [((8, 9000), 0), ((4, 9000), 0)], [(0, 0, 2), (0, 0, 2), (0, 0, 1), (1, 0, 3)],
        demand=np.array([(2, 7), (2, 7), (1, 8986), (3, 13)]), movable=np.array([True, True, False, True]),
    )  # fmt: skip
    problem = Problem(cluster, 3, FOUR)
    search = ColumnSearch(problem, *begin(problem), "highs", 1, 0)
    search.run()
    assert search.bound >= most_slots_gained(problem) == 1


@pytest.mark.parametrize("movable", [True, False])
def test_nothing_to_count(movable):
    """A cluster that is closed altogether, or holds nobody who may move, reduces to nothing without an error."""
    cluster = replace(_three_pms(), open=np.full(3, not movable), movable=np.full(8, movable))
    reduced = reduce_problem(Problem(cluster, 5, FOUR))
    assert reduced.kinds == 0
    assert reduced.state_count.sum() == (0 if movable else 6)


def test_a_part_counts_its_own_nodes():
    """A part has its share of classes and migrations, and as many nodes in each state as its PMs have."""
    reduction = reduce_problem(Problem(crowd(20), 8))
    part = reduction.part(0.5)
    classes = len(reduction.class_count)
    assert len(part.class_count) == round(0.5 * classes)
    assert part.limit == 4
    assert part.state_count.sum() == 2 * part.class_count.sum()
    assert (np.bincount(part.class_states.reshape(-1), np.repeat(part.class_count, 2)) == part.state_count).all()
    states = {tuple(state) for state in reduction.state.tolist()}
    assert {tuple(state) for state in part.state.tolist()} <= states
