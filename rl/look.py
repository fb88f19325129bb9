"""Compiled observations: the classes of nodes and PMs that look the same, and what the policy is told about them."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import DOUBLE_TERM, MEMORY_TERM, Arrays
from rl.rules import changed, legal, movable, rooms

BUCKETS = 16
"""Remainders are told apart in sixteenths of a slot."""
NEEDS = 5
"""Departures until the next slot is whole: 1, 2, 3, more, or no way."""
OUTLOOKS = BUCKETS * NEEDS
"""How a node can stand: its remainder and what the next slot needs."""
NONE = OUTLOOKS
"""Outlook of what is not there: the other node of a VM that has only one."""


@njit(cache=True)
def bucket(term: Any, cores: int, memory: int) -> Any:
    """Tell the remainder of what is free on a node, in sixteenths of a slot of the first rate."""
    sort, unit = term[0]
    return ((memory if sort == MEMORY_TERM else cores) % unit) * BUCKETS // unit


@njit(cache=True)
def outlook(
    term: Any, demand: Any, double: Any, order: Any, f: Any, held: Any, n: int, cap: int, k: int, sign: int
) -> Any:
    """Tell how node ``n`` of a PM stands once a VM of kind ``k`` has left it (1) or entered it (-1), or as it is (0).

    ``f`` [R] is free there, ``held`` [2, K] sits on the PM; of a kind, up to ``cap`` VMs are counted.
    """
    sort, unit = term[0]
    r = 1 if sort == MEMORY_TERM else 0
    remainder = (f[r] + sign * demand[k, r]) % unit if sign else f[r] % unit
    short, leave = unit - remainder, 0
    for i in range(len(order)):  # the largest remainders first: the fewest departures
        each = order[i]
        gives = demand[each, r] % unit
        if gives == 0:
            break
        there = min(cap, held[0 if double[each] else n, each])
        if each == k:
            there = min(cap, there - sign)
        while there > 0 and short > 0:
            short -= gives
            there -= 1
            leave += 1
    need = NEEDS - 1 if short > 0 else min(leave, NEEDS - 1) - 1
    return remainder * BUCKETS // unit * NEEDS + need


@njit(cache=True)
def _mix(h: Any, x: int) -> Any:
    """Fold one more integer into a 64-bit hash (splitmix64)."""
    h = (h ^ np.uint64(x)) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


@njit(cache=True)
def _fed(cores: int, memory: int, ratio: int) -> int:
    """Tell how many cores of the hungriest kind the free memory suffices for; -1 where for all that are free."""
    return -1 if memory >= cores * ratio else memory // ratio


@njit(cache=True)
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


@njit(cache=True)
def observe(
    a: Arrays, rows: Any, merge: bool, cap: int, node_class: Any, pair_class: Any,
    whole: Any, node: Any, edge: Any, pair: Any, kind: Any, vm: Any, ends: Any,
) -> None:  # fmt: skip
    """Write the tokens of clusters ``rows`` one after another; ``ends`` [n, 6] says where those of each end."""
    table = 16
    while table < 4 * a.free.shape[1]:
        table *= 2
    keys = np.zeros(table, np.uint64)
    ids = np.empty(table, np.int64)
    at = np.zeros(6, np.int64)  # whole, node, edge, pair, kind, vm
    for i in range(len(rows)):
        b = rows[i]
        fit = rooms(a, b)
        ids[:] = -1
        nodes = _nodes(a, b, merge, cap, keys, ids, node_class[b], node[at[1] :], edge[at[2] :])
        ids[:] = -1
        pairs = _pairs(a.open[b], a.size[b, 0], keys, ids, node_class[b], pair_class[b], pair[at[3] :])
        _kinds(a, b, fit, kind[at[4] :])
        able = movable(a, b, fit)
        vms = _vms(a, b, merge, cap, able, max(nodes[0], pairs), node_class[b], pair_class[b], vm[at[5] :])
        whole[i, 0] = a.steps[b]
        own = node[at[1] : at[1] + nodes[0]]
        whole[i, 1] = (own[:, 0] * (own[:, 1] // NEEDS)).sum() / BUCKETS
        at += np.array([1, nodes[0], nodes[1], pairs, a.size[b, 2], vms])
        ends[i] = at


@njit(cache=True)
def _nodes(a: Arrays, b: int, merge: bool, cap: int, keys: Any, ids: Any, node_class: Any, node: Any, edge: Any) -> Any:
    """Write one token a class of nodes, and its VMs as edges; return how many of both."""
    kinds, free, term, worth, ratio = a.size[b, 2], a.free[b], a.term[b], a.worth[b], a.ratio[b]
    is_open, pool, demand, double, inert, held = a.open[b], a.pool[b], a.demand[b], a.double[b], a.inert[b], a.held[b]
    order = a.order[b, :kinds]
    coupled = (term[:, 0] == DOUBLE_TERM).any()
    by_memory = (term[:, 0] == MEMORY_TERM).any()
    found = edges = 0
    for p in range(a.size[b, 0]):
        for n in range(2):
            node_class[p, n] = -1
            if not is_open[p]:
                continue
            cores, memory = free[p, n]
            fed = _fed(cores, memory, ratio)
            h = _mix(np.uint64(0x9E3779B97F4A7C15), cores if merge else 2 * p + n)
            if merge:
                h = _mix(_mix(h, fed + 1), pool[p])
                if by_memory:
                    h = _mix(h, memory)
                if coupled:
                    h = _mix(h, free[p, 1 - n, 0])
                for k in range(kinds):
                    if not inert[k]:
                        h = _mix(h, min(cap, held[p, 0 if double[k] else n, k]))
            c = _find(keys, ids, h, found)
            node_class[p, n] = c
            if c < found:
                node[c, 0] += 1
                continue
            found += 1
            unit = term[0, 1]
            other = free[p, 1 - n]
            node[c, 0] = 1
            node[c, 1] = outlook(term, demand, double, order, free[p, n], held[p], n, cap, 0, 0)
            node[c, 2] = min((memory if term[0, 0] == MEMORY_TERM else cores) // unit, 7)
            node[c, 3] = bucket(term, other[0], other[1]) if coupled else BUCKETS
            node[c, 4] = cores / 64
            node[c, 5] = fed >= 0
            node[c, 6] = max(fed, 0) / 64
            for k in range(kinds):
                many = min(cap, held[p, 0 if double[k] else n, k])
                if many and not inert[k]:
                    edge[edges, 0] = c
                    edge[edges, 1] = k
                    edge[edges, 2] = many
                    edge[edges, 3] = outlook(term, demand, double, order, free[p, n], held[p], n, cap, k, 1)
                    edge[edges, 4] = changed(term, worth, free[p], demand[k], double[k], n, 1)
                    edges += 1
    return found, edges


@njit(cache=True)
def _pairs(is_open: Any, pms: int, keys: Any, ids: Any, node_class: Any, pair_class: Any, pair: Any) -> int:
    """Write one token a class of PMs: those whose nodes are of the same two classes."""
    found = 0
    for p in range(pms):
        pair_class[p] = -1
        if not is_open[p]:
            continue
        first, second = node_class[p]
        c = _find(keys, ids, _mix(_mix(np.uint64(2), first), second), found)
        pair_class[p] = c
        if c < found:
            pair[c, 2] += 1
            continue
        found += 1
        pair[c, 0] = first
        pair[c, 1] = second
        pair[c, 2] = 1
    return found


@njit(cache=True)
def _kinds(a: Arrays, b: int, fit: Any, kind: Any) -> None:
    """Write one token a kind of VM."""
    held, term, ratio = a.held[b], a.term[b], a.ratio[b]
    unit = term[0, 1]
    for k in range(a.size[b, 2]):
        cores, memory = a.demand[b, k]
        kind[k, 0] = bucket(term, cores, memory)
        kind[k, 1] = min((memory if term[0, 0] == MEMORY_TERM else cores) // unit, 7)
        kind[k, 2] = a.double[b, k]
        kind[k, 3] = a.grouped[b, k]
        kind[k, 4] = cores / 32
        kind[k, 5] = min(1.0, memory / max(1, cores * ratio))
        kind[k, 6] = np.log1p(held[:, :, k].sum()) / 6
        kind[k, 7] = np.log1p(fit[k].sum()) / 6


@njit(cache=True)
def _vms(
    a: Arrays, b: int, merge: bool, cap: int, able: Any, hosts: int, node_class: Any, pair_class: Any, vm: Any
) -> int:
    """Write one token for all VMs of one kind on hosts of one class that have a legal migration; return how many."""
    held, order = a.held[b], a.order[b, : a.size[b, 2]]
    pm, node, kind, double = a.pm[b], a.node[b], a.kind[b], a.double[b]
    free, demand, term, worth = a.free[b], a.demand[b], a.term[b], a.worth[b]
    token = np.full((hosts, a.size[b, 2]), -1, np.int64)
    found = 0
    for v in range(a.size[b, 1]):
        if not able[v]:
            continue
        k, p, n = kind[v], pm[v], node[v]
        host = pair_class[p] if double[k] else node_class[p, n]
        if merge and token[host, k] >= 0:
            vm[token[host, k], 3] += 1
            continue
        token[host, k] = found
        vm[found, 0] = host
        vm[found, 1] = k
        vm[found, 2] = double[k]
        vm[found, 3] = 1
        vm[found, 4] = outlook(term, demand, double, order, free[p, n], held[p], n, cap, k, 1)
        vm[found, 5] = NONE
        if double[k]:
            vm[found, 5] = outlook(term, demand, double, order, free[p, 1], held[p], 1, cap, k, 1)
        vm[found, 6] = changed(term, worth, free[p], demand[k], double[k], n, 1)
        vm[found, 7] = v
        found += 1
    return found


@njit(cache=True)
def pick_vms(a: Arrays, rows: Any, firsts: Any, merge: bool, u: Any, node_class: Any, pair_class: Any) -> Any:
    """Choose at random (``u`` [n] from [0, 1)) one VM of each token whose first VM is given; -1 (stop) stays."""
    chosen = firsts.copy()
    if not merge:
        return chosen
    for i in range(len(rows)):
        b, first = rows[i], firsts[i]
        if first < 0:
            continue
        able = movable(a, b, rooms(a, b))
        pm, node, kind = a.pm[b], a.node[b], a.kind[b]
        k = kind[first]
        double = a.double[b, k]
        like = np.empty(a.size[b, 1], np.int64)
        found = 0
        for v in range(a.size[b, 1]):
            if kind[v] == k and able[v]:
                if double:
                    same = pair_class[b, pm[v]] == pair_class[b, pm[first]]
                else:
                    same = node_class[b, pm[v], node[v]] == node_class[b, pm[first], node[first]]
                if same:
                    like[found] = v
                    found += 1
        chosen[i] = like[min(found - 1, int(u[i] * found))]
    return chosen


@njit(cache=True)
def destinations(
    a: Arrays, rows: Any, cap: int, vms: Any, node_class: Any, pair_class: Any, goal: Any, ends: Any
) -> None:
    """Write where each chosen VM may go: the classes of hosts, with the number of legal places in each."""
    at = 0
    for i in range(len(rows)):
        b, v = rows[i], vms[i]
        if v >= 0:
            k = a.kind[b, v]
            free, held, demand, term, worth, double = (
                a.free[b],
                a.held[b],
                a.demand[b],
                a.term[b],
                a.worth[b],
                a.double[b],
            )
            order = a.order[b, : a.size[b, 2]]
            mask = legal(a, b, rooms(a, b), v)
            token = np.full(2 * len(mask), -1, np.int64)
            for p in range(len(mask)):
                for n in range(2):
                    if not mask[p, n]:
                        continue
                    host = pair_class[b, p] if double[k] else node_class[b, p, n]
                    if token[host] >= 0:
                        goal[token[host], 1] += 1
                        continue
                    token[host] = at
                    goal[at, 0] = host
                    goal[at, 1] = 1
                    goal[at, 2] = outlook(term, demand, double, order, free[p, n], held[p], n, cap, k, -1)
                    goal[at, 3] = NONE
                    if double[k]:
                        goal[at, 3] = outlook(term, demand, double, order, free[p, 1], held[p], 1, cap, k, -1)
                    goal[at, 4] = changed(term, worth, free[p], demand[k], double[k], n, -1)
                    goal[at, 5] = 2 * p + n
                    at += 1
        ends[i] = at
