"""The benchmark's instances are what they claim to be."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.instances import (
    PUBLISHED_SIZES,
    filled,
    host_groups,
    memory_mixed,
    odd_sizes,
    part,
    replaced,
    tiled,
    unequal_pms,
)
from benchmarks.instances.scatter import NOWHERE, scatter
from data import AntiAffinity, InputError
from data.cluster import CORES, MEMORY
from data.generators import generate
from harness.provenance import checksum

MAKERS = {
    "memory_mixed": lambda seed: memory_mixed(_preset(), seed),
    "replaced": lambda seed: replaced(_preset(), 0.2, seed),
    "odd_sizes": lambda seed: odd_sizes(60, seed, memory=True),
    "unequal_pms": lambda seed: unequal_pms(60, seed),
    "filled": lambda seed: filled(part(_preset(), 40, 0), 0.02, seed),
    "part": lambda seed: part(_preset(), 8, seed),
    "host_groups": lambda seed: host_groups(_preset(), PUBLISHED_SIZES, seed),
}


def _preset():
    return generate("medium", "test", 0)


def _tighter_memory(cluster):
    """Count the nodes with free cores, and those of them whose memory would run out first."""
    free, capacity = cluster.free.reshape(-1, 2), cluster.capacity.reshape(-1, 2)
    some = free[:, CORES] > 0
    tighter = free[:, MEMORY] * capacity[:, CORES] < free[:, CORES] * capacity[:, MEMORY]
    return int((some & tighter).sum()), int(some.sum())


def _distinct_pms(cluster):
    """Count the distinct PMs by what they hold and have free, nodes being interchangeable."""
    content = np.zeros((cluster.pms, 2, len(cluster.types)), dtype=np.int64)
    np.add.at(content, (cluster.pm, cluster.node, cluster.vm_type), 1)
    nodes = np.concatenate([content, cluster.free], axis=2).tolist()
    return len({tuple(sorted(map(tuple, pm))) for pm in nodes})


@pytest.mark.parametrize("name", MAKERS)
def test_same_seed_same_cluster(name):
    """A seed gives one cluster, another seed another, so that results can be repeated."""
    assert checksum(MAKERS[name](3)) == checksum(MAKERS[name](3)) != checksum(MAKERS[name](4))


def test_memory_never_binds_in_large(large):
    """The released Large snapshot has no node on which memory runs out before cores."""
    assert _tighter_memory(large) == (0, 1109)


def test_mixed_memory_binds(large):
    """With mixed memory ratios, memory is the tighter resource on hundreds of the nodes with free cores."""
    mixed = memory_mixed(large, seed=0)
    tighter, some = _tighter_memory(mixed)
    assert tighter > 300
    assert some == 1109
    assert np.array_equal(mixed.demand[:, CORES], large.demand[:, CORES])
    assert set((mixed.demand[:, MEMORY] / large.demand[:, MEMORY]).round(3)) <= {0.5, 1.0, 1.5, 2.0}


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_replaced_moves_a_share(share):
    """As many VMs as asked are taken out; a few may come back to where they were; the others stay."""
    cluster = _preset()
    moved = replaced(cluster, share, seed=1)
    away = (moved.pm != cluster.pm) | (moved.node != cluster.node)
    assert 0.8 * share < away.mean() <= share
    assert np.array_equal(moved.demand, cluster.demand)


def test_replaced_leaves_what_may_not_move():
    """Pinned VMs and closed PMs stay as they are, even when all others are re-placed on a nearly full cluster."""
    rng, full = np.random.default_rng(0), filled(part(_preset(), 40, 0), 0.01, 0)
    cluster = replace(full, movable=rng.random(full.vms) < 0.8, open=rng.random(full.pms) < 0.9)
    moved = replaced(cluster, 1.0, seed=0)
    away = (moved.pm != cluster.pm) | (moved.node != cluster.node)
    assert away.any()
    assert not (away & ~cluster.may_leave).any()
    assert moved.open[moved.pm[away]].all()


def test_tiles_are_copies():
    """Every copy is the cluster again, with names, pools, racks and groups of its own."""
    cluster = host_groups(part(_preset(), 8, 0), {3: 2}, seed=0)
    tiles = tiled(cluster, 3)
    assert (tiles.pms, tiles.vms, len(tiles.groups)) == (24, 3 * cluster.vms, 6)
    assert np.array_equal(tiles.free.reshape(3, 8, 2, 2), np.stack([cluster.free] * 3))
    assert not set(tiles.pool[:8].tolist()) & set(tiles.pool[8:].tolist())
    assert not set(tiles.rack[:8].tolist()) & set(tiles.rack[8:].tolist())
    assert not set(tiles.groups[0].vms) & set(tiles.groups[2].vms)


def test_filled_leaves_so_much_free():
    """The free share is what was asked, to within the smallest VM, and the VMs there were stay."""
    cluster = _preset()
    full = filled(cluster, 0.004, seed=0)
    free, all_cores = full.free[..., CORES].sum(), full.capacity[..., CORES].sum()
    assert 0.004 * all_cores <= free <= 0.004 * all_cores + 2
    assert np.array_equal(full.pm[: cluster.vms], cluster.pm)
    no_memory = cluster.capacity - cluster.free * [0, 1]
    with pytest.raises(InputError, match="no VM fits any more"):
        filled(replace(cluster, capacity=no_memory), 0.004, seed=0)


@pytest.mark.parametrize("memory", [False, True])
def test_odd_sizes_have_no_structure(memory):
    """14 sizes, three memory ratios where memory shall bind, and nearly all PMs in a state of their own."""
    cluster = odd_sizes(300, seed=0, memory=memory)
    assert Counter(np.unique(cluster.types[:, :2], axis=0)[:, 0].tolist()) == {0: 9, 1: 5}
    assert len(np.unique(cluster.types[:, 2] // cluster.types[:, 1])) == (3 if memory else 1)
    assert _distinct_pms(cluster) >= 297
    tighter, some = _tighter_memory(cluster)
    assert 0.5 * some < tighter < some if memory else tighter == 0


def test_unequal_pms():
    """PMs of six generations, one with a single node and one with unequal nodes, all of them used."""
    cluster = unequal_pms(60, seed=0)
    kinds, count = np.unique(cluster.capacity.reshape(60, 4), axis=0, return_counts=True)
    assert len(kinds) == 6
    assert (count == 10).all()
    used = (cluster.capacity - cluster.free)[..., CORES].sum(axis=1)
    assert (used > 0).all()


@pytest.mark.parametrize(("sizes", "granularity"), [(PUBLISHED_SIZES, "host"), ({100: 10}, "host"), ({8: 20}, "rack")])
def test_groups_start_without_conflict(sizes, granularity):
    """Groups have the sizes asked, share no VM, and no two members share a PM or rack."""
    cluster = host_groups(_preset(), sizes, seed=0, granularity=granularity)
    domain = cluster.pm if granularity == "host" else cluster.rack[cluster.pm]
    assert Counter(len(group.vms) for group in cluster.groups) == sizes
    assert sum(size * count for size, count in sizes.items()) == cluster.grouped.sum()
    for group in cluster.groups:
        assert group.granularity == granularity
        assert len(set(domain[list(group.vms)].tolist())) == len(group.vms)


def test_too_many_groups_are_refused():
    """A group that cannot be completed is an error, never a smaller group."""
    with pytest.raises(InputError, match="too few VMs"):
        host_groups(part(_preset(), 8, 0), {9: 1}, seed=0)


def test_part_keeps_pms_whole():
    """A part has the PMs asked with all of their VMs, and of groups what is left of them."""
    cluster = replace(_preset(), groups=(AntiAffinity("host", (0, 1, 2)), AntiAffinity("host", (3,))))
    some = part(cluster, 278, seed=0)
    assert some.pms == 278
    free = dict(zip(cluster.pm_names, cluster.free.tolist(), strict=True))
    assert all(free[name] == rest for name, rest in zip(some.pm_names, some.free.tolist(), strict=True))
    names = [{some.vm_names[vm] for vm in group.vms} for group in some.groups]
    assert all(members <= set(cluster.vm_names[:3]) for members in names)


def test_scatter_places_all_that_fit():
    """VMs go where there is room, none twice, and those without room are told."""
    free = np.array([[[10, 9], [4, 4]], [[2, 2], [2, 2]]])
    demand, double = np.array([[4, 4], [2, 2], [2, 2], [8, 1], [1, 9]]), np.array([False, True, False, False, False])
    pm, node = scatter(free, demand, double, np.random.default_rng(0))
    assert (pm == NOWHERE).tolist() == [False, False, False, False, True]
    assert (free >= 0).all()
    assert node[1] == 0
    assert not free[..., 0].any()
