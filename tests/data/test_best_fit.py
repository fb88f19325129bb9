"""Best-fit: by hand, and against the FR of every place where an arriving VM could go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.best_fit import BestFit
from solvers.toys import build
from tests.strategies import VM_CORES, VM_MEMORY_MIB, clusters


@pytest.mark.parametrize(
    ("nodes", "cores", "double", "place"),
    [
        ([(16, 0), (20, 0)], 4, False, (1, 0)),  # the slot of the first stays whole
        ([(20, 36), (22, 0)], 4, False, (1, 0)),  # no slot breaks on any; least is left on the second
        ([(16, 16), (20, 20), (24, 4)], 4, True, (2, 0)),
        ([(16, 4), (3, 30)], 8, True, None),  # never half a VM
        ([(3, 3), (3, 3)], 4, False, None),
    ],
)
def test_places_by_hand(nodes, cores, double, place):
    """A VM goes where it breaks no slot and leaves least, a double on both nodes, and one without room is refused."""
    cluster = build("bare", nodes, [])
    assert BestFit(cluster).place(cluster.free, np.array([cores, cores]), double) == place


def test_closed_pms_and_rules_bar_a_place():
    """Nothing arrives on a closed PM, nor where the caller's rules forbid it."""
    cluster = build("bare", [(4, 0), (4, 0), (16, 0)], [], open=np.array([False, True, True]))
    scheduler, demand = BestFit(cluster), np.array([4, 4])
    assert scheduler.place(cluster.free, demand, False) == (1, 0)
    assert scheduler.place(cluster.free, demand, False, np.array([False, False, True])) == (2, 0)
    assert scheduler.place(cluster.free, demand, False, np.zeros(3, dtype=bool)) is None


@settings(max_examples=100, deadline=None)
@given(clusters(), st.sampled_from(VM_CORES), st.sampled_from(VM_MEMORY_MIB), st.booleans())
def test_the_fr_falls_most(cluster, cores, memory_mib, double):
    """On any cluster no other place lowers FR16 more, and a VM is refused only where it fits nowhere."""
    demand, after = np.array([cores, memory_mib]), {}
    for pm in np.flatnonzero(cluster.open).tolist():
        for node in (0,) if double else (0, 1):
            free = cluster.free.copy()
            free[pm, slice(None) if double else node] -= demand
            if (free >= 0).all():
                cores_left = free[cluster.open, :, 0]
                after[pm, node] = float((cores_left % 16).sum() / max(cores_left.sum(), 1))
    place = BestFit(cluster).place(cluster.free, demand, double)
    assert (place is None) == (not after)
    assert place is None or after[place] == min(after.values())
