"""Compiled rules: what is legal, what a migration changes, and what it gains.

Helpers take views of one cluster's arrays rather than the whole tuple: reading an array out of a tuple costs numba two
atomic operations, more than the rest of what a helper does.
"""

from typing import Any

import numpy as np
from numba import njit

from rl.arrays import CORES_TERM, DOUBLE_TERM, Arrays


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
