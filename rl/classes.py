"""Which nodes, PMs and VMs of a cluster look the same: each class is one token."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import Arrays
from rl.facts import mix, refresh
from rl.rules import unbarred
from rl.sight import Sight


@njit(cache=True, nogil=True)
def survey(a: Arrays, s: Sight, rows: Any, merge: bool, cap: int) -> None:
    """Look at clusters ``rows`` again and tell what looks the same."""
    pms = a.open.shape[1]
    table = 16
    while table < 3 * pms:
        table *= 2
    keys, ids = np.empty(table, np.uint64), np.empty(table, np.int32)
    host, count = np.empty(3 * pms, np.uint32), np.empty((2 * pms, a.demand.shape[1]), np.int32)
    for b in rows:
        refresh(a, s, b, merge, cap)
        size = s.size[b]
        size[0], size[4] = 1, a.size[b, 2]
        size[1], size[2] = _nodes(a, s, b, keys, ids)
        size[3] = _pairs(a, s, b, keys, ids)
        size[5] = _vms(a, s, b, merge, host, count)


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


@njit(cache=True, nogil=True)
def _nodes(a: Arrays, s: Sight, b: int, keys: Any, ids: Any) -> Any:
    """Put nodes that look the same into one class; return how many classes there are, and how many edges."""
    is_open, looks, edges, node_class, nodes = a.open[b], s.looks[b], s.edges[b], s.node_class[b], s.nodes[b]
    ids[:] = -1
    found = links = 0
    for p in range(a.size[b, 0]):
        for n in range(2):
            if not is_open[p]:
                node_class[p, n] = -1
                continue
            c = _find(keys, ids, looks[p, n], found)
            node_class[p, n] = c
            if c < found:
                nodes[c, 1] += 1
                continue
            nodes[c, 0], nodes[c, 1] = 2 * p + n, 1
            links += edges[p, n]
            found += 1
    return found, links


@njit(cache=True, nogil=True)
def _pairs(a: Arrays, s: Sight, b: int, keys: Any, ids: Any) -> int:
    """Put PMs whose nodes are of the same two classes into one class; return how many there are."""
    is_open, node_class, pair_class, pairs = a.open[b], s.node_class[b], s.pair_class[b], s.pairs[b]
    ids[:] = -1
    found = 0
    for p in range(a.size[b, 0]):
        if not is_open[p]:
            pair_class[p] = -1
            continue
        h = mix(np.uint64(2), (node_class[p, 0] << 32) + node_class[p, 1])
        c = _find(keys, ids, h, found)
        pair_class[p] = c
        if c < found:
            pairs[c, 1] += 1
            continue
        pairs[c, 0], pairs[c, 1] = p, 1
        found += 1
    return found


@njit(cache=True, nogil=True)
def _vms(a: Arrays, s: Sight, b: int, merge: bool, host: Any, count: Any) -> int:
    """Make one token of all VMs of one kind on hosts of one class that have a legal migration; return how many."""
    pms, kind, double, grouped, fee, budget = a.size[b, 0], a.kind[b], a.double[b], a.grouped[b], a.fee[b], a.budget[b]
    seat, fit, places, tokens = s.seat[b], s.fit[b], s.places[b], s.vms[b]
    node_class, pair_class = s.node_class[b], s.pair_class[b]
    doubtful = np.empty(a.size[b, 2], np.bool_)
    for k in range(len(doubtful)):
        doubtful[k] = grouped[k] or places[k] < 2 or fee[k] > budget
    for p in range(pms):
        host[2 * p], host[2 * p + 1], host[2 * pms + p] = node_class[p, 0], node_class[p, 1], pair_class[p]
    count[: max(s.size[b, 1], s.size[b, 3])] = 0
    found = 0
    for v in range(a.size[b, 1]):
        k = kind[v]
        if k < 0:
            continue
        if doubtful[k]:
            stuck = fee[k] > budget or places[k] <= fit[k, seat[v] // 2, seat[v] % 2]
            if stuck or (grouped[k] and not unbarred(a, b, fit[k], v)):
                continue
        c = host[2 * pms + (seat[v] >> 1)] if double[k] else host[seat[v]]
        tokens[found, 0], tokens[found, 2], tokens[found, 3] = v, c, k
        found += count[c, k] == 0 or not merge  # no jump, which could not be foreseen
        count[c, k] += 1
    for t in range(found):
        tokens[t, 1] = count[tokens[t, 2], tokens[t, 3]] if merge else 1
    return found
