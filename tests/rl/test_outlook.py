"""How nodes and PMs stand: fewest departures."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rl.outlook import JOINTS, NEEDS, joint, outlook, sum_up

UNIT, CAP = 16, 2
SIZES = np.array([14, 12, 8, 4, 2])
HELPS = np.column_stack([np.arange(10), np.repeat(SIZES, 2)])
DOUBLE = np.arange(10) % 2 == 1
"""Kinds by turns single and double, the largest first."""

counts = st.lists(st.integers(0, CAP), min_size=5, max_size=5)


def fewest(singles, doubles, free):
    """Try all departures; return how many the fewest are that make a slot more whole on both nodes, None if none do."""
    best = None
    for gone in product(*(range(have + 1) for have in doubles)):
        total = sum(gone)
        for node in range(2):
            short = UNIT - free[node] % UNIT - int(np.dot(gone, SIZES))
            ways = [w for w in product(*(range(have + 1) for have in singles[node])) if np.dot(w, SIZES) >= short]
            total = min(map(sum, ways)) + total if ways and total is not None else None
        if total is not None and (best is None or total < best):
            best = total
    return best


@settings(deadline=None)
@given(counts, counts, counts, st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_a_double_counts_on_both_nodes(first, second, doubles, free):
    """The fewest departures that make a slot more whole on both nodes are found, however singles and doubles mix."""
    some = np.zeros((1, 2, 10), dtype=np.uint8)
    some[0, 0, ::2], some[0, 1, ::2], some[0, :, 1::2] = first, second, doubles
    known = fewest((first, second), doubles, free)
    expected = JOINTS - 1 if known is None else min(known, JOINTS - 1) - 1
    assert joint(UNIT, HELPS, DOUBLE, some, 0, *free, CAP, 0, 0, 0, 0) == expected


@settings(deadline=None)
@given(
    counts, counts, counts, st.tuples(st.integers(24, 40), st.integers(24, 40)), st.integers(0, 9), st.integers(0, 1)
)
def test_what_leaves_is_gone(first, second, doubles, free, kind, node):
    """How a PM will stand once a VM has left a node, or entered one, is how it stands then."""
    before, after = np.zeros((2, 1, 2, 10), dtype=np.uint8)
    for some in (before, after):
        some[0, 0, ::2], some[0, 1, ::2], some[0, :, 1::2] = first, second, doubles
    nodes = [0, 1] if DOUBLE[kind] else [node]
    before[0, nodes, kind], after[0, nodes, kind] = 1, 0
    then = [each + int(HELPS[kind, 1]) * (side in nodes) for side, each in enumerate(free)]
    size = int(HELPS[kind, 1])
    left = joint(UNIT, HELPS, DOUBLE, before, 0, *free, CAP, kind, node, size, 1)
    assert left == joint(UNIT, HELPS, DOUBLE, after, 0, *then, CAP, 0, 0, 0, 0)
    entered = joint(UNIT, HELPS, DOUBLE, after, 0, *then, CAP, kind, node, size, -1)
    assert entered == joint(UNIT, HELPS, DOUBLE, before, 0, *free, CAP, 0, 0, 0, 0)


def stands(there, free, gives=0, leaves=0):
    """Return how a node with VMs of sizes ``there`` [5] stands, or will once one is gone that gives so much."""
    some, sums = np.zeros((1, 2, 10), dtype=np.uint8), np.empty((1, 2, 5), dtype=np.int32)
    some[0, 0, ::2] = there
    sum_up(HELPS, some, 0, 0, sums)
    return outlook(UNIT, sums, 0, 0, free, gives, leaves)


@settings(deadline=None)
@given(counts, st.integers(0, 40))
def test_the_fewest_departures_are_counted(there, free):
    """A node needs as many departures as the fewest of all choices that make a slot more whole."""
    short = UNIT - free % UNIT
    ways = [sum(w) for w in product(*(range(have + 1) for have in there)) if np.dot(w, SIZES) >= short]
    assert stands(there, free) % NEEDS == (min(*ways, NEEDS - 1) - 1 if ways else NEEDS - 1)


@settings(deadline=None)
@given(counts, st.integers(16, 40), st.integers(0, 4))
def test_how_a_node_will_stand_is_how_it_stands_then(there, free, size):
    """What is foretold of a VM that leaves or enters a node is what is seen once it has."""
    more, fewer, gives = list(there), list(there), int(SIZES[size])
    more[size], fewer[size] = 2, 1
    assert stands(more, free, gives, 1) == stands(fewer, free)
    assert stands(fewer, free, gives, -1) == stands(more, free)
