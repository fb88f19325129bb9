"""What the policy is told: tokens of all that looks the same (`rl.classes`), and where a chosen VM may go."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import MEMORY_TERM, Arrays
from rl.classes import scratch, sort_out
from rl.facts import refresh
from rl.outlook import APART, BUCKETS, NEEDS, NONE, helpers, joint, outlook
from rl.rules import allowed, changed, host_class, unbarred
from rl.sight import Sight
from solvers.incumbents import EPSILON


@njit(cache=True, nogil=True)
def observe(
    a: Arrays, s: Sight, merge: bool, cap: int, rows: Any, starts: Any, whole: Any, node: Any, edge: Any, pair: Any,
    kind: Any, vm: Any,
) -> bool:  # fmt: skip
    """Look at clusters ``rows`` [n] again and write their tokens, where those of each begin to ``starts`` [n + 1, 6].

    Each is described at once, while it is at hand. False where the tokens do not fit: all are then still to be
    described.
    """
    space, fits = scratch(a), True
    for i in range(len(rows)):
        b = rows[i]
        refresh(a, s, b, merge, cap)
        sort_out(a, s, b, merge, space)
        ends = starts[i + 1]
        for section in range(len(ends)):
            ends[section] = starts[i, section] + s.size[b, section]
        fits = fits and ends[0] <= len(whole) and ends[1] <= len(node) and ends[2] <= len(edge)
        fits = fits and ends[3] <= len(pair) and ends[4] <= len(kind) and ends[5] <= len(vm)
        if fits:
            _describe(a, s, b, starts[i], whole, node, edge, pair, kind, vm)
    return fits


@njit(cache=True, nogil=True)
def describe(
    a: Arrays, s: Sight, rows: Any, starts: Any, whole: Any, node: Any, edge: Any, pair: Any, kind: Any, vm: Any
) -> None:
    """Write the tokens of clusters ``rows`` that were just looked at."""
    for i in range(len(rows)):
        _describe(a, s, rows[i], starts[i], whole, node, edge, pair, kind, vm)


@njit(inline="always")
def _describe(
    a: Arrays, s: Sight, b: int, at: Any, whole: Any, node: Any, edge: Any, pair: Any, kind: Any, vm: Any
) -> None:
    nodes = node[at[1] : at[1] + s.size[b, 1]]
    _nodes(a, s, b, nodes, edge[at[2] :])
    _pairs(s, b, pair[at[3] :])
    vms = vm[at[5] : at[5] + s.size[b, 5]]
    _vms(a, s, b, vms)
    _kinds(a, s, b, vms, kind[at[4] :])
    whole[at[0], 0] = a.steps[b]
    whole[at[0], 1] = _remainders(nodes) / BUCKETS


@njit(cache=True, nogil=True)
def _remainders(node: Any) -> int:
    """Add up the remainders of all nodes, in sixteenths of a slot."""
    total = 0
    for c in range(len(node)):
        total += int(node[c, 0]) * (int(node[c, 1]) // NEEDS)
    return total


@njit(cache=True, nogil=True)
def _nodes(a: Arrays, s: Sight, b: int, node: Any, edge: Any) -> None:
    """Write one token a class of nodes, and its VMs as edges."""
    kinds, facts, some, after, gain, nodes = a.size[b, 2], s.node[b], s.some[b], s.after[b], s.gain[b], s.nodes[b]
    edges = 0
    for c in range(len(node)):
        p, n = nodes[c, 0] // 2, nodes[c, 0] % 2
        node[c, 0] = nodes[c, 1]
        for column in range(facts.shape[2]):
            node[c, 1 + column] = facts[p, n, column]
        for k in range(kinds):
            if some[p, n, k]:
                edge[edges, 0] = c
                edge[edges, 1] = k
                edge[edges, 2] = some[p, n, k]
                edge[edges, 3] = after[p, n, k]
                edge[edges, 4] = gain[p, n, k]
                edges += 1


@njit(cache=True, nogil=True)
def _pairs(s: Sight, b: int, pair: Any) -> None:
    """Write one token a class of PMs."""
    node_class, pairs, stands = s.node_class[b], s.pairs[b], s.stands[b]
    for c in range(s.size[b, 3]):
        pair[c, 0] = node_class[pairs[c, 0], 0]
        pair[c, 1] = node_class[pairs[c, 0], 1]
        pair[c, 2] = pairs[c, 1]
        pair[c, 3] = stands[pairs[c, 0]]


@njit(cache=True, nogil=True)
def _kinds(a: Arrays, s: Sight, b: int, vm: Any, kind: Any) -> None:
    """Write one token a kind of VM; ``vm`` are the tokens of those that have a legal migration."""
    facts, places, harmless, fee, budget = s.kind[b], s.places[b], s.harmless[b], a.fee[b], a.budget[b]
    movers = a.movers[b]
    kinds, known = a.size[b, 2], facts.shape[1]
    givers = np.zeros(kinds, np.int64)
    for t in range(len(vm)):
        if vm[t, 6] > EPSILON:
            givers[int(vm[t, 1])] += int(vm[t, 3])
    for k in range(kinds):
        affordable = fee[k] <= budget
        for column in range(known):
            kind[k, column] = facts[k, column]
        kind[k, known] = np.log1p(movers[k]) / 6
        kind[k, known + 1] = np.log1p(places[k] if affordable else 0) / 6
        kind[k, known + 2] = np.log1p(harmless[k] if affordable else 0) / 6
        kind[k, known + 3] = np.log1p(givers[k]) / 6


@njit(cache=True, nogil=True)
def _vms(a: Arrays, s: Sight, b: int, vm: Any) -> None:
    """Write one token for all VMs of one kind on hosts of one class that have a legal migration."""
    double, after, gain, joints, pairs, vms = a.double[b], s.after[b], s.gain[b], s.joint[b], s.pairs[b], s.vms[b]
    node_class = s.node_class[b]
    for t in range(len(vm)):
        host, k = vms[t, 2], vms[t, 3]
        p, n = (pairs[host, 0], 0) if double[k] else (pairs[host // 2, 0], host % 2)
        vm[t, 0] = host
        vm[t, 1] = k
        vm[t, 2] = double[k]
        vm[t, 3] = vms[t, 1]
        vm[t, 4] = after[p, n, k]
        vm[t, 5] = after[p, 1, k] if double[k] else NONE
        vm[t, 6] = gain[p, 2 if double[k] else n, k]
        vm[t, 7] = vms[t, 0]
        vm[t, 8] = joints[p, n, k]
        vm[t, 9] = node_class[p, n]


@njit(cache=True, nogil=True)
def pick_vms(a: Arrays, s: Sight, merge: bool, rows: Any, firsts: Any, u: Any, chosen: Any) -> None:
    """Choose at random (``u`` [n] from [0, 1)) one VM of each token whose first VM is given; -1 (stop) stays."""
    like = np.empty(a.seat.shape[1], np.int64)
    for i in range(len(rows)):
        b, first = rows[i], firsts[i]
        chosen[i] = first
        if first < 0 or not merge:
            continue
        kind, k = a.kind[b], a.kind[b, first]
        double, grouped, fit, places = a.double[b, k], a.grouped[b, k], s.fit[b, k], s.places[b, k]
        seat, host = a.seat[b], s.pair_class[b]
        p, n = seat[first] // 2, seat[first] % 2
        found = 0
        for v in range(first, a.size[b, 1]):
            if kind[v] != k:
                continue
            q, o = seat[v] // 2, seat[v] % 2
            same = host[q] == host[p] and (double or o == n)
            if same and places > fit[q, o] and (not grouped or unbarred(a, b, fit, v)):
                like[found] = v
                found += 1
        chosen[i] = like[min(found - 1, int(u[i] * found))]


@njit(cache=True, nogil=True)
def destinations(a: Arrays, s: Sight, cap: int, rows: Any, vms: Any, goal: Any, ends: Any) -> None:
    """Write where each chosen VM may go: the classes of hosts, with the number of legal places in each."""
    at = 0
    for i in range(len(rows)):
        b, v = rows[i], vms[i]
        if v >= 0:
            at = list_hosts(a, s, b, a.kind[b, v], allowed(a, b, s.fit[b], v), cap, goal, at)
        ends[i] = at


@njit(cache=True, nogil=True)
def list_hosts(a: Arrays, s: Sight, b: int, k: int, mask: Any, cap: int, goal: Any, at: int) -> int:
    """Write the classes of hosts of the places in ``mask`` [P, 2] from row ``at`` on; return where they end.

    Columns are those of `rl.env.Env.choose`, for a VM of kind ``k``. A double goes to a class of PMs; any other VM to
    one of the nodes of a class of PMs: what else leaves or enters the PM bears on both.
    """
    helps = helpers(a, b)
    free, some, term, worth, doubles, double = a.free[b], s.some[b], a.term[b], a.worth[b], a.double[b], a.double[b, k]
    node_class, pair_class = s.node_class[b], s.pair_class[b]
    cores, memory = a.demand[b, k, 0], a.demand[b, k, 1]
    unit, r = term[0, 1], int(term[0, 0] == MEMORY_TERM)
    needs = a.demand[b, k, r]
    row = np.full(2 * len(mask), -1, np.int64)
    for p in range(len(mask)):
        for n in range(2):
            if not mask[p, n]:
                continue
            host = host_class(pair_class[p], n, double)
            if row[host] >= 0:
                goal[row[host], 1] += 1
                continue
            row[host] = at
            goal[at, 0] = host
            goal[at, 1] = 1
            goal[at, 2] = outlook(unit, helps, some, p, n, free[p, n, r] - needs, cap, k, -1)
            goal[at, 3], goal[at, 7] = NONE, APART
            if double:
                first, second = free[p, 0, r], free[p, 1, r]
                goal[at, 3] = outlook(unit, helps, some, p, 1, second - needs, cap, k, -1)
                goal[at, 7] = joint(unit, helps, doubles, some, p, first, second, cap, k, n, needs, -1)
            goal[at, 4] = changed(term, worth, free, p, n, -cores, -memory, double)
            goal[at, 5] = 2 * p + n
            goal[at, 6] = node_class[p, n]
            at += 1
    return at
