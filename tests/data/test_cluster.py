"""Clusters: what they derive from a snapshot, and what they refuse."""

from dataclasses import replace

import numpy as np
import pytest

from data import AntiAffinity, Cluster, InputError
from data.cluster import usage
from solvers.toys import build


def test_free_is_capacity_less_what_vms_use(tiny):
    """Singles take from one node, doubles from both, counted by hand."""
    assert tiny.free[..., 0].tolist() == [[8, 8], [24, 8], [32, 32]]
    assert tiny.free[..., 1].tolist() == [[80, 80], [112, 80], [128, 128]]


def test_usage_adds_vms_that_share_a_node():
    """Several VMs on one node add up; the sum does not keep the last one only."""
    demand = np.array([[2, 4], [3, 5], [7, 1]])
    used = usage(2, demand, np.array([False, False, True]), np.array([1, 1, 1]), np.array([0, 0, 0]))
    assert used.tolist() == [[[0, 0], [0, 0]], [[12, 10], [7, 1]]]


def test_may_leave_needs_a_movable_vm_on_an_open_pm(tiny):
    """Pinned VMs and VMs on closed PMs stay."""
    assert tiny.may_leave.tolist() == [True, False, True, True, True]
    closed = replace(tiny, open=np.array([False, True, True]))
    assert closed.may_leave.tolist() == [False, False, False, True, True]


def test_types_join_equal_demand_and_shape(tiny):
    """VMs of one type have the same demand and shape; a double is not a single of the same size."""
    assert tiny.vm_type[1] == tiny.vm_type[4]
    assert tiny.vm_type[0] != tiny.vm_type[3]
    rows = np.column_stack([tiny.double, tiny.demand])
    assert (tiny.types[tiny.vm_type] == rows).all()


def test_groups_of_lists_each_group_of_a_vm():
    """A VM may be in several groups."""
    groups = (AntiAffinity("host", (0, 1)), AntiAffinity("rack", (1, 2)))
    cluster = build("groups", [(32, 32)] * 3, [(0, 0, 1), (1, 0, 1), (2, 0, 1), (2, 1, 1)], groups=groups)
    assert cluster.groups_of == {0: (0,), 1: (0, 1), 2: (1,)}
    assert cluster.grouped.tolist() == [True, True, True, False]


def test_arrays_cannot_be_written(tiny):
    """A snapshot never changes: writing to it is an error, not a surprise later."""
    for name in ("capacity", "demand", "pm", "node", "open", "movable", "free"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(tiny, name)[0] = 0


def test_arrays_are_copies():
    """The cluster does not change when the caller's arrays do."""
    capacity = np.full((1, 2, 2), 8)
    cluster = replace(build("copy", [(8, 8)], []), capacity=capacity)
    capacity[:] = 0
    assert (cluster.capacity == 8).all()


def test_a_cluster_may_be_empty():
    """No VMs, or nothing at all, is a cluster."""
    assert build("no vms", [(8, 8)], []).free.tolist() == [[[8, 1000], [8, 1000]]]
    assert build("nothing", [], []).free.shape == (0, 2, 2)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"pm": np.array([0, 0, 0, 1])}, "pm has shape"),
        ({"pm": np.array([0, 0, 0, 1, 3])}, "between 0 and 2"),
        ({"pm": np.array([0, 0, 0, 1, -1])}, "between 0 and 2"),
        ({"node": np.array([0, 0, 2, 0, 1])}, "a node 0 or 1"),
        ({"node": np.array([0, 0, 1, 1, 1])}, "a double VM has node 0"),
        ({"node": np.array([0, 0, 0, 0, 1])}, "use 48 cores but it has 32"),
        ({"demand": np.full((5, 2), -1)}, "negative"),
        ({"vm_names": ("a", "b", "c", "d")}, "one name for each"),
        ({"vm_names": ("a", "b", "c", "d", "a")}, "VM a appears twice"),
        ({"pm_names": ("a", "b", "a")}, "PM a appears twice"),
        ({"groups": (AntiAffinity("host", (0, 5)),)}, "does not exist"),
        ({"capacity": np.full((3, 2, 2), (32, 40))}, "MiB of memory but it has 40"),
    ],
)
def test_an_impossible_cluster_is_refused(tiny, changes, complaint):
    """What cannot be a snapshot is refused in one sentence that names it."""
    with pytest.raises(InputError, match=complaint) as caught:
        replace(tiny, **changes)
    assert str(caught.value).startswith("tiny: ")


@pytest.mark.parametrize(("name", "pms", "vms", "free"), [("medium", 279, 2089, 1394), ("large", 1176, 4546, 18772)])
def test_published_snapshots(request, name, pms, vms, free):
    """The released snapshots have the published sizes and free cores."""
    cluster: Cluster = request.getfixturevalue(name)
    assert (cluster.pms, cluster.vms) == (pms, vms)
    assert cluster.free[cluster.open][..., 0].sum() == free
