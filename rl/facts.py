"""What is known of single PMs: where there is room, and what their nodes look like."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import DOUBLE_TERM, MEMORY_TERM, Arrays
from rl.outlook import BUCKETS, bucket, helpers, joint, outlook
from rl.rules import changed, space
from rl.sight import Sight
from solvers.incumbents import EPSILON


@njit(inline="always")
def refresh(a: Arrays, s: Sight, b: int, merge: bool, cap: int) -> None:
    """Look again at all PMs of a cluster that may have changed."""
    if not s.known[b]:
        _kinds(a, s, b)
    pms = _changed(a, s, b)
    _room(a, s, b, pms)
    _looks(a, s, b, pms, merge, cap)
    _departures(a, s, b, pms, cap)
    s.known[b] = True


@njit(cache=True, nogil=True)
def _kinds(a: Arrays, s: Sight, b: int) -> None:
    """Note what never changes in a problem, and that nowhere is room yet."""
    term, ratio, kind = a.term[b], a.ratio[b], s.kind[b]
    fit, places, safe, harmless = s.fit[b], s.places[b], s.safe[b], s.harmless[b]
    unit, r = term[0, 1], int(term[0, 0] == MEMORY_TERM)
    for k in range(a.size[b, 2]):
        places[k] = harmless[k] = 0
        for p in range(fit.shape[1]):
            for n in range(2):
                fit[k, p, n] = safe[k, p, n] = False
        cores, memory = a.demand[b, k]
        kind[k, 0] = bucket(unit, a.demand[b, k, r])
        kind[k, 1] = min(a.demand[b, k, r] // unit, 7)
        kind[k, 2] = a.double[b, k]
        kind[k, 3] = a.grouped[b, k]
        kind[k, 4] = cores / 32
        kind[k, 5] = min(1.0, memory / max(1, cores * ratio))


@njit(cache=True, nogil=True)
def _changed(a: Arrays, s: Sight, b: int) -> Any:
    """List the PMs that have changed since the last look, or all where nothing is known: int64 [N]."""
    touched, known, pms = a.touched[b], s.known[b], np.empty(a.size[b, 0], np.int64)
    found = 0
    for p in range(len(pms)):
        if touched[p] or not known:
            pms[found] = p
            found += 1
            touched[p] = False
    return pms[:found]


@njit(cache=True, nogil=True)
def _room(a: Arrays, s: Sight, b: int, pms: Any) -> None:
    """Tell which kinds have room on some PMs, and where no slot breaks."""
    free, receives, pool, home, term, worth = a.free[b], a.receives[b], a.pool[b], a.home[b], a.term[b], a.worth[b]
    demand, double = a.demand[b], a.double[b]
    fit, places, safe, harmless = s.fit[b], s.places[b], s.safe[b], s.harmless[b]
    for p in pms:
        for k in range(a.size[b, 2]):
            if receives[p] and pool[p] == home[k]:
                cores, memory = demand[k, 0], demand[k, 1]
                now = space(free, p, cores, memory, double[k])
                for n in range(2):
                    spares = now[n] and changed(term, worth, free, p, n, -cores, -memory, double[k]) > -EPSILON
                    places[k] += int(now[n]) - int(fit[k, p, n])
                    harmless[k] += int(spares) - int(safe[k, p, n])
                    fit[k, p, n], safe[k, p, n] = now[n], spares


@njit(cache=True, nogil=True)
def mix(h: Any, x: int) -> Any:
    """Fold one more integer into a 64-bit hash (splitmix64)."""
    h = (h ^ np.uint64(x)) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


@njit(cache=True, nogil=True)
def _fed(cores: int, memory: int, ratio: int) -> int:
    """Tell how many cores of the hungriest kind the free memory suffices for; -1 where for all that are free."""
    return -1 if memory >= cores * ratio else memory // ratio


@njit(cache=True, nogil=True)
def _looks(a: Arrays, s: Sight, b: int, pms: Any, merge: bool, cap: int) -> None:
    """Tell what the nodes of some PMs look like."""
    kinds, free, term, ratio = a.size[b, 2], a.free[b], a.term[b], a.ratio[b]
    is_open, pool, double, inert, held = a.open[b], a.pool[b], a.double[b], a.inert[b], a.held[b]
    looks, node, edges, some = s.looks[b], s.node[b], s.edges[b], s.some[b]
    coupled = (term[:, 0] == DOUBLE_TERM).any()
    by_memory = (term[:, 0] == MEMORY_TERM).any()
    unit, r = term[0, 1], int(term[0, 0] == MEMORY_TERM)
    helps = helpers(a, b)
    for p in pms:
        if not is_open[p]:
            continue
        for n in range(2):
            cores, memory = free[p, n, 0], free[p, n, 1]
            fed = _fed(cores, memory, ratio)
            h = mix(np.uint64(0x9E3779B97F4A7C15), cores if merge else 2 * p + n)
            if merge:
                h = mix(mix(h, fed + 1), pool[p])
                if by_memory:
                    h = mix(h, memory)
                if coupled:
                    h = mix(h, free[p, 1 - n, 0])
            edges[p, n] = 0
            for k in range(kinds):
                some[p, n, k] = 0 if inert[k] else min(cap, held[p, 0 if double[k] else n, k])
                edges[p, n] += some[p, n, k] > 0
                if merge and not inert[k]:
                    h = mix(h, some[p, n, k])
            looks[p, n] = h
            node[p, n, 0] = outlook(unit, helps, some, p, n, free[p, n, r], cap, -1, 0)
            node[p, n, 1] = min(free[p, n, r] // unit, 7)
            node[p, n, 2] = bucket(unit, free[p, 1 - n, r]) if coupled else BUCKETS
            node[p, n, 3] = cores / 64
            node[p, n, 4] = fed >= 0
            node[p, n, 5] = max(fed, 0) / 64


@njit(cache=True, nogil=True)
def _departures(a: Arrays, s: Sight, b: int, pms: Any, cap: int) -> None:
    """Tell how the nodes of some PMs will stand, and what is gained, once a VM of a kind has left."""
    free, term, worth, is_open = a.free[b], a.term[b], a.worth[b], a.open[b]
    demand, double, inert, helps = a.demand[b], a.double[b], a.inert[b], helpers(a, b)
    node, some, after, gain, stands, joints = s.node[b], s.some[b], s.after[b], s.gain[b], s.stands[b], s.joint[b]
    coupled = (term[:, 0] == DOUBLE_TERM).any()
    unit, r = term[0, 1], int(term[0, 0] == MEMORY_TERM)
    for p in pms:
        if not is_open[p]:
            continue
        first, second = free[p, 0, r], free[p, 1, r]
        stands[p] = joint(unit, helps, double, some, p, first, second, cap, 0, 0, 0, 0)
        for k in range(a.size[b, 2]):
            cores, memory, more = demand[k, 0], demand[k, 1], demand[k, r]
            for n in range(2):
                if some[p, n, k]:
                    after[p, n, k] = outlook(unit, helps, some, p, n, free[p, n, r] + more, cap, k, 1)
                    if n == 0 or not double[k]:
                        joints[p, n, k] = joint(unit, helps, double, some, p, first, second, cap, k, n, more, 1)
                elif inert[k]:  # nodes that look the same may hold different VMs of inert kinds
                    after[p, n, k], joints[p, n, k] = node[p, n, 0], stands[p]
                else:
                    continue
                both = double[k] and coupled  # otherwise this node alone: others like it may have another sibling
                gain[p, n, k] = changed(term, worth, free, p, n, cores, memory, both)
            if double[k]:
                gain[p, 2, k] = changed(term, worth, free, p, 0, cores, memory, True)
