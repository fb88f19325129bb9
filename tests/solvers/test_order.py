"""From targets to executable plans: random walks of real snapshots, circles, groups, flips and small budgets."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import AntiAffinity, Migration, Plan, check
from solvers import Deadline, Problem
from solvers.order import order
from solvers.toys import build
from tests.solvers.problems import problems, walk


def _order(problem, places, limit_s=10.0):
    """Order a target that is written as VM: (PM, node)."""
    pm, node = problem.cluster.pm.copy(), problem.cluster.node.copy()
    for vm, place in places.items():
        pm[vm], node[vm] = place
    return order(problem, pm, node, Deadline(limit_s))


def _verdict(problem, plan):
    verdict = check(problem.cluster, plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    assert verdict.valid, verdict.reason
    return verdict


def _circle():
    """vm_0 (18) and vm_1 (14) shall trade places; neither has room beside the other, only pm_2 takes vm_1 in.

    Free: 12, 4, 16, so one slot; after the trade 16, 0, 16. In between there is never more than one.
    """
    return build("circle", [(30, 0), (18, 0), (16, 0)], [(0, 0, 18), (1, 0, 14)])


TRADE = {0: (1, 0), 1: (0, 0)}


def test_a_circle_is_broken_by_a_hop():
    """The VM that can steps aside and comes back: three migrations for two VMs."""
    plan = _order(Problem(_circle(), 3), TRADE)
    assert plan == Plan((Migration(1, 2, 0), Migration(0, 1, 0), Migration(1, 0, 0)))


def test_without_budget_for_the_hop_the_circle_is_given_up():
    """A hop is not begun where the limit leaves no migration for its return; nothing half done stays."""
    assert _order(Problem(_circle(), 2), TRADE) == Plan()


def test_what_is_worth_most_survives_a_small_budget():
    """Next to a circle that cannot be afforded a migration that can is carried out."""
    cluster = build(
        "beside",
        [(30, 0), (18, 0), (16, 0), (16, 0), (31, 0)],
        [(0, 0, 18), (1, 0, 14), (3, 0, 4), (4, 0, 11)],
    )
    assert _order(Problem(cluster, 3), {**TRADE, 2: (4, 0)}) == Plan((Migration(2, 4, 0),))
    assert len(_order(Problem(cluster, 4), {**TRADE, 2: (4, 0)})) == 4


def test_two_circles_of_like_vms_share_a_hop():
    """Since like VMs may take each other's places, the room that one hop makes serves both circles."""
    nodes, vms = [(30, 0), (18, 0), (16, 0)], [(0, 0, 18), (1, 0, 14)]
    problem = Problem(build("twice", nodes + nodes, vms + [(pm + 3, node, cores) for pm, node, cores in vms]), 5)
    plan = _order(problem, {**TRADE, 2: (4, 0), 3: (3, 0)})
    assert len(plan) == 5
    assert problem.score.slots_of(_verdict(problem, plan).final_fr) == pytest.approx(4)


def test_a_chain_is_carried_out_from_its_end():
    """Who has to leave first leaves first."""
    cluster = build("chain", [(16, 0), (12, 0), (18, 0)], [(0, 0, 12), (1, 0, 11), (2, 0, 7)])
    assert _order(Problem(cluster, 5), {0: (1, 0), 1: (2, 0)}) == Plan((Migration(1, 2, 0), Migration(0, 1, 0)))


def test_interchangeable_vms_take_each_others_places():
    """A circle of VMs of one type is no circle: those that stay where one like them is wanted do not move."""
    cluster = build("alike", [(16, 0), (12, 0), (28, 0)], [(0, 0, 12), (1, 0, 12), (2, 0, 11)])
    assert _order(Problem(cluster, 5), {0: (1, 0), 1: (2, 0)}) == Plan()  # 17 - 12 costs the slot it gains
    roomy = build("roomy", [(16, 0), (12, 0), (12, 0)], [(0, 0, 12), (1, 0, 12)])
    assert _order(Problem(roomy, 5), {0: (1, 0), 1: (2, 0)}) == Plan((Migration(0, 2, 0),))


def test_flips():
    """A VM goes to the other node of its own PM, also in exchange with another one there."""
    flip = build("flip", [(16, 20)], [(0, 0, 4)])
    assert _order(Problem(flip, 1), {0: (0, 1)}) == Plan((Migration(0, 0, 1),))


def test_fellows_wait_until_the_other_has_left():
    """vm_0 has room on pm_1 from the start, but its fellow sits there and has to go first."""
    cluster = build(
        "fellows", [(16, 0), (36, 0), (16, 0)], [(0, 0, 4), (1, 0, 16)], groups=(AntiAffinity("host", (0, 1)),)
    )
    plan = _order(Problem(cluster, 2), {0: (1, 0), 1: (2, 0)})
    assert plan == Plan((Migration(1, 2, 0), Migration(0, 1, 0)))


def test_no_time_gives_the_empty_plan():
    """When the deadline is over, what has been found so far is returned, here nothing."""
    assert _order(Problem(_circle(), 3), TRADE, limit_s=0.0) == Plan()


def test_what_brings_nothing_is_cut_off():
    """The plan ends at its best step: a move of the target that gains nothing after it is not in it."""
    cluster = build("idle", [(16, 0), (31, 0), (16, 0)], [(0, 0, 4), (1, 0, 11), (2, 0, 2)])
    # free: 12, 20, 14, so one slot; either move makes it two, and both do no more
    assert len(_order(Problem(cluster, 5), {0: (1, 0), 2: (0, 0)})) == 1
    assert _order(Problem(cluster, 5), {1: (2, 0)}) == Plan()


@pytest.mark.parametrize("tries", [60, 400])
@pytest.mark.parametrize("name", ["medium", "large"])
def test_random_walks_of_real_snapshots_are_reached(request, name, tries):
    """A walk that scrambled a snapshot is undone: FR as low as its, with no more migrations than VMs out of place."""
    snapshot = request.getfixturevalue(name)
    for seed in range(3):
        there = Problem(snapshot, tries).placement()
        walk(there, np.random.default_rng(seed), tries)
        for start, target in ((snapshot, there), (_moved(snapshot, there), Problem(snapshot, 0).placement())):
            problem = Problem(start, tries)
            plan = order(problem, target.pm, target.node, Deadline(20.0))
            assert _verdict(problem, plan).final_fr <= problem.score.rate(target.free) + 1e-12
            assert len(plan) <= np.count_nonzero((start.pm != target.pm) | (start.node != target.node))


def _moved(cluster, placement):
    """Return the cluster with its VMs where a placement has them."""
    return replace(cluster, pm=placement.pm, node=placement.node)


@settings(max_examples=120, deadline=None)
@given(problems(max_mnl=10, min_vms=3), st.integers(0, 2**32 - 1))
def test_any_target_gives_a_valid_plan(problem, seed):
    """On any cluster with every constraint the plan is valid and no worse than nothing."""
    there = problem.placement()
    walk(there, np.random.default_rng(seed), 8 if problem.cluster.vms else 0)
    verdict = _verdict(problem, order(problem, there.pm, there.node, Deadline(10.0)))
    assert verdict.final_fr <= verdict.initial_fr + 1e-12
