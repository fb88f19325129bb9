"""Clusters in use: what must always hold while VMs come and go, and what is left of a plan."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import Cluster, Objective, Plan, Score, check
from data.cluster import CORES, usage
from harness.churn import MINUTE_S, Churn, fr_after, surviving
from solvers import Deadline, Problem, create
from tests.strategies import clusters

quietly = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
RATE = 60.0


def _used_cores(cluster: Cluster) -> int:
    return int((cluster.capacity - cluster.free)[:, :, CORES].sum())


def _busy(cluster: Cluster, seed: int, minutes: float) -> Churn:
    churn = Churn(cluster, lambda _: RATE, seed)
    churn.advance(minutes * MINUTE_S)
    return churn


@quietly
@given(clusters(), st.integers(0, 99))
def test_no_node_is_ever_overfull(cluster, seed):
    """After every change the free resources are what the VMs that are there leave, and never negative."""
    churn = Churn(cluster, lambda _: RATE, seed)
    for second in range(1, 15):
        if churn.advance(second):
            now = churn.snapshot("now")  # refuses overfull nodes
            used = usage(now.pms, now.demand, now.double, now.pm, now.node)
            assert (now.capacity - used == churn.free).all()
            assert churn.fr() == pytest.approx(Score(now, Objective()).rate(now.free))


@quietly
@given(clusters(), st.integers(0, 99))
def test_closed_pms_and_the_rest_of_the_snapshot_stay(cluster, seed):
    """Nothing comes to or leaves a closed PM; pinned VMs stay pinned and groups keep those who are still there."""
    now = _busy(cluster, seed, 1).snapshot("now")
    closed = set(np.flatnonzero(~cluster.open).tolist())
    here, there = (
        {each.vm_names[vm] for vm in range(each.vms) if int(each.pm[vm]) in closed} for each in (cluster, now)
    )
    assert here == there
    pinned = {cluster.vm_names[vm] for vm in np.flatnonzero(~cluster.movable)} & set(now.vm_names)
    assert {now.vm_names[vm] for vm in np.flatnonzero(~now.movable)} == pinned
    groups = [{cluster.vm_names[vm] for vm in group.vms} & set(now.vm_names) for group in cluster.groups]
    assert [{now.vm_names[vm] for vm in group.vms} for group in now.groups] == [
        each for each in groups if len(each) > 1
    ]


@quietly
@given(clusters(), st.integers(0, 99), st.integers(0, 8))
def test_what_is_left_of_a_plan_is_valid(cluster, seed, mnl):
    """The migrations that are left are a valid plan of the cluster as it is now, whatever has happened meanwhile."""
    plan = create("greedy").solve(Problem(cluster, mnl), Deadline(1.0)).plan
    churn = _busy(cluster, seed, 0.3)
    now = churn.snapshot("now")
    left = surviving(now, cluster, plan)
    verdict = check(now, left, mnl=len(plan))
    assert verdict.valid, verdict.reason
    assert fr_after(now, left) == pytest.approx(verdict.final_fr)
    assert churn.carry_out(plan, cluster) == len(left)
    assert churn.fr() == pytest.approx(verdict.final_fr)


def test_without_changes_all_of_a_plan_is_left(tiny):
    """A plan that is applied at once is applied whole, and to a snapshot without its VMs not at all."""
    plan = Plan.of([(0, 1, 1), (2, 1, 0)])
    assert surviving(tiny, tiny, plan) == plan
    churn = Churn(tiny, lambda _: RATE, 0)
    churn.guests = [guest for guest in churn.guests if guest.name not in ("vm_0", "vm_2")]
    assert surviving(churn.snapshot("emptied"), tiny, plan) == Plan()


def test_utilisation_is_kept(tiny):
    """However long VMs come and go, the cores in use stay within one VM of what they were."""
    churn = Churn(tiny, lambda _: RATE, 1)
    largest = int((tiny.demand[:, CORES] * (1 + tiny.double)).max())
    for minute in range(1, 40):
        churn.advance(minute * MINUTE_S)
        assert abs(_used_cores(churn.snapshot("now")) - _used_cores(tiny)) <= largest
    assert churn.arrived > 100


def test_the_same_seed_gives_the_same_day(tiny):
    """A simulation can be repeated, and looking at it changes nothing."""
    one, other = Churn(tiny, lambda _: RATE, 3), _busy(tiny, 3, 5)
    for minute in range(1, 6):
        one.advance(minute * MINUTE_S)
        one.snapshot("look")
    assert one.snapshot("end").vm_names == other.snapshot("end").vm_names
    assert (one.free == other.free).all()


def test_a_settled_cluster_can_churn_again(tiny):
    """VMs that come to a cluster which had newcomers already get names of their own."""
    settled = _busy(tiny, 0, 5).snapshot("settled")
    again = _busy(settled, 1, 5).snapshot("again")
    assert len(set(again.vm_names)) == again.vms
