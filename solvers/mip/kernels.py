"""The inner loops of pricing, compiled by numba and cached on disk.

Why numba: these knapsack recursions are short loops with branches over a few thousand small states, which NumPy can
only express with arrays a hundred times their size; and numba needs no compiler on the user's machine.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@njit("Tuple((f8[:, :, ::1], i8[:, :, ::1]))(i8[:, ::1], i8[::1], f8[::1], f8[:, ::1], i8)", cache=True)
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


@njit("Tuple((f8[:, :, ::1], i8[:, :, ::1]))(i8[:, ::1], i8[::1], f8[::1], UniTuple(i8, 2), i8)", cache=True)
def filling_values(size: Ints, pool: Ints, price: Floats, shape: tuple[int, int], pools: int) -> tuple[Floats, Ints]:
    """Fill E(a, b): the best sum of -price over arrivals that use exactly (a, b); -inf where none does.

    Kinds of a negative pool may go anywhere.

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
                    if (pool[t] == q or pool[t] < 0) and u <= x and m <= y and u + m > 0:
                        gain = best[q, x - u, y - m] - price[t]
                        if gain > best[q, x, y]:
                            best[q, x, y] = gain
                            choice[q, x, y] = t
    return best, choice


@njit("Tuple((f8, i8))(i8, i8, i8, i8, i8, i8[:, ::1], f8[::1], f8[:, :, ::1])", cache=True)
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


@njit(
    "Tuple((f8[::1], i8[::1]))(i8[:, ::1], i8[::1], i8[:, ::1], f8[::1], f8[:, :, ::1], f8[:, ::1])",
    cache=True,
)
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


@njit(
    "Tuple((f8[::1], i8[:, ::1]))"
    "(i8[:, ::1], i8[::1], i8[:, ::1], i8[::1], i8[:, ::1], f8[::1], f8[:, :, ::1], f8[:, ::1], i8[::1], "
    "i8[:, ::1], f8[::1], i8[::1], i8[:, ::1], f8[::1], f8[::1])",
    cache=True,
)
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
    cell_start: Ints,
    cell: Ints,
    cell_worth: Floats,
    cell_net: Floats,
) -> tuple[Floats, Ints]:
    """Return V_c, the most that one PM of each class can gain, and the doubles' part of how.

    Cells (a, b) are what arriving doubles can use on each node, pool by pool, by falling ``cell_net``: what they earn,
    less 2 G(a, b) where units divide the slots. G is superadditive then, so a node that gives (a, b) away loses at
    least G(a, b), and once the best cell left cannot improve a class, none can.

    Returns
    -------
    gain : float64 [C]
        At least 0: doing nothing is always possible.
    how : int64 [C, 3]
        The doubles that leave (an index into ``double_used``) and the cell (a, b) that arrives.
    """
    gain = np.zeros(len(class_states))
    how = np.zeros((len(class_states), 3), dtype=np.int64)
    levels = value.shape[0]
    memo = np.full((len(state), 2 * levels + 1 if value.shape[1] == 1 else 0), np.nan)  # without memory shifts are few
    for c in range(len(class_states)):
        d = class_content[c]
        how[c, 0] = double_start[d]
        first, second = class_states[c, 0], class_states[c, 1]
        low0, high0 = start[state[first, 0]], start[state[first, 0] + 1]
        low1, high1 = start[state[second, 0]], start[state[second, 0] + 1]
        x0, y0, x1, y1 = state[first, 1], state[first, 2], state[second, 1], state[second, 2]
        q = state[first, 3]
        base = value[x0, y0] + value[x1, y1]
        for o in range(double_start[d], double_start[d + 1]):
            u, m = double_used[o, 0], double_used[o, 1]
            roomy = double_worth[o] - base
            roomy += node_value(x0 + u, y0 + m, q, low0, high0, used, worth, arrival)[0]
            roomy += node_value(x1 + u, y1 + m, q, low1, high1, used, worth, arrival)[0]
            for i in range(cell_start[q], cell_start[q + 1]):
                if roomy + cell_net[i] <= gain[c]:
                    break
                dx, dy = u - cell[i, 0], m - cell[i, 1]
                total = double_worth[o] + cell_worth[i] - base
                if memo.shape[1]:
                    if np.isnan(memo[first, dx + levels]):
                        memo[first, dx + levels] = node_value(x0 + dx, y0, q, low0, high0, used, worth, arrival)[0]
                    if np.isnan(memo[second, dx + levels]):
                        memo[second, dx + levels] = node_value(x1 + dx, y1, q, low1, high1, used, worth, arrival)[0]
                    total += memo[first, dx + levels] + memo[second, dx + levels]
                else:
                    total += node_value(x0 + dx, y0 + dy, q, low0, high0, used, worth, arrival)[0]
                    total += node_value(x1 + dx, y1 + dy, q, low1, high1, used, worth, arrival)[0]
                if total > gain[c]:
                    gain[c] = total
                    how[c, 0], how[c, 1], how[c, 2] = o, cell[i, 0], cell[i, 1]
    return gain, how


@njit("i8[:, ::1](i8[:, :, ::1], i8[:, ::1], i8[::1], i8[::1], i8[::1])", cache=True)
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


@njit("i8[:, ::1](i8[:, :, ::1], i8[:, :, ::1], i8[:, ::1], i8[:, ::1], i8[:, ::1], i8[::1])", cache=True)
def late_arrivals(free: Ints, singles: Ints, doubles: Ints, single: Ints, double: Ints, order: Ints) -> Ints:
    """Count, for each of n patterns, the arrivals that find no room before anything has left.

    Parameters
    ----------
    free
        [n, nodes, 2], units that are free now.
    singles, doubles
        [n, nodes, T1], [n, T2]: who arrives.
    single, double
        [T1, 2], [T2, 2] units.
    order
        [T1 + T2] kinds; the first come first where there is not room for all.

    Returns
    -------
    int64 [n, T1 + T2]
    """
    late = np.zeros((len(free), len(order)), dtype=np.int64)
    for i in range(len(free)):
        left = free[i].copy()
        for kind in order:
            if kind < len(single):
                for node in range(left.shape[0]):
                    for _ in range(singles[i, node, kind]):
                        if (left[node] >= single[kind]).all():
                            left[node] -= single[kind]
                        else:
                            late[i, kind] += 1
            else:
                size = double[kind - len(single)]
                for _ in range(doubles[i, kind - len(single)]):
                    if (left[0] >= size).all() and (left[1] >= size).all():
                        left[0] -= size
                        left[1] -= size
                    else:
                        late[i, kind] += 1
    return late
