"""What the policy is told: tokens of all that looks the same (`rl.classes`), and where a chosen VM may go."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import MEMORY_TERM, Arrays
from rl.classes import Classes, scratch, sort_out
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

    Each is described at once, while it is at hand. False where not all have room: ``starts`` alone is right then.
    """
    classes, fits = scratch(a), True
    for i in range(len(rows)):
        b, at, ends = rows[i], starts[i], starts[i + 1]
        refresh(a, s, b, merge, cap)
        nodes, edges, pairs, vms = sort_out(a, s, b, merge, classes)
        ends[0], ends[1], ends[2] = at[0] + 1, at[1] + nodes, at[2] + edges
        ends[3], ends[4], ends[5] = at[3] + pairs, at[4] + a.size[b, 2], at[5] + vms
        fits = fits and ends[0] <= len(whole) and ends[1] <= len(node) and ends[2] <= len(edge)
        fits = fits and ends[3] <= len(pair) and ends[4] <= len(kind) and ends[5] <= len(vm)
        if fits:
            own, movers = node[at[1] : ends[1]], vm[at[5] : ends[5]]
            _nodes(a, s, b, classes, own, edge[at[2] :])
            _pairs(s, b, classes, pair[at[3] : ends[3]])
            _vms(a, s, b, classes, movers)
            _kinds(a, s, b, movers, kind[at[4] :])
            whole[at[0], 0] = a.steps[b]
            whole[at[0], 1] = _remainders(own) / BUCKETS
    return fits


@njit(inline="always")
def _remainders(node: Any) -> int:
    """Add up the remainders of all nodes, in sixteenths of a slot."""
    total = 0
    for c in range(len(node)):
        total += int(node[c, 0]) * (int(node[c, 1]) // NEEDS)
    return total


@njit(inline="always")
def _nodes(a: Arrays, s: Sight, b: int, classes: Classes, node: Any, edge: Any) -> None:
    """Write one token a class of nodes, and its VMs as edges."""
    double, facts, some, vm, vms, nodes = a.double[b], s.node[b], s.some[b], s.vm[b], s.vms[b], classes.nodes
    edges = 0
    for c in range(len(node)):
        p, n = nodes[c, 0] // 2, nodes[c, 0] % 2
        node[c, 0] = nodes[c, 1]
        for column in range(facts.shape[2]):
            node[c, 1 + column] = facts[p, n, column]
        for i in range(vms[p], vms[p + 1]):
            one = vm[i]
            k = one.kind
            if some[p, n, k] and (double[k] or one.node == n):
                edge[edges, 0] = c
                edge[edges, 1] = k
                edge[edges, 2] = some[p, n, k]
                edge[edges, 3] = one.after[n]
                edge[edges, 4] = one.alone[n]
                edges += 1


@njit(inline="always")
def _pairs(s: Sight, b: int, classes: Classes, pair: Any) -> None:
    """Write one token a class of PMs."""
    node_class, pairs, stands = s.node_class[b], classes.pairs, s.stands[b]
    for c in range(len(pair)):
        pair[c, 0] = node_class[pairs[c, 0], 0]
        pair[c, 1] = node_class[pairs[c, 0], 1]
        pair[c, 2] = pairs[c, 1]
        pair[c, 3] = stands[pairs[c, 0]]


@njit(inline="always")
def _kinds(a: Arrays, s: Sight, b: int, vm: Any, kind: Any) -> None:
    """Write one token a kind of VM; ``vm`` are the tokens of those that have a legal migration."""
    facts, places, harmless, fee, budget = s.kind[b], s.places[b], s.harmless[b], a.fee[b], a.budget[b]
    movers = a.movers[b]
    kinds, known = a.size[b, 2], facts.shape[1]
    givers = np.zeros(kinds, np.int64)
    for t in range(len(vm)):
        givers[int(vm[t, 1])] += int(vm[t, 3]) * int(vm[t, 6] > EPSILON)
    for k in range(kinds):
        affordable = fee[k] <= budget
        for column in range(known):
            kind[k, column] = facts[k, column]
        kind[k, known] = np.log1p(movers[k]) / 6
        kind[k, known + 1] = np.log1p(places[k] if affordable else 0) / 6
        kind[k, known + 2] = np.log1p(harmless[k] if affordable else 0) / 6
        kind[k, known + 3] = np.log1p(givers[k]) / 6


@njit(inline="always")
def _vms(a: Arrays, s: Sight, b: int, classes: Classes, vm: Any) -> None:
    """Write one token for all VMs of one kind on hosts of one class that have a legal migration."""
    double, facts, node_class, pair_class, vms = a.double[b], s.vm[b], s.node_class[b], s.pair_class[b], classes.vms
    for t in range(len(vm)):
        write_vms(double, node_class, pair_class, facts[np.uint64(vms[t, 1])], vms[t, 0], vms[t, 2], vm, t)


@njit(inline="always")
def write_vms(double: Any, node_class: Any, pair_class: Any, one: Any, v: int, many: int, vm: Any, t: int) -> None:
    """Write token ``t`` of so many VMs, of which ``v`` is the first, that are all like ``one`` (`rl.sight.VM`)."""
    p, n, both = np.uint64(one.pm), np.uint64(one.node), double[np.uint64(one.kind)]
    vm[t, 0] = host_class(pair_class[p], one.node, both)
    vm[t, 1] = one.kind
    vm[t, 2] = both
    vm[t, 3] = many
    vm[t, 4] = one.after[n]
    vm[t, 5] = one.after[1] if both else NONE
    vm[t, 6] = one.gain
    vm[t, 7] = v
    vm[t, 8] = one.joint
    vm[t, 9] = node_class[p, n]


@njit(cache=True, nogil=True)
def pick_vms(a: Arrays, s: Sight, merge: bool, rows: Any, firsts: Any, u: Any, chosen: Any) -> None:
    """Choose at random (``u`` [n] from [0, 1)) one VM of each token whose first VM is given; -1 (stop) stays."""
    like = np.empty(a.seat.shape[1], np.int64)
    for i in range(len(rows)):
        b, token = rows[i], firsts[i]
        chosen[i] = token
        if token < 0 or not merge:
            continue
        k, home, n = a.kind[b, token], a.seat[b, token] >> 1, a.seat[b, token] & 1
        first, following, pair_class = a.first[b], a.following[b], s.pair_class[b]
        grouped, fit, places, found = a.grouped[b, k], s.fit[b, k], s.places[b, k], 0
        for p in range(a.size[b, 0]):
            v = first[p, n, k] if pair_class[p] == pair_class[home] and places > fit[p, n] else -1
            while v >= 0:
                if not grouped or unbarred(a, b, fit, v):
                    like[found] = v
                    found += 1
                v = following[v]
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
    node_class, pair_class, sums = s.node_class[b], s.pair_class[b], s.sums[b]
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
            gives = needs % unit * int(some[p, n, k] < cap)
            goal[at, 2] = outlook(unit, sums, p, n, free[p, n, r] - needs, gives, -1)
            goal[at, 3], goal[at, 7] = NONE, APART
            if double:
                first, second = free[p, 0, r], free[p, 1, r]
                goal[at, 3] = outlook(unit, sums, p, 1, second - needs, gives, -1)
                goal[at, 7] = joint(unit, helps, doubles, some, p, first, second, cap, k, n, needs, -1)
            goal[at, 4] = changed(term, worth, free, p, n, -cores, -memory, double)
            goal[at, 5] = 2 * p + n
            goal[at, 6] = node_class[p, n]
            at += 1
    return at
