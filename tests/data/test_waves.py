"""Waves: independent by the checker's own rule, and as long as they can be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import AntiAffinity, Migration, Placement, Plan, Rules, assign_waves, check
from solvers.toys import build
from tests.data.test_placement import walks


@settings(max_examples=200, deadline=None)
@given(walks())
def test_waves_are_valid_and_cannot_be_joined(walk):
    """The checker accepts the waves, and refuses them once any two neighbours are one."""
    cluster, rules, _, moves = walk
    plan = Plan.of(moves)
    waves = assign_waves(cluster, plan, rules)
    verdict = check(cluster, plan, rules=rules, waves=waves)
    assert verdict.valid, verdict.reason
    assert sorted(set(waves)) == list(range(max(waves, default=-1) + 1))
    for last in range(max(waves, default=0)):
        joined = [wave - (wave > last) for wave in waves]
        assert not check(cluster, plan, rules=rules, waves=joined).valid, f"waves {last} and {last + 1} could be one"


@settings(max_examples=100, deadline=None)
@given(walks(), st.randoms())
def test_any_order_within_a_wave_is_legal(walk, random):
    """The definition itself: shuffled within its waves, the plan is still legal step by step and ends the same."""
    cluster, rules, end, moves = walk
    waves = assign_waves(cluster, Plan.of(moves), rules)
    shuffled = sorted(moves, key=lambda move: (waves[moves.index(move)], random.random()))
    if len(set(moves)) == len(moves):
        assert check(cluster, Plan.of(shuffled), rules=rules).valid
        assert Placement(cluster, rules).apply_plan(Plan.of(shuffled)).pm.tolist() == end.pm.tolist()


def test_waves_by_hand():
    """Moves into free room share a wave; one that needs the room another leaves comes later."""
    cluster = build("chain", [(8, 0)] * 4, [(0, 0, 8), (1, 0, 8), (2, 0, 4)])
    plan = Plan.of([(1, 3, 0), (0, 1, 0), (2, 0, 0)])
    assert assign_waves(cluster, plan) == (0, 1, 2)
    roomy = build("roomy", [(16, 0)] * 3, [(0, 0, 8), (1, 0, 8)])
    assert assign_waves(roomy, Plan.of([(0, 2, 0), (1, 2, 0)])) == (0, 0)
    assert assign_waves(roomy, Plan.of([(0, 2, 0), (0, 0, 0)])) == (0, 1)
    assert assign_waves(roomy, Plan()) == ()


def test_fellows_do_not_pass_each_other_in_one_wave():
    """A VM may not arrive where a fellow still is, though it leaves in the same wave; nor both at one goal."""
    groups = (AntiAffinity("host", (0, 1)),)
    cluster = build("groups", [(16, 16)] * 3, [(0, 0, 2), (1, 0, 2)], groups=groups)
    assert assign_waves(cluster, Plan.of([(1, 2, 0), (0, 1, 0)])) == (0, 1)


@pytest.mark.parametrize(
    ("waves", "reason"),
    [
        ((0, 0), "wave 0: VM vm_0 needs"),
        ((1, 0), "never fall"),
        ((0,), "one number a migration"),
        ((0, 1, 2), "one number a migration"),
    ],
)
def test_the_checker_refuses_wrong_waves(waves, reason):
    """Waves that are not independent, or no waves at all, make a plan invalid."""
    cluster = build("chain", [(8, 0)] * 3, [(0, 0, 8), (1, 0, 8)])
    plan = Plan.of([(1, 2, 0), (0, 1, 0)])
    assert check(cluster, plan).valid
    assert reason in check(cluster, plan, waves=waves).reason


def test_the_checker_refuses_one_vm_twice_in_a_wave():
    """A VM cannot make two migrations at once."""
    cluster = build("twice", [(8, 0)] * 3, [(0, 0, 4)])
    verdict = check(cluster, Plan.of([(0, 1, 0), (0, 2, 0)]), waves=(0, 0), rules=Rules())
    assert "moves one VM twice" in verdict.reason


def test_the_checker_refuses_fellows_that_arrive_together():
    """Two of a broken group that leave for one PM would meet there, whoever comes first."""
    cluster = build(
        "apart", [(16, 0), (16, 0), (16, 0)], [(0, 0, 2), (1, 0, 2)], groups=(AntiAffinity("host", (0, 1)),)
    )
    reasons = check(cluster, Plan.of([Migration(0, 2, 0), Migration(1, 2, 0)]), waves=(0, 0)).reason
    assert "would join" in reasons
