"""Compiled observations: the classes of nodes and PMs that look the same, and what the policy is told about them."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import DOUBLE_TERM, MEMORY_TERM, Arrays
from rl.rules import changed, legal, movable, room, unbarred
from solvers.incumbents import EPSILON

BUCKETS = 16
"""Remainders are told apart in sixteenths of a slot."""
NEEDS = 5
"""Departures until the next slot is whole: 1, 2, 3, more, or no way."""
OUTLOOKS = BUCKETS * NEEDS
"""How a node can stand: its remainder and what the next slot needs."""
NONE = OUTLOOKS
"""Outlook of what is not there: the other node of a VM that has only one."""


@njit(cache=True, nogil=True)
def bucket(unit: int, amount: int) -> int:
    """Tell the remainder of what is free on a node, in sixteenths of a slot of ``unit``."""
    return amount % unit * BUCKETS // unit


@njit(cache=True, nogil=True)
def helpers(a: Arrays, b: int) -> Any:
    """List the kinds whose leaving adds to a remainder of the first rate, the largest first: int64 [N, 3].

    Columns: kind, double, what one adds.
    """
    order, double, demand = a.order[b], a.double[b], a.demand[b]
    unit, r = a.term[b, 0, 1], int(a.term[b, 0, 0] == MEMORY_TERM)
    found = np.empty((a.size[b, 2], 3), np.int64)
    for i in range(len(found)):
        k = order[i]
        if demand[k, r] % unit == 0:
            return found[:i]
        found[i, 0], found[i, 1], found[i, 2] = k, double[k], demand[k, r] % unit
    return found


@njit(inline="always")
def outlook(unit: int, helps: Any, held: Any, p: int, n: int, free: int, cap: int, k: int, leaves: int) -> int:
    """Tell how node ``n`` of PM ``p`` stands, or will stand, with ``free`` of the resource of the first rate.

    ``held`` [P, 2, K] sits on the PMs now, ``leaves`` (-1: enters) of kind ``k`` will be gone; of a kind, up to
    ``cap`` VMs are counted. The fewest departures: the largest remainders go first.
    """
    remainder = free % unit
    short, leave = unit - remainder, 0
    for i in range(len(helps)):
        each, both, gives = helps[i, 0], helps[i, 1], helps[i, 2]
        there = min(cap, held[p, 0 if both else n, each])
        if each == k:
            there = min(cap, there - leaves)
        while there > 0 and short > 0:
            short -= gives
            there -= 1
            leave += 1
        if short <= 0:
            break
    need = NEEDS - 1 if short > 0 else min(leave, NEEDS - 1) - 1
    return remainder * BUCKETS // unit * NEEDS + need


@njit(cache=True, nogil=True)
def _mix(h: Any, x: int) -> Any:
    """Fold one more integer into a 64-bit hash (splitmix64)."""
    h = (h ^ np.uint64(x)) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


@njit(cache=True, nogil=True)
def _fed(cores: int, memory: int, ratio: int) -> int:
    """Tell how many cores of the hungriest kind the free memory suffices for; -1 where for all that are free."""
    return -1 if memory >= cores * ratio else memory // ratio


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
def observe(
    a: Arrays, rows: Any, merge: bool, cap: int, node_class: Any, pair_class: Any,
    whole: Any, node: Any, edge: Any, pair: Any, kind: Any, vm: Any, ends: Any,
) -> None:  # fmt: skip
    """Write the tokens of clusters ``rows`` one after another; ``ends`` [n, 6] says where those of each end."""
    pms, kinds = a.held.shape[1], a.held.shape[3]
    table = 16
    while table < 4 * pms:
        table *= 2
    keys = np.zeros(table, np.uint64)
    ids = np.empty(table, np.int64)
    left = np.empty((2 * pms, kinds, 2), np.float32)
    at = np.zeros(6, np.int64)  # whole, node, edge, pair, kind, vm
    for i in range(len(rows)):
        b = rows[i]
        helps = helpers(a, b)
        able, fit = movable(a, b)
        ids[:] = -1
        nodes, edges = _nodes(a, b, merge, cap, helps, keys, ids, node_class[b], node[at[1] :], edge[at[2] :], left)
        ids[:] = -1
        pairs = _pairs(a.open[b], a.size[b, 0], keys, ids, node_class[b], pair_class[b], pair[at[3] :])
        _kinds(a, b, able, fit, kind[at[4] :])
        hosts = max(nodes, pairs)
        vms = _vms(a, b, merge, able, hosts, node_class[b], pair_class[b], left, vm[at[5] :])
        whole[i, 0] = a.steps[b]
        whole[i, 1] = _remainders(node[at[1] : at[1] + nodes]) / BUCKETS
        at += np.array([1, nodes, edges, pairs, a.size[b, 2], vms])
        ends[i] = at


@njit(cache=True, nogil=True)
def _remainders(node: Any) -> int:
    """Add up the remainders of all nodes, in sixteenths of a slot."""
    total = 0
    for c in range(len(node)):
        total += int(node[c, 0]) * (int(node[c, 1]) // NEEDS)
    return total


@njit(cache=True, nogil=True)
def _nodes(
    a: Arrays, b: int, merge: bool, cap: int, helps: Any, keys: Any, ids: Any,
    node_class: Any, node: Any, edge: Any, left: Any,
) -> Any:  # fmt: skip
    """Write one token a class of nodes, and its VMs as edges; return how many of both.

    ``left`` [classes, K, 2] gets the outlook once a VM of a kind that is there has left, and the slots gained then.
    """
    kinds, free, term, worth, ratio = a.size[b, 2], a.free[b], a.term[b], a.worth[b], a.ratio[b]
    is_open, pool, demand, double, inert, held = a.open[b], a.pool[b], a.demand[b], a.double[b], a.inert[b], a.held[b]
    coupled = (term[:, 0] == DOUBLE_TERM).any()
    by_memory = (term[:, 0] == MEMORY_TERM).any()
    unit, r = term[0, 1], int(term[0, 0] == MEMORY_TERM)
    found = edges = 0
    for p in range(a.size[b, 0]):
        for n in range(2):
            node_class[p, n] = -1
            if not is_open[p]:
                continue
            cores, memory = free[p, n, 0], free[p, n, 1]
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
            node[c, 0] = 1
            node[c, 1] = outlook(unit, helps, held, p, n, free[p, n, r], cap, -1, 0)
            node[c, 2] = min(free[p, n, r] // unit, 7)
            node[c, 3] = bucket(unit, free[p, 1 - n, r]) if coupled else BUCKETS
            node[c, 4] = cores / 64
            node[c, 5] = fed >= 0
            node[c, 6] = max(fed, 0) / 64
            for k in range(kinds):
                left[c, k, 0] = node[c, 1]
                many = min(cap, held[p, 0 if double[k] else n, k])
                if many and not inert[k]:
                    edge[edges, 0] = c
                    edge[edges, 1] = k
                    edge[edges, 2] = many
                    edge[edges, 3] = outlook(unit, helps, held, p, n, free[p, n, r] + demand[k, r], cap, k, 1)
                    both = (
                        double[k] and coupled
                    )  # otherwise the slots of this node alone: others may have another sibling
                    edge[edges, 4] = changed(term, worth, free, p, n, demand[k, 0], demand[k, 1], both)
                    left[c, k, 0] = edge[edges, 3]
                    left[c, k, 1] = edge[edges, 4]
                    edges += 1
    return found, edges


@njit(cache=True, nogil=True)
def _pairs(is_open: Any, pms: int, keys: Any, ids: Any, node_class: Any, pair_class: Any, pair: Any) -> int:
    """Write one token a class of PMs: those whose nodes are of the same two classes."""
    found = 0
    for p in range(pms):
        pair_class[p] = -1
        if not is_open[p]:
            continue
        first, second = node_class[p, 0], node_class[p, 1]
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


@njit(cache=True, nogil=True)
def _kinds(a: Arrays, b: int, able: Any, fit: Any, kind: Any) -> None:
    """Write one token a kind of VM; ``able`` [V] and ``fit`` [K, P, 2] are what `movable` found."""
    held, demand, double, free, term, worth = a.held[b], a.demand[b], a.double[b], a.free[b], a.term[b], a.worth[b]
    pm, node, of, ratio = a.pm[b], a.node[b], a.kind[b], a.ratio[b]
    unit, r = term[0, 1], int(term[0, 0] == MEMORY_TERM)
    givers = np.zeros(len(fit), np.int64)
    for v in range(len(able)):
        k = of[v]
        if able[v] and changed(term, worth, free, pm[v], node[v], demand[k, 0], demand[k, 1], double[k]) > EPSILON:
            givers[k] += 1
    for k in range(len(fit)):
        cores, memory = demand[k]
        places, harmless = 0, 0
        for p in range(fit.shape[1]):
            for n in range(2):
                if fit[k, p, n]:
                    places += 1
                    harmless += changed(term, worth, free, p, n, -cores, -memory, double[k]) > -EPSILON
        kind[k, 0] = bucket(unit, demand[k, r])
        kind[k, 1] = min(demand[k, r] // unit, 7)
        kind[k, 2] = double[k]
        kind[k, 3] = a.grouped[b, k]
        kind[k, 4] = cores / 32
        kind[k, 5] = min(1.0, memory / max(1, cores * ratio))
        kind[k, 6] = np.log1p(held[:, :, k].sum()) / 6
        kind[k, 7] = np.log1p(places) / 6
        kind[k, 8] = np.log1p(harmless) / 6
        kind[k, 9] = np.log1p(givers[k]) / 6


@njit(cache=True, nogil=True)
def _vms(
    a: Arrays, b: int, merge: bool, able: Any, hosts: int, node_class: Any, pair_class: Any, left: Any, vm: Any
) -> int:
    """Write one token for all VMs of one kind on hosts of one class that have a legal migration; return how many."""
    pm, node, kind, double, inert = a.pm[b], a.node[b], a.kind[b], a.double[b], a.inert[b]
    free, demand, term, worth = a.free[b], a.demand[b], a.term[b], a.worth[b]
    token = np.full((hosts, a.size[b, 2]), -1, np.int64)
    found = 0
    for v in range(len(able)):
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
        vm[found, 4] = left[node_class[p, n], k, 0]
        vm[found, 5] = left[node_class[p, 1], k, 0] if double[k] else NONE
        if double[k] or inert[k]:
            vm[found, 6] = changed(term, worth, free, p, n, demand[k, 0], demand[k, 1], double[k])
        else:
            vm[found, 6] = left[host, k, 1]
        vm[found, 7] = v
        found += 1
    return found


@njit(cache=True, nogil=True)
def pick_vms(
    a: Arrays, rows: Any, firsts: Any, merge: bool, u: Any, node_class: Any, pair_class: Any, chosen: Any
) -> None:
    """Choose at random (``u`` [n] from [0, 1)) one VM of each token whose first VM is given; -1 (stop) stays."""
    for i in range(len(rows)):
        b, first = rows[i], firsts[i]
        chosen[i] = first
        if first < 0 or not merge:
            continue
        pm, node, kind, k = a.pm[b], a.node[b], a.kind[b], a.kind[b, first]
        host, own, double, grouped = pair_class[b], node_class[b], a.double[b, k], a.grouped[b, k]
        p, n = pm[first], node[first]
        fit = room(a, b, k)
        places = fit.sum()
        like = np.empty(a.size[b, 1], np.int64)
        found = 0
        for v in range(len(like)):
            if kind[v] != k or places == fit[pm[v], node[v]]:
                continue
            same = host[pm[v]] == host[p] if double else own[pm[v], node[v]] == own[p, n]
            if same and (not grouped or unbarred(a, b, fit, v)):
                like[found] = v
                found += 1
        chosen[i] = like[min(found - 1, int(u[i] * found))]


@njit(cache=True, nogil=True)
def destinations(
    a: Arrays, rows: Any, cap: int, vms: Any, node_class: Any, pair_class: Any, goal: Any, ends: Any
) -> None:
    """Write where each chosen VM may go: the classes of hosts, with the number of legal places in each.

    A double goes to a class of PMs; any other VM to one of the nodes of a class of PMs, numbered twice the class plus
    the node: what else leaves or enters the PM bears on both.
    """
    at = 0
    for i in range(len(rows)):
        b, v = rows[i], vms[i]
        if v >= 0:
            k, helps = a.kind[b, v], helpers(a, b)
            free, held, term, worth, double = a.free[b], a.held[b], a.term[b], a.worth[b], a.double[b, k]
            cores, memory = a.demand[b, k, 0], a.demand[b, k, 1]
            unit, r = term[0, 1], int(term[0, 0] == MEMORY_TERM)
            needs = a.demand[b, k, r]
            mask = legal(a, b, v)
            token = np.full(2 * len(mask), -1, np.int64)
            for p in range(len(mask)):
                for n in range(2):
                    if not mask[p, n]:
                        continue
                    host = pair_class[b, p] if double else 2 * pair_class[b, p] + n
                    if token[host] >= 0:
                        goal[token[host], 1] += 1
                        continue
                    token[host] = at
                    goal[at, 0] = host
                    goal[at, 1] = 1
                    goal[at, 2] = outlook(unit, helps, held, p, n, free[p, n, r] - needs, cap, k, -1)
                    goal[at, 3] = NONE
                    if double:
                        goal[at, 3] = outlook(unit, helps, held, p, 1, free[p, 1, r] - needs, cap, k, -1)
                    goal[at, 4] = changed(term, worth, free, p, n, -cores, -memory, double)
                    goal[at, 5] = 2 * p + n
                    goal[at, 6] = node_class[b, p, n]
                    at += 1
        ends[i] = at
