"""Placements against the checker, which shares no code with them."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import AntiAffinity, Migration, Objective, Placement, Plan, Rules, Score, check
from solvers.toys import build
from tests.strategies import clusters


def _triples(cluster):
    return itertools.product(range(cluster.vms), range(cluster.pms), (0, 1))


@st.composite
def walks(draw):
    """Draw a cluster, rules, and up to six legal migrations."""
    cluster = draw(clusters())
    rules = Rules(
        stay_in_cluster=draw(st.booleans()),
        max_cost=draw(st.none() | st.integers(0, 12)),
        drain=draw(st.sets(st.integers(0, cluster.pms - 1), max_size=1).map(frozenset)),
    )
    placement, moves = Placement(cluster, rules), []
    for _ in range(draw(st.integers(0, 6))):
        legal = [triple for triple in _triples(cluster) if placement.legal(triple[0])[triple[1:]]]
        if not legal:
            break
        moves.append(Migration(*draw(st.sampled_from(legal))))
        placement.apply(moves[-1])
    return cluster, rules, placement, moves


@settings(max_examples=150, deadline=None)
@given(walks())
def test_legal_agrees_with_the_checker_on_every_migration(walk):
    """After any legal walk, the mask and the checker agree on every VM, PM and node."""
    cluster, rules, placement, moves = walk
    for triple in _triples(cluster):
        verdict = check(cluster, Plan.of([*moves, triple]), rules=rules)
        assert verdict.valid == placement.legal(triple[0])[triple[1:]] == placement.is_legal(Migration(*triple)), (
            verdict
        )


@settings(max_examples=100, deadline=None)
@given(walks(), st.sampled_from(["cores16", "double32", "memory32", "0.5*cores8+0.5*memory16"]))
def testwalks_end_in_the_state_of_the_checker(walk, text):
    """FR agrees after each step, free resources with a count from scratch, and undoing restores the snapshot."""
    cluster, rules, placement, moves = walk
    objective = Objective.parse(text)
    verdict = check(cluster, Plan.of(moves), rules=rules, objective=objective)
    assert verdict.valid, verdict.reason
    again, score, undo = Placement(cluster, rules), Score(cluster, objective), []
    for migration, expected in zip(moves, verdict.fr_after[1:], strict=True):
        undo.append(again.apply(migration))
        assert score.rate(again.free) == pytest.approx(expected, abs=1e-12)
    _assert_same(again, placement)
    assert again.free.tolist() == _free_by_hand(cluster, again)
    for migration in reversed(undo):
        again.apply(migration)
    _assert_same(again, Placement(cluster))


def _free_by_hand(cluster, placement):
    """Count what is free from scratch, in plain Python."""
    free = cluster.capacity.tolist()
    for vm, (pm, node) in enumerate(zip(placement.pm.tolist(), placement.node.tolist(), strict=True)):
        for side in (0, 1) if cluster.double[vm] else (node,):
            for resource in (0, 1):
                free[pm][side][resource] -= int(cluster.demand[vm][resource])
    return free


def _assert_same(one, other):
    for name in ("free", "pm", "node"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("name", ["medium", "large"])
def test_ten_thousand_migrations_of_a_real_snapshot(request, name):
    """10,000 random legal migrations: the checker accepts all, with equal FR at every step and an equal end."""
    cluster = request.getfixturevalue(name)
    rng = np.random.default_rng(1)
    placement, score = Placement(cluster), Score(cluster, Objective())
    moves, rates = [], [score.rate(placement.free)]
    while len(moves) < 10_000:
        vm = int(rng.integers(cluster.vms))
        places = np.flatnonzero(placement.legal(vm))
        if len(places):
            moves.append((vm, *divmod(int(rng.choice(places)), 2)))
            placement.apply(Migration(*moves[-1]))
            rates.append(score.rate(placement.free))
    verdict = check(cluster, Plan.of(moves))
    assert verdict.valid, verdict.reason
    np.testing.assert_allclose(verdict.fr_after, rates, rtol=0, atol=1e-12)
    assert placement.free.tolist() == _free_by_hand(cluster, placement)
    assert placement.free.min() >= 0


def test_legal_by_hand(tiny):
    """Room, pins, closed PMs and groups leave exactly these places."""
    placement = Placement(tiny)
    assert placement.legal(0).tolist() == [[False, True], [True, True], [False, False]]
    assert not placement.legal(1).any()  # pinned
    assert placement.legal(2).tolist() == [[False, False], [True, False], [False, False]]
    assert placement.legal(3).tolist() == [[True, False], [False, False], [False, False]]  # a double
    assert placement.legal(4).tolist() == [[False, False], [True, False], [False, False]]  # its fellow sits on pm_0


def test_stay_in_cluster_by_hand(tiny):
    """The rule keeps VMs to PMs of their own cluster, and only the rule does."""
    split = replace(tiny, pool=np.array([0, 1, 1]))
    assert Placement(split).legal(0)[1].all()
    assert not Placement(split, Rules(stay_in_cluster=True)).legal(0)[1].any()


def test_a_broken_rule_is_not_made_worse():
    """Fellows that share a PM may flip there and leave; no third one may come."""
    cluster = build(
        "broken", [(32, 32)] * 3, [(0, 0, 4), (0, 0, 4), (1, 0, 4)], groups=(AntiAffinity("host", (0, 1, 2)),)
    )
    placement = Placement(cluster)
    assert placement.legal(0).tolist() == [[False, True], [False, False], [True, True]]
    assert placement.legal(2).tolist() == [[False, False], [False, True], [True, True]]
    placement.apply(Migration(0, 2, 0))
    assert placement.legal(0).tolist() == [[False, False], [False, False], [False, True]]


def test_copies_are_independent(tiny):
    """What happens to a copy leaves the original alone."""
    placement = Placement(tiny)
    placement.copy().apply(Migration(0, 1, 0))
    _assert_same(placement, Placement(tiny))
