"""Which nodes, PMs and VMs of a cluster look the same: each class is one token."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import Arrays
from rl.facts import mix
from rl.rules import host_class, unbarred
from rl.sight import Sight


@njit(cache=True, nogil=True)
def scratch(a: Arrays) -> Any:
    """Make the working arrays of `sort_out`: keys and numbers of a hash table, hosts, and counts of VMs."""
    pms = a.open.shape[1]
    table = 16
    while table < 3 * pms:
        table *= 2
    keys, ids = np.empty(table, np.uint64), np.empty(table, np.int32)
    return keys, ids, np.empty(4 * pms, np.uint32), np.empty(2 * pms * a.demand.shape[1], np.int32)


@njit(inline="always")
def sort_out(a: Arrays, s: Sight, b: int, merge: bool, space: Any) -> None:
    """Tell what looks the same in a cluster, and how many tokens that makes."""
    keys, ids, host, count = space
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
def _vms(a: Arrays, s: Sight, b: int, merge: bool, host: Any, count: Any) -> Any:
    """Make one token of all VMs of one kind on hosts of one class that have a legal migration; return how many.

    What indexes arrays in the loop over all VMs is unsigned: it need not be looked at whether it counts from the end.
    """
    pms, kinds, kind, double, grouped = a.size[b, 0], a.size[b, 2], a.kind[b], a.double[b], a.grouped[b]
    seat, fit, places, tokens, fee, budget = a.seat[b], s.fit[b], s.places[b], s.vms[b], a.fee[b], a.budget[b]
    pair_class = s.pair_class[b]
    doubtful, first = np.empty(kinds, np.bool_), np.zeros(kinds, np.uint64)
    for each in range(kinds):
        doubtful[each] = grouped[each] or places[each] < 2 or fee[each] > budget
        if double[each]:
            first[each] = 2 * pms
    for p in range(pms):  # where the counts of each host begin, as the host of singles and, from 2 P on, of doubles
        for n in range(2):
            host[2 * p + n] = host_class(pair_class[p], n, False) * kinds
        host[2 * (pms + p)] = host_class(pair_class[p], 0, True) * kinds
    count[: 2 * s.size[b, 3] * kinds] = 0
    found = np.uint64(0)
    for v in range(a.size[b, 1]):
        k = np.uint64(np.uint32(kind[v]))
        if k >= np.uint64(kinds):  # -1: it may not leave
            continue
        if doubtful[k]:
            stuck = fee[k] > budget or places[k] <= fit[k, seat[v] >> 1, seat[v] & 1]
            if stuck or (grouped[k] and not unbarred(a, b, fit[k], v)):
                continue
        cell = host[first[k] + np.uint64(np.uint32(seat[v]))] + k
        before = count[cell]
        count[cell] = before + 1
        tokens[found, 0], tokens[found, 2] = v, cell
        found += np.uint64(before == 0 or not merge)  # no jump, which could not be foreseen
    for t in range(np.int64(found)):
        cell = tokens[t, 2]
        tokens[t, 1] = count[cell] if merge else 1
        tokens[t, 2], tokens[t, 3] = cell // kinds, cell % kinds
    return np.int64(found)
