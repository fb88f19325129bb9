"""Which nodes, PMs and VMs of a cluster look the same: each class is one token."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rl.arrays import Arrays
from rl.facts import mix
from rl.rules import unbarred
from rl.sight import Sight


class Classes(NamedTuple):
    """What of a cluster looks the same; one after another is sorted out in the same arrays."""

    nodes: NDArray[np.int32]
    """[2 P, 2], the first node (twice the PM plus the node) of each class, and how many there are."""
    pairs: NDArray[np.int32]
    """[P, 2], the first PM of each class, and how many there are."""
    vms: NDArray[np.int32]
    """[V, 3], the first VM of each token, where it is known (`rl.sight.Sight.vm`), and how many it stands for."""
    keys: NDArray[np.uint64]
    """Hash table: what was put into it."""
    ids: NDArray[np.int32]
    """The numbers of that, -1 where nothing is."""
    tally: NDArray[np.int32]
    """[2 P K], 0 between clusters: VMs by class of PMs, node and kind."""


@njit(cache=True, nogil=True)
def scratch(a: Arrays) -> Classes:
    """Make room for the classes of any of the clusters."""
    (_, pms), vms, table = a.open.shape, a.seat.shape[1], 16
    while table < 3 * pms:
        table *= 2
    return Classes(
        np.empty((2 * pms, 2), np.int32), np.empty((pms, 2), np.int32), np.empty((vms, 3), np.int32),
        np.empty(table, np.uint64), np.empty(table, np.int32), np.zeros(2 * pms * a.demand.shape[1], np.int32),
    )  # fmt: skip


@njit(inline="always")
def sort_out(a: Arrays, s: Sight, b: int, merge: bool, c: Classes) -> Any:
    """Tell what looks the same; return how many classes of nodes, edges, classes of PMs and tokens of VMs there are."""
    nodes, edges = _nodes(a, s, b, c)
    pairs = _pairs(a, s, b, c)
    return nodes, edges, pairs, _vms(a, s, b, merge, c)


@njit(inline="always")
def _find(keys: Any, ids: Any, h: Any, fresh: int) -> int:
    """Look a hash up; an unknown one gets the number ``fresh``."""
    mask = len(keys) - 1
    at = np.int64(h & np.uint64(mask))
    while ids[at] >= 0:
        if keys[at] == h:
            return ids[at]  # type: ignore[no-any-return]
        at = (at + 1) & mask
    keys[at] = h
    ids[at] = fresh
    return fresh


@njit(inline="always")
def _nodes(a: Arrays, s: Sight, b: int, c: Classes) -> Any:
    """Put nodes that look the same into one class; return how many classes there are, and how many edges."""
    is_open, looks, edges, node_class = a.open[b], s.looks[b], s.edges[b], s.node_class[b]
    nodes, keys, ids = c.nodes, c.keys, c.ids
    ids[:] = -1
    found = links = 0
    for p in range(a.size[b, 0]):
        for n in range(2):
            if not is_open[p]:
                node_class[p, n] = -1
                continue
            each = _find(keys, ids, looks[p, n], found)
            node_class[p, n] = each
            if each < found:
                nodes[each, 1] += 1
                continue
            nodes[each, 0], nodes[each, 1] = 2 * p + n, 1
            links += edges[p, n]
            found += 1
    return found, links


@njit(inline="always")
def _pairs(a: Arrays, s: Sight, b: int, c: Classes) -> int:
    """Put PMs whose nodes are of the same two classes into one class; return how many there are."""
    is_open, node_class, pair_class = a.open[b], s.node_class[b], s.pair_class[b]
    pairs, keys, ids = c.pairs, c.keys, c.ids
    ids[:] = -1
    found = 0
    for p in range(a.size[b, 0]):
        if not is_open[p]:
            pair_class[p] = -1
            continue
        h = mix(np.uint64(2), (node_class[p, 0] << 32) + node_class[p, 1])
        each = _find(keys, ids, h, found)
        pair_class[p] = each
        if each < found:
            pairs[each, 1] += 1
            continue
        pairs[each, 0], pairs[each, 1] = p, 1
        found += 1
    return found


@njit(inline="always")
def _count(tokens: Any, tally: Any, found: Any, v: Any, i: Any, cell: Any, many: Any, merge: bool) -> Any:
    """Count VMs, of which ``v`` is the first, to their token, a new one where there is none or all are their own."""
    before = tally[cell]
    tally[cell] = before + many
    tokens[found, 0], tokens[found, 1], tokens[found, 2] = v, i, cell
    return found + np.uint64((before == 0) | (not merge))  # no jump, which could not be foreseen


@njit(inline="always")
def _vms(a: Arrays, s: Sight, b: int, merge: bool, c: Classes) -> Any:
    """Make one token of all VMs of one kind on hosts of one class that have a legal migration; return how many.

    Indices are unsigned: none need be looked at whether it counts from the end.
    """
    kinds, grouped, following, fee, budget = a.size[b, 2], a.grouped[b], a.following[b], a.fee[b], a.budget[b]
    pair_class, vm, fit, places, tokens, tally = s.pair_class[b], s.vm[b], s.fit[b], s.places[b], c.vms, c.tally
    doubtful, found = np.empty(kinds, np.bool_), np.uint64(0)
    for each in range(kinds):
        doubtful[each] = not merge or grouped[each] or places[each] < 2 or fee[each] > budget
    for i in range(np.uint64(s.vms[b, a.size[b, 0]])):
        one = vm[i]
        k, v, host = np.uint64(one.kind), one.first, 2 * pair_class[np.uint64(one.pm)] + one.node
        cell = np.uint64(host) * np.uint64(kinds) + k
        if not doubtful[k]:
            found = _count(tokens, tally, found, v, i, cell, np.int32(one.many), merge)
        elif fee[k] <= budget and places[k] > fit[k, one.pm, one.node]:
            while v >= 0:
                if not grouped[k] or unbarred(a, b, fit[k], v):
                    found = _count(tokens, tally, found, v, i, cell, np.int32(1), merge)
                v = following[v]
    for t in range(found):
        cell = np.uint64(tokens[t, 2])
        tokens[t, 2] = tally[cell] if merge else 1
        tally[cell] = 0
    return np.int64(found)
