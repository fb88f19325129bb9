"""The checker, by hand: each way to be wrong is refused with its own reason."""

from dataclasses import replace

import numpy as np
import pytest

from data import AntiAffinity, Objective, Plan, Rules, Verdict, check
from solvers.toys import build


def test_replays_step_by_step(tiny):
    """FR before and after each migration, as counted by hand."""
    verdict = check(tiny, Plan.of([(0, 1, 1), (2, 1, 0)]), mnl=2)
    assert verdict == Verdict(True, "", (pytest.approx(2 / 3), pytest.approx(1 / 3), pytest.approx(0.0)))
    assert verdict.final_fr == pytest.approx(0.0)


def test_paper_example():
    """FR falls from 50 % to 0 with the one migration of figures 2 and 3 of Ding et al."""
    cluster = build("paper", [(16, 0), (32, 0)], [(0, 0, 4), (1, 0, 12)])
    assert check(cluster, Plan.of([(0, 1, 0)])).fr_after == (0.5, 0.0)


@pytest.mark.parametrize(
    ("migrations", "reason"),
    [
        ([(5, 0, 0)], "vm 5, pm 0, node 0 do not all exist"),
        ([(-1, 0, 0)], "do not all exist"),
        ([(0, 3, 0)], "do not all exist"),
        ([(0, 1, 2)], "do not all exist"),
        ([(3, 0, 1)], "occupies both nodes"),
        ([(0, 0, 0)], "already there"),
        ([(3, 1, 0)], "already there"),
        ([(1, 1, 0)], "vm_1 is pinned"),
        ([(0, 2, 0)], "one of them is closed"),
        ([(4, 0, 0)], "needs 16 cores on node 0 of PM pm_0, where 8 are free"),
        ([(2, 1, 1)], "needs 24 cores on node 1 of PM pm_1, where 8 are free"),
        ([(0, 1, 1), (0, 1, 1)], "migration 1: VM vm_0 is already there"),
        (
            [(0, 1, 1), (3, 0, 0), (2, 1, 1)],
            "migration 2: VM vm_2 needs 24 cores on node 1 of PM pm_1, where 8 are free",
        ),
        ([(0, 1, 1), (0, 0, 1), (0, 0, 0), (0, 0, 1)], "the plan has 4 migrations but the limit is 3"),
    ],
)
def test_refuses(tiny, migrations, reason):
    """An illegal migration is named with its step and its reason, and the final FR is that of the snapshot."""
    cluster = replace(tiny, groups=())
    verdict = check(cluster, Plan.of(migrations), mnl=3)
    assert not verdict.valid
    assert reason in verdict.reason
    assert verdict.final_fr == verdict.initial_fr


def test_refuses_to_leave_a_closed_pm(tiny):
    """Nothing leaves a closed PM."""
    closed = replace(tiny, open=np.array([False, True, True]))
    assert "is closed" in check(closed, Plan.of([(0, 1, 0)])).reason


def test_refuses_what_memory_forbids():
    """Room in cores is not enough."""
    cluster = build("memory", [((16, 16), 0), ((16, 3), 0)], [(0, 0, 4)])
    assert "needs 4 MiB on node 0 of PM pm_1, where 3 are free" in check(cluster, Plan.of([(0, 1, 0)])).reason


def test_a_double_needs_both_nodes_even_of_its_own_size():
    """The second node is checked too."""
    cluster = build("double", [(8, 8), (8, 3)], [(0, 2, 4)])
    assert "on node 1 of PM pm_1, where 3 are free" in check(cluster, Plan.of([(0, 1, 0)])).reason


def test_stay_in_cluster():
    """Leaving the cluster is refused under the rule alone."""
    cluster = build("pools", [(8, 0), (8, 0)], [(0, 0, 4)], pool=np.array([0, 1]))
    plan = Plan.of([(0, 1, 0)])
    assert check(cluster, plan).valid
    assert "would leave its cluster" in check(cluster, plan, rules=Rules(stay_in_cluster=True)).reason


def test_nothing_goes_to_a_pm_that_is_to_be_emptied():
    """Not from elsewhere and not from its own other node; leaving it is fine, and coming back is not."""
    cluster = build("drained", [(8, 8), (8, 8)], [(0, 0, 4), (1, 0, 2)])
    rules = Rules(drain=frozenset({0}))
    reason = "migration {}: VM vm_{} cannot go to PM pm_0, which is to be emptied"
    assert check(cluster, Plan.of([(0, 1, 0)]), rules=rules).valid
    assert check(cluster, Plan.of([(1, 0, 0)]), rules=rules).reason == reason.format(0, 1)
    assert check(cluster, Plan.of([(0, 0, 1)]), rules=rules).reason == reason.format(0, 0)
    assert check(cluster, Plan.of([(0, 1, 0), (0, 0, 0)]), rules=rules).reason == reason.format(1, 0)


def test_costs_add_up():
    """Each migration counts with its VM's cost, every time; without a limit none matters."""
    cluster = build("dear", [(8, 8)], [(0, 0, 4), (0, 0, 2)], migration_cost=np.array([2, 3]))
    plan = Plan.of([(0, 0, 1), (1, 0, 1), (0, 0, 0)])
    assert check(cluster, plan).valid
    assert check(cluster, plan, rules=Rules(max_cost=7)).valid
    verdict = check(cluster, plan, rules=Rules(max_cost=6))
    assert verdict.reason == "migration 2: VM vm_0 would bring the cost to 7 but the limit is 6"


@pytest.mark.parametrize(
    ("migrations", "valid"),
    [
        ([(0, 1, 0)], False),  # meets vm_2 on pm_1
        ([(0, 2, 0)], False),  # meets vm_2 in the rack of pm_1 and pm_2
        ([(0, 3, 0)], True),
        ([(2, 2, 0)], True),  # stays in its own rack
        ([(2, 3, 0), (0, 1, 0)], True),  # the rack is free by then
        ([(0, 3, 0), (2, 3, 1)], False),
        ([(1, 1, 0)], True),  # in no group
    ],
)
def test_rack_groups(migrations, valid):
    """A rack group counts every PM of the rack, at the moment of the move."""
    cluster = build(
        "racks", [(16, 16)] * 4, [(0, 0, 2), (0, 0, 2), (1, 0, 2)], rack=np.array([0, 1, 1, 2]),
        groups=(AntiAffinity("rack", (0, 2)),),
    )  # fmt: skip
    assert check(cluster, Plan.of(migrations)).valid is valid


@pytest.mark.parametrize(
    ("migrations", "valid"),
    [
        ([(0, 0, 1)], True),  # flips beside its fellow
        ([(0, 2, 0)], True),
        ([(0, 2, 0), (0, 0, 0)], False),  # not back to where the fellow still is
        ([(2, 0, 1)], False),
        ([(0, 2, 0), (1, 2, 1)], False),
        ([(0, 2, 0), (2, 0, 1)], False),
    ],
)
def test_groups_that_are_broken_already(migrations, valid):
    """What is violated at the start may be left as it is, and is never made worse."""
    cluster = build(
        "broken", [(16, 16)] * 3, [(0, 0, 2), (0, 0, 2), (1, 0, 2)], groups=(AntiAffinity("host", (0, 1, 2)),)
    )
    assert check(cluster, Plan.of(migrations)).valid is valid


def test_several_groups_of_one_vm():
    """Each group of a VM counts, not the last or the first one."""
    groups = (AntiAffinity("host", (0, 1)), AntiAffinity("host", (0, 2)))
    cluster = build("several", [(16, 16)] * 4, [(0, 0, 2), (1, 0, 2), (2, 0, 2)], groups=groups)
    assert [check(cluster, Plan.of([(0, pm, 0)])).valid for pm in (1, 2, 3)] == [False, False, True]
    assert check(cluster, Plan.of([(1, 2, 1)])).valid


def test_measures_other_objectives(tiny):
    """The verdict's FR is that of the objective asked for."""
    verdict = check(tiny, Plan.of([(0, 1, 1)]), objective=Objective.parse("double16"))
    # Free cores are (8, 8) and (24, 8): one slot each; then (16, 8) and (24, 0): one slot in all.
    assert verdict.fr_after == (pytest.approx(16 / 48), pytest.approx(32 / 48))


def test_the_snapshot_is_left_alone(tiny):
    """Checking twice gives the same verdict."""
    plan = Plan.of([(0, 1, 1), (2, 1, 0)])
    assert check(tiny, plan, waves=(0, 1)) == check(tiny, plan, waves=(0, 1))
