"""Compiled rules and observations: legality, migrations, and the classes of nodes and PMs that look the same.

Helpers take views of one cluster's arrays rather than the whole tuple: reading an array out of a tuple costs numba two
atomic operations, more than the rest of what a helper does.
"""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import CORES_TERM, DOUBLE_TERM, MEMORY_TERM, Arrays

BUCKETS = 16
"""Remainders are told apart in sixteenths of a slot."""
NONE = BUCKETS
"""Bucket of what is not there: the other node of a VM that has only one."""


@njit(cache=True)
def value(term: Any, worth: Any, c0: int, m0: int, c1: int, m1: int) -> float:
    """Count the slots of a PM that has so many cores and MiB free on its nodes."""
    total = 0.0
    for j in range(len(term)):
        sort, unit = term[j]
        if unit == 0:  # filled up: this cluster has fewer rates
            break
        if sort == CORES_TERM:
            total += worth[j] * (c0 // unit + c1 // unit)
        elif sort == DOUBLE_TERM:
            total += worth[j] * min(c0 // unit, c1 // unit)
        else:
            total += worth[j] * (m0 // unit + m1 // unit)
    return total


@njit(cache=True)
def changed(term: Any, worth: Any, f: Any, d: Any, double: bool, n: int, sign: int) -> float:
    """Count the slots gained on a PM with ``f`` [2, R] free when a VM leaves (1) or enters (-1) node ``n``."""
    c0 = c1 = sign * d[0]
    m0 = m1 = sign * d[1]
    if not double and n == 0:
        c1 = m1 = 0
    if not double and n == 1:
        c0 = m0 = 0
    after = value(term, worth, f[0, 0] + c0, f[0, 1] + m0, f[1, 0] + c1, f[1, 1] + m1)
    return after - value(term, worth, f[0, 0], f[0, 1], f[1, 0], f[1, 1])


@njit(cache=True)
def bucket(term: Any, cores: int, memory: int) -> Any:
    """Tell the remainder of what is free on a node, in sixteenths of a slot of the first rate."""
    sort, unit = term[0]
    return ((memory if sort == MEMORY_TERM else cores) % unit) * BUCKETS // unit


@njit(cache=True)
def after(term: Any, f: Any, d: Any, sign: int) -> Any:
    """Tell the bucket of a node with ``f`` [R] free once a VM has left it (1) or entered it (-1)."""
    return bucket(term, f[0] + sign * d[0], f[1] + sign * d[1])


@njit(cache=True)
def rooms(a: Arrays, b: int) -> Any:
    """Tell where each kind has room, groups left out: bool [K, P, 2]; a double needs both nodes and uses column 0."""
    pms, kinds = a.size[b, 0], a.size[b, 2]
    free, demand, double, home = a.free[b], a.demand[b], a.double[b], a.home[b]
    is_open, pool = a.open[b], a.pool[b]
    fit = np.zeros((kinds, pms, 2), np.bool_)
    for k in range(kinds):
        c, m = demand[k]
        for p in range(pms):
            if is_open[p] and pool[p] == home[k]:
                first = free[p, 0, 0] >= c and free[p, 0, 1] >= m
                second = free[p, 1, 0] >= c and free[p, 1, 1] >= m
                fit[k, p, 0] = first and (second or not double[k])
                fit[k, p, 1] = second and not double[k]
    return fit


@njit(cache=True)
def barred(a: Arrays, b: int, v: int, p: int) -> bool:
    """Tell whether a fellow of one of the VM's groups bars it from PM ``p``."""
    home = a.pm[b, v]
    for i in range(a.member[b, v], a.member[b, v + 1]):
        g = a.groups[b, i]
        if a.by_rack[b, g]:
            if a.rack[b, p] != a.rack[b, home] and a.taken[b, g, a.rack[b, p]] > 0:
                return True
        elif p != home and a.taken[b, g, p] > 0:
            return True
    return False


@njit(cache=True)
def legal(a: Arrays, b: int, fit: Any, v: int) -> Any:
    """Tell where VM ``v`` may migrate to now: bool [P, 2]."""
    k = a.kind[b, v]
    if k < 0:
        return np.zeros(fit.shape[1:], np.bool_)
    mask = fit[k].copy()
    mask[a.pm[b, v], a.node[b, v]] = False
    if a.grouped[b, k]:
        for p in range(len(mask)):
            if (mask[p, 0] or mask[p, 1]) and barred(a, b, v, p):
                mask[p] = False
    return mask


@njit(cache=True)
def movable(a: Arrays, b: int, fit: Any) -> Any:
    """Tell which VMs have any legal migration: bool [V]."""
    vms, kinds = a.size[b, 1], a.size[b, 2]
    pm, node, kind, grouped = a.pm[b], a.node[b], a.kind[b], a.grouped[b]
    places = np.zeros(kinds, np.int64)
    for k in range(kinds):
        places[k] = fit[k].sum()
    able = np.zeros(vms, np.bool_)
    for v in range(vms):
        k = kind[v]
        if k >= 0 and places[k] > fit[k, pm[v], node[v]]:
            able[v] = not grouped[k] or legal(a, b, fit, v).any()
    return able


@njit(cache=True)
def migrate(a: Arrays, b: int, v: int, p: int, n: int) -> float:
    """Carry out a legal migration and return the slots gained."""
    k, q, o = a.kind[b, v], a.pm[b, v], a.node[b, v]
    free, held, d, double = a.free[b], a.held[b], a.demand[b, k], a.double[b, k]
    gain = changed(a.term[b], a.worth[b], free[q], d, double, o, 1)
    _occupy(free[q], d, double, o, 1)
    gain += changed(a.term[b], a.worth[b], free[p], d, double, n, -1)
    _occupy(free[p], d, double, n, -1)
    held[q, o, k] -= 1
    held[p, n, k] += 1
    for i in range(a.member[b, v], a.member[b, v + 1]):
        g = a.groups[b, i]
        a.taken[b, g, a.rack[b, q] if a.by_rack[b, g] else q] -= 1
        a.taken[b, g, a.rack[b, p] if a.by_rack[b, g] else p] += 1
    a.pm[b, v], a.node[b, v] = p, n
    a.steps[b] -= 1
    return gain


@njit(cache=True)
def _occupy(f: Any, d: Any, double: bool, n: int, sign: int) -> None:
    for side in range(2):
        if double or side == n:
            f[side, 0] += sign * d[0]
            f[side, 1] += sign * d[1]


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
        vms = _vms(a, b, merge, able, max(nodes[0], pairs), node_class[b], pair_class[b], vm[at[5] :])
        whole[i, 0] = a.steps[b]
        whole[i, 1] = (node[at[1] : at[1] + nodes[0], 0] * node[at[1] : at[1] + nodes[0], 1]).sum() / BUCKETS
        at += np.array([1, nodes[0], nodes[1], pairs, a.size[b, 2], vms])
        ends[i] = at


@njit(cache=True)
def _nodes(a: Arrays, b: int, merge: bool, cap: int, keys: Any, ids: Any, node_class: Any, node: Any, edge: Any) -> Any:
    """Write one token a class of nodes, and its VMs as edges; return how many of both."""
    kinds, free, term, worth, ratio = a.size[b, 2], a.free[b], a.term[b], a.worth[b], a.ratio[b]
    is_open, pool, demand, double, inert, held = a.open[b], a.pool[b], a.demand[b], a.double[b], a.inert[b], a.held[b]
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
            node[c, 1] = bucket(term, cores, memory)
            node[c, 2] = min((memory if term[0, 0] == MEMORY_TERM else cores) // unit, 7)
            node[c, 3] = bucket(term, other[0], other[1]) if coupled else NONE
            node[c, 4] = cores / 64
            node[c, 5] = fed >= 0
            node[c, 6] = max(fed, 0) / 64
            for k in range(kinds):
                many = min(cap, held[p, 0 if double[k] else n, k])
                if many and not inert[k]:
                    edge[edges, 0] = c
                    edge[edges, 1] = k
                    edge[edges, 2] = many
                    edge[edges, 3] = after(term, free[p, n], demand[k], 1)
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
def _vms(a: Arrays, b: int, merge: bool, able: Any, hosts: int, node_class: Any, pair_class: Any, vm: Any) -> int:
    """Write one token for all VMs of one kind on hosts of one class that have a legal migration; return how many."""
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
        vm[found, 4] = after(term, free[p, n], demand[k], 1)
        vm[found, 5] = after(term, free[p, 1], demand[k], 1) if double[k] else NONE
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
def destinations(a: Arrays, rows: Any, vms: Any, node_class: Any, pair_class: Any, goal: Any, ends: Any) -> None:
    """Write where each chosen VM may go: the classes of hosts, with the number of legal places in each."""
    at = 0
    for i in range(len(rows)):
        b, v = rows[i], vms[i]
        if v >= 0:
            k = a.kind[b, v]
            free, d, term, worth, double = a.free[b], a.demand[b, k], a.term[b], a.worth[b], a.double[b, k]
            mask = legal(a, b, rooms(a, b), v)
            token = np.full(2 * len(mask), -1, np.int64)
            for p in range(len(mask)):
                for n in range(2):
                    if not mask[p, n]:
                        continue
                    host = pair_class[b, p] if double else node_class[b, p, n]
                    if token[host] >= 0:
                        goal[token[host], 1] += 1
                        continue
                    token[host] = at
                    goal[at, 0] = host
                    goal[at, 1] = 1
                    goal[at, 2] = after(term, free[p, n], d, -1)
                    goal[at, 3] = after(term, free[p, 1], d, -1) if double else NONE
                    goal[at, 4] = changed(term, worth, free[p], d, double, n, -1)
                    at += 1
        ends[i] = at


@njit(cache=True)
def advance(a: Arrays, rows: Any, vms: Any, hosts: Any, u: Any, node_class: Any, pair_class: Any, made: Any) -> Any:
    """Migrate each chosen VM to one of the legal places, chosen by ``u``, on hosts of the chosen class.

    Writes (vm, pm, node) to ``made``, -1 where nothing was chosen, and returns the slots gained.
    """
    gains = np.zeros(len(rows))
    for i in range(len(rows)):
        b, v = rows[i], vms[i]
        made[i] = -1
        if v >= 0:
            double = a.double[b, a.kind[b, v]]
            mask = legal(a, b, rooms(a, b), v)
            places = np.empty(mask.size, np.int64)
            found = 0
            for p in range(len(mask)):
                for n in range(2):
                    if mask[p, n] and (pair_class[b, p] if double else node_class[b, p, n]) == hosts[i]:
                        places[found] = 2 * p + n
                        found += 1
            place = places[min(found - 1, int(u[i] * found))]
            made[i, 0], made[i, 1], made[i, 2] = v, place // 2, place % 2
            gains[i] = migrate(a, b, v, place // 2, place % 2)
    return gains


@njit(cache=True)
def possible(a: Arrays, b: int, moves: Any) -> Any:
    """Tell which of some migrations [n, 3] (vm, pm, node) are legal now: bool [n]."""
    fit = rooms(a, b)
    can = np.zeros(len(moves), np.bool_)
    for i in range(len(moves)):
        can[i] = legal(a, b, fit, moves[i, 0])[moves[i, 1], moves[i, 2]]
    return can
