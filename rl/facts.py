"""What is known of single PMs: where there is room, and what their nodes look like."""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import DOUBLE_TERM, MEMORY_TERM, Arrays
from rl.outlook import BUCKETS, bucket, helpers, joint, outlook, sum_up
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
    _vms(a, s, b, pms, cap)
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


@njit(inline="always")
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


@njit(inline="always")
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


@njit(inline="always")
def _looks(a: Arrays, s: Sight, b: int, pms: Any, merge: bool, cap: int) -> None:
    """Tell what the nodes of some PMs look like."""
    kinds, free, term, ratio = a.size[b, 2], a.free[b], a.term[b], a.ratio[b]
    is_open, pool, double, inert, held = a.open[b], a.pool[b], a.double[b], a.inert[b], a.held[b]
    looks, node, edges, some, sums = s.looks[b], s.node[b], s.edges[b], s.some[b], s.sums[b]
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
            sum_up(helps, some, p, n, sums)
            node[p, n, 0] = outlook(unit, sums, p, n, free[p, n, r], 0, 0)
            node[p, n, 1] = min(free[p, n, r] // unit, 7)
            node[p, n, 2] = bucket(unit, free[p, 1 - n, r]) if coupled else BUCKETS
            node[p, n, 3] = cores / 64
            node[p, n, 4] = fed >= 0
            node[p, n, 5] = max(fed, 0) / 64


@njit(inline="always")
def _vms(a: Arrays, s: Sight, b: int, pms: Any, cap: int) -> None:
    """Note which VMs are on some PMs, how these will stand and what is gained once one has left."""
    free, term, worth, is_open, held, first = a.free[b], a.term[b], a.worth[b], a.open[b], a.held[b], a.first[b]
    demand, double, helps, some, kinds = a.demand[b], a.double[b], helpers(a, b), s.some[b], a.size[b, 2]
    sums, stands, vm, vms = s.sums[b], s.stands[b], s.vm[b], s.vms[b]
    coupled = (term[:, 0] == DOUBLE_TERM).any()
    unit, r = term[0, 1], int(term[0, 0] == MEMORY_TERM)
    _make_room(vm, vms, held, pms, a.size[b, 0], kinds, s.known[b])
    for p in pms:
        if not is_open[p]:
            continue
        free0, free1, found = free[p, 0, r], free[p, 1, r], vms[p]
        stands[p] = joint(unit, helps, double, some, p, free0, free1, cap, 0, 0, 0, 0)
        for n in range(2):
            for k in range(kinds):
                if held[p, n, k] == 0:
                    continue
                one, both, cores, memory, more = vm[found], double[k], demand[k, 0], demand[k, 1], demand[k, r]
                one.pm = p
                one.first = first[p, n, k]
                one.many = held[p, n, k]
                one.kind = k
                one.node = n
                one.joint = joint(unit, helps, double, some, p, free0, free1, cap, k, n, more, 1)
                gain = changed(term, worth, free, p, n, cores, memory, both)
                one.gain = gain
                for side in range(2):
                    if both or side == n:
                        one.after[side] = outlook(unit, sums, p, side, free[p, side, r] + more, more % unit, 1)
                        apart = both and not coupled
                        one.alone[side] = changed(term, worth, free, p, side, cores, memory, False) if apart else gain
                found += 1


@njit(cache=True, nogil=True)
def _make_room(vm: Any, vms: Any, held: Any, pms: Any, count: int, kinds: int, known: bool) -> None:
    """Give each of ``pms`` as many entries as it needs; where nothing is known, those are all ``count`` PMs.

    Those that need fewer go first: never are there more than VMs.
    """
    if not known:
        vms[0] = 0
        for p in pms:
            vms[p + 1] = vms[p] + np.count_nonzero(held[p, :, :kinds])
        return
    for grows in (False, True):
        for p in pms:
            end, last = vms[p + 1], vms[count]
            more = np.count_nonzero(held[p, :, :kinds]) - (end - vms[p])
            if more != 0 and (more > 0) == grows:
                vm[end + more : last + more] = vm[end:last]
                vms[p + 1 : count + 1] += more
