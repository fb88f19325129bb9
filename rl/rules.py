"""Compiled rules: what is legal, what a migration changes, and what it gains.

Helpers take views of one cluster's arrays rather than the whole tuple: reading an array out of a tuple costs numba two
atomic operations, more than the rest of what a helper does. So does making a view of a view, hence the indices, and so
does handing an array to a function, hence the inlining of what runs for every node or VM.
"""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import DOUBLE_TERM, MEMORY_TERM, Arrays


@njit(inline="always")
def changed(term: Any, worth: Any, free: Any, p: int, n: int, cores: int, memory: int, double: bool) -> float:
    """Count the slots gained on PM ``p`` when so much comes free on node ``n``, or on both; negative: is taken."""
    gain = 0.0
    for j in range(len(term)):
        sort, unit = term[j, 0], term[j, 1]
        if unit == 0:  # filled up: this cluster has fewer rates
            break
        if sort == DOUBLE_TERM:
            first, second = free[p, 0, 0], free[p, 1, 0]
            before = min(first // unit, second // unit)
            if double or n == 0:
                first += cores
            if double or n == 1:
                second += cores
            slots = min(first // unit, second // unit) - before
        else:
            r, more = (1, memory) if sort == MEMORY_TERM else (0, cores)
            slots = (free[p, n, r] % unit + more) // unit
            if double:
                slots += (free[p, 1 - n, r] % unit + more) // unit
        gain += worth[j] * slots
    return gain


@njit(inline="always")
def space(free: Any, p: int, cores: int, memory: int, double: bool) -> Any:
    """Tell whether a VM fits on each node of PM ``p``; a double needs both and uses the first."""
    first = free[p, 0, 0] >= cores and free[p, 0, 1] >= memory
    second = free[p, 1, 0] >= cores and free[p, 1, 1] >= memory
    return first and (second or not double), second and not double


@njit(cache=True, nogil=True)
def room(a: Arrays, b: int, k: int) -> Any:
    """Tell where kind ``k`` may go, groups left out: bool [P, 2]; a double needs both nodes and uses column 0."""
    pms, double, home = a.size[b, 0], a.double[b, k], a.home[b, k]
    free, receives, pool = a.free[b], a.receives[b], a.pool[b]
    cores, memory = a.demand[b, k, 0], a.demand[b, k, 1]
    fit = np.zeros((pms, 2), np.bool_)
    if a.fee[b, k] > a.budget[b]:
        return fit
    for p in range(pms):
        if receives[p] and pool[p] == home:
            fit[p, 0], fit[p, 1] = space(free, p, cores, memory, double)
    return fit


@njit(cache=True, nogil=True)
def barred(a: Arrays, b: int, v: int, p: int) -> bool:
    """Tell whether a fellow of one of the VM's groups bars it from PM ``p``."""
    home = a.seat[b, v] >> 1
    for i in range(a.member[b, v], a.member[b, v + 1]):
        g = a.groups[b, i]
        if a.by_rack[b, g]:
            if a.rack[b, p] != a.rack[b, home] and a.taken[b, g, a.rack[b, p]] > 0:
                return True
        elif p != home and a.taken[b, g, p] > 0:
            return True
    return False


@njit(cache=True, nogil=True)
def legal(a: Arrays, b: int, v: int) -> Any:
    """Tell where VM ``v`` may migrate to now: bool [P, 2]."""
    k = a.kind[b, v]
    if k < 0:
        return np.zeros((a.size[b, 0], 2), np.bool_)
    mask = room(a, b, k)
    _exclude(a, b, v, mask)
    return mask


@njit(cache=True, nogil=True)
def allowed(a: Arrays, b: int, fit: Any, v: int) -> Any:
    """Tell the same where the kinds are known to have room where ``fit`` [K, P, 2] says."""
    k, pms = a.kind[b, v], a.size[b, 0]
    if k < 0 or a.fee[b, k] > a.budget[b]:
        return np.zeros((pms, 2), np.bool_)
    mask = fit[k, :pms].copy()
    _exclude(a, b, v, mask)
    return mask


@njit(inline="always")
def _exclude(a: Arrays, b: int, v: int, mask: Any) -> None:
    """Take from where VM ``v`` has room the place where it is, and those that its groups bar it from."""
    mask[a.seat[b, v] >> 1, a.seat[b, v] & 1] = False
    if a.grouped[b, a.kind[b, v]]:
        for p in range(len(mask)):
            if (mask[p, 0] or mask[p, 1]) and barred(a, b, v, p):
                mask[p, 0] = mask[p, 1] = False


@njit(cache=True, nogil=True)
def unbarred(a: Arrays, b: int, fit: Any, v: int) -> bool:
    """Tell whether VM ``v`` of a kind in groups, which has room where ``fit`` [P, 2] says, may migrate to any place."""
    home, n = a.seat[b, v] >> 1, a.seat[b, v] & 1
    for p in range(len(fit)):
        other = (fit[p, 0] and (p != home or n != 0)) or (fit[p, 1] and (p != home or n != 1))
        if other and not barred(a, b, v, p):
            return True
    return False


@njit(cache=True, nogil=True)
def movable(a: Arrays, b: int) -> Any:
    """Tell which VMs have any legal migration: bool [V]."""
    vms, kinds, kind = a.size[b, 1], a.size[b, 2], a.kind[b]
    fit = np.empty((kinds, a.size[b, 0], 2), np.bool_)
    for k in range(kinds):
        fit[k] = room(a, b, k)
    able = np.zeros(vms, np.bool_)
    for v in range(vms):
        able[v] = kind[v] >= 0 and unbarred(a, b, fit[kind[v]], v)
    return able


@njit(cache=True, nogil=True)
def migrate(a: Arrays, b: int, v: int, p: int, n: int) -> float:
    """Carry out a legal migration and return the slots gained."""
    k, q, o = a.kind[b, v], a.seat[b, v] >> 1, a.seat[b, v] & 1
    free, held, term, worth = a.free[b], a.held[b], a.term[b], a.worth[b]
    cores, memory, double = a.demand[b, k, 0], a.demand[b, k, 1], a.double[b, k]
    gain = changed(term, worth, free, q, o, cores, memory, double)
    _occupy(free, q, o, -cores, -memory, double)
    gain += changed(term, worth, free, p, n, -cores, -memory, double)
    _occupy(free, p, n, cores, memory, double)
    held[q, o, k] -= 1
    held[p, n, k] += 1
    first, following = a.first[b], a.following[b]
    _unchain(first, following, v, q, o, k)
    _chain(first, following, v, p, n, k)
    for i in range(a.member[b, v], a.member[b, v + 1]):
        g = a.groups[b, i]
        a.taken[b, g, a.rack[b, q] if a.by_rack[b, g] else q] -= 1
        a.taken[b, g, a.rack[b, p] if a.by_rack[b, g] else p] += 1
    a.seat[b, v] = 2 * p + n
    a.touched[b, q] = a.touched[b, p] = True
    a.steps[b] -= 1
    a.budget[b] -= a.fee[b, k]
    return gain


def settle(a: Arrays, b: int, v: int) -> None:
    """Let VM ``v``, which has just been moved, stay where it is."""
    k, (pm, node) = a.kind[b, v], divmod(a.seat[b, v], 2)
    a.held[b, pm, node, k] -= 1
    _unchain(a.first[b], a.following[b], v, pm, node, k)
    a.movers[b, k] -= 1
    a.kind[b, v] = -1
    a.touched[b, pm] = True


@njit(cache=True, nogil=True)
def _occupy(free: Any, p: int, n: int, cores: int, memory: int, double: bool) -> None:
    for side in range(2):
        if double or side == n:
            free[p, side, 0] -= cores
            free[p, side, 1] -= memory


@njit(cache=True, nogil=True)
def _unchain(first: Any, following: Any, v: int, p: int, n: int, k: int) -> None:
    """Take VM ``v`` from those of its kind on a node."""
    if first[p, n, k] == v:
        first[p, n, k] = following[v]
        return
    before = first[p, n, k]
    while following[before] != v:
        before = following[before]
    following[before] = following[v]


@njit(cache=True, nogil=True)
def _chain(first: Any, following: Any, v: int, p: int, n: int, k: int) -> None:
    """Put VM ``v`` among those of its kind on a node, in ascending order."""
    after = first[p, n, k]
    if after < 0 or after > v:
        first[p, n, k], following[v] = v, after
        return
    before = after
    while 0 <= following[before] < v:
        before = following[before]
    following[before], following[v] = v, following[before]


@njit(cache=True, nogil=True)
def host_class(pair: Any, n: Any, double: Any) -> Any:
    """Return the class of hosts that node ``n`` of a PM of class ``pair`` is in; a double's host is the whole PM.

    Numbers or arrays; a double is on node 0. It is for every VM of a look, hence no jump.
    """
    return (2 - double) * pair + n


@njit(cache=True, nogil=True)
def places_of(mask: Any, pair_class: Any, double: bool, host: int) -> Any:
    """List the places in ``mask`` [P, 2] on hosts of one class, for a double or not: twice the PM plus the node."""
    places = np.empty(mask.size, np.int64)
    found = 0
    for p in range(len(mask)):
        for n in range(2):
            if mask[p, n] and host_class(pair_class[p], n, double) == host:
                places[found] = 2 * p + n
                found += 1
    return places[:found]


@njit(cache=True, nogil=True)
def advance(
    a: Arrays, fit: Any, pair_class: Any, rows: Any, vms: Any, hosts: Any, u: Any, made: Any, gains: Any
) -> None:
    """Migrate each chosen VM to one of the legal places, chosen by ``u``, on hosts of the chosen class.

    Kinds have room where ``fit`` [B, K, P, 2] says. Writes (vm, pm, node) to ``made``, -1 where nothing was chosen, and
    the slots gained to ``gains``.
    """
    for i in range(len(rows)):
        b, v = rows[i], vms[i]
        made[i] = -1
        gains[i] = 0
        if v >= 0:
            places = places_of(allowed(a, b, fit[b], v), pair_class[b], a.double[b, a.kind[b, v]], hosts[i])
            place = places[min(len(places) - 1, int(u[i] * len(places)))]
            made[i, 0], made[i, 1], made[i, 2] = v, place // 2, place % 2
            gains[i] = migrate(a, b, v, place // 2, place % 2)
