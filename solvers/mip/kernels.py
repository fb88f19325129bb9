"""The inner loops of pricing, compiled by numba and cached on disk.

Why numba: these knapsack recursions are short loops with branches over a few thousand small states, which NumPy can
only express with arrays a hundred times their size; and numba needs no compiler on the user's machine.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@njit(cache=True)
def arrival_values(size: Ints, pool: Ints, price: Floats, value: Floats, pools: int) -> tuple[Floats, Ints]:
    """Fill G(x, y) = max(value(x), max over kinds t of G(x - u_t, y - m_t) - price_t): an unbounded knapsack.

    Parameters
    ----------
    size, pool, price
        [T, 2] units, [T], [T] slots: what each kind takes, the pool it must stay in, its price.
    value
        [X + 1, Y + 1], what a node is worth that ends with so much free.
    pools
        How many pools there are.

    Returns
    -------
    best : float64 [pools, X + 1, Y + 1]
    choice : int64 [pools, X + 1, Y + 1]
        The kind to place next, -1 for none.
    """
    levels, depths = value.shape
    best = np.empty((pools, levels, depths))
    choice = np.full((pools, levels, depths), -1)
    for q in range(pools):
        for x in range(levels):
            for y in range(depths):
                top, pick = value[x, y], -1
                for t in range(len(size)):
                    u, m = size[t, 0], size[t, 1]
                    if pool[t] == q and u <= x and m <= y and u + m > 0:
                        gain = best[q, x - u, y - m] - price[t]
                        if gain > top:
                            top, pick = gain, t
                best[q, x, y] = top
                choice[q, x, y] = pick
    return best, choice


@njit(cache=True)
def filling_values(size: Ints, pool: Ints, price: Floats, shape: tuple[int, int], pools: int) -> tuple[Floats, Ints]:
    """Fill E(a, b): the best sum of -price over arrivals that use exactly (a, b); -inf where none does.

    Returns
    -------
    best : float64 [pools, A, B]
    choice : int64 [pools, A, B]
        The kind to place last, -1 at (0, 0).
    """
    best = np.full((pools, shape[0], shape[1]), -np.inf)
    choice = np.full((pools, shape[0], shape[1]), -1)
    for q in range(pools):
        best[q, 0, 0] = 0.0
        for x in range(shape[0]):
            for y in range(shape[1]):
                for t in range(len(size)):
                    u, m = size[t, 0], size[t, 1]
                    if pool[t] == q and u <= x and m <= y and u + m > 0:
                        gain = best[q, x - u, y - m] - price[t]
                        if gain > best[q, x, y]:
                            best[q, x, y] = gain
                            choice[q, x, y] = t
    return best, choice


@njit(cache=True)
def node_value(
    x: int, y: int, pool: int, low: int, high: int, used: Ints, worth: Floats, arrival: Floats
) -> tuple[float, int]:
    """Return V(s, x, y), the best over departures ``low..high`` of their worth plus G of the room, and which it is.

    ``x`` and ``y`` may be negative: then something has to leave. -inf and -1 where nothing helps.
    """
    top, pick = -np.inf, -1
    levels, depths = arrival.shape[1], arrival.shape[2]
    for j in range(low, high):
        a, b = x + used[j, 0], y + used[j, 1]
        if a >= 0 and b >= 0:
            gain = worth[j] + arrival[pool, min(a, levels - 1), min(b, depths - 1)]
            if gain > top:
                top, pick = gain, j
    return top, pick


@njit(cache=True)
def best_of_states(
    state: Ints, start: Ints, used: Ints, worth: Floats, arrival: Floats, value: Floats
) -> tuple[Floats, Ints]:
    """Return the gain of the best pattern of each state [S, 4], and its departures: two [S] arrays.

    The gain of an overdrawn state is counted from 0 slots.
    """
    gain = np.empty(len(state))
    pick = np.empty(len(state), dtype=np.int64)
    for s in range(len(state)):
        k, x, y, q = state[s, 0], state[s, 1], state[s, 2], state[s, 3]
        gain[s], pick[s] = node_value(x, y, q, start[k], start[k + 1], used, worth, arrival)
        if x >= 0 and y >= 0:
            gain[s] -= value[x, y]
    return gain, pick


@njit(cache=True)
def best_of_classes(
    class_states: Ints,
    class_content: Ints,
    state: Ints,
    start: Ints,
    used: Ints,
    worth: Floats,
    arrival: Floats,
    value: Floats,
    double_start: Ints,
    double_used: Ints,
    double_worth: Floats,
    filling: Floats,
    shifts: Ints,
    shift_of: Ints,
) -> tuple[Floats, Ints]:
    """Return V_c, the most that one PM of each class can gain, and the doubles' part of how.

    Returns
    -------
    gain : float64 [C]
        At least 0: doing nothing is always possible.
    how : int64 [C, 3]
        The doubles that leave (an index into ``double_used``) and the cells (a, b) of ``filling`` that arrive.
    """
    origin = shift_of.shape[0] // 2, shift_of.shape[1] // 2
    memo = np.full((len(state), len(shifts)), np.nan)
    gain = np.zeros(len(class_states))
    how = np.zeros((len(class_states), 3), dtype=np.int64)
    for c in range(len(class_states)):
        d = class_content[c]
        how[c, 0] = double_start[d]
        base = 0.0
        for side in range(2):
            s = class_states[c, side]
            base += value[state[s, 1], state[s, 2]]
        q = state[class_states[c, 0], 3]
        for o in range(double_start[d], double_start[d + 1]):
            for a in range(filling.shape[1]):
                for b in range(filling.shape[2]):
                    fill = filling[q, a, b]
                    if fill == -np.inf:
                        continue
                    dx, dy = double_used[o, 0] - a, double_used[o, 1] - b
                    shift = shift_of[origin[0] + dx, origin[1] + dy]
                    total = double_worth[o] + fill - base
                    for side in range(2):
                        s = class_states[c, side]
                        if np.isnan(memo[s, shift]):
                            k = state[s, 0]
                            memo[s, shift] = node_value(
                                state[s, 1] + dx, state[s, 2] + dy, q, start[k], start[k + 1], used, worth, arrival
                            )[0]
                        total += memo[s, shift]
                    if total > gain[c]:
                        gain[c] = total
                        how[c, 0], how[c, 1], how[c, 2] = o, a, b
    return gain, how


@njit(cache=True)
def trace(choice: Ints, size: Ints, pool: Ints, x: Ints, y: Ints) -> Ints:
    """Follow the choices of `arrival_values` or `filling_values` from each start [n]: counts int64 [n, T]."""
    counts = np.zeros((len(x), len(size)), dtype=np.int64)
    levels, depths = choice.shape[1], choice.shape[2]
    for i in range(len(x)):
        a, b = min(x[i], levels - 1), min(y[i], depths - 1)
        while choice[pool[i], a, b] >= 0:
            t = choice[pool[i], a, b]
            counts[i, t] += 1
            a -= size[t, 0]
            b -= size[t, 1]
    return counts
