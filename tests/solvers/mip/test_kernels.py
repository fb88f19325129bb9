"""The compiled loops, each against the plain meaning of what it computes."""

import numpy as np
import pytest

from solvers.mip import kernels
from solvers.mip.pricing import Departures

SIZE = np.array([[2, 1], [3, 5], [1, 0], [4, 4]])
POOL = np.array([0, 1, 0, 1])
PRICE = np.array([-0.75, -1.5, 0.25, -2.0])
SLOT = 4
VALUE = np.repeat((np.arange(12) // SLOT)[:, None], 8, axis=1).astype(float)


def _fillings(pool, x, y):
    """List all multisets of arrivals that fit (x, y), as counts."""
    kinds = np.flatnonzero(pool == POOL).tolist()

    def extend(chosen, x, y):
        if not chosen:
            yield np.zeros(len(SIZE), dtype=int)
            return
        kind, n = chosen[0], 0
        while n * SIZE[kind, 0] <= x and n * SIZE[kind, 1] <= y:
            for rest in extend(chosen[1:], x - n * SIZE[kind, 0], y - n * SIZE[kind, 1]):
                rest[kind] += n
                yield rest
            n += 1

    return list(extend(kinds, x, y))


@pytest.mark.parametrize("pool", [0, 1])
def test_arrival_values_are_the_best_multiset(pool):
    """G is the best over all arrivals that fit, of what is left less what they cost, and the trace names them."""
    best, choice = kernels.arrival_values(SIZE, POOL, PRICE, VALUE, 2)
    for x, y in np.ndindex(VALUE.shape):
        by_hand = max((x - n @ SIZE[:, 0]) // SLOT - n @ PRICE for n in _fillings(pool, x, y))
        assert best[pool, x, y] == by_hand
        (counts,) = kernels.trace(choice, SIZE, np.array([pool]), np.array([x]), np.array([y]))
        assert (x - counts @ SIZE[:, 0]) // SLOT - counts @ PRICE == by_hand


@pytest.mark.parametrize("pool", [0, 1])
def test_filling_values_use_all_of_it(pool):
    """E is the best over arrivals that use exactly (a, b), -inf where none does, and the trace names them."""
    best, choice = kernels.filling_values(SIZE, POOL, PRICE, VALUE.shape, 2)
    for a, b in np.ndindex(VALUE.shape):
        exact = [-n @ PRICE for n in _fillings(pool, a, b) if (n @ SIZE == (a, b)).all()]
        assert best[pool, a, b] == max(exact, default=-np.inf)
        if exact:
            (counts,) = kernels.trace(choice, SIZE, np.array([pool]), np.array([a]), np.array([b]))
            assert (counts @ SIZE == (a, b)).all()


def test_kinds_without_size_never_arrive():
    """A VM that takes nothing, for free or for less, does not make the recursion endless."""
    size, pool, price = np.zeros((1, 2), dtype=np.int64), np.zeros(1, dtype=np.int64), np.array([-1.0])
    assert (kernels.arrival_values(size, pool, price, VALUE, 1)[0][0] == VALUE).all()
    filled, _ = kernels.filling_values(size, pool, price, (3, 2), 1)
    assert filled[0, 0, 0] == 0.0
    assert (filled[0].ravel()[1:] == -np.inf).all()


def test_an_overdrawn_node_must_let_somebody_go():
    """With cores or memory below 0 only departures that repair both count; where none does the value is -inf."""
    departures = Departures.of(np.array([[2, 0, 0, 1]]), SIZE)
    worth = departures.counts @ (PRICE - 0.5)
    arrival, _ = kernels.arrival_values(SIZE, POOL, PRICE, VALUE, 2)
    arguments = (0, 0, len(worth), departures.used, worth, arrival)
    by_hand = {
        tuple(counts): counts @ (PRICE - 0.5) + arrival[0, x, y]
        for counts in departures.counts
        for x, y in [np.array([-3, -2]) + (counts @ SIZE).astype(int)]
        if min(x, y) >= 0
    }
    gain, pick = kernels.node_value(-3, -2, *arguments)
    assert gain == max(by_hand.values())
    assert by_hand[tuple(departures.counts[pick])] == gain
    assert kernels.node_value(-3, -7, *arguments) == (-np.inf, -1)


def test_gains_of_overdrawn_states_count_from_nothing():
    """The gain of a state is its value less the slots it has, and it has none below 0."""
    departures = Departures.of(np.array([[2, 0, 0, 1]]), SIZE)
    worth = departures.counts @ (PRICE - 0.5)
    arrival, _ = kernels.arrival_values(SIZE, POOL, PRICE, VALUE, 2)
    state = np.array([[0, 5, 2, 0], [0, -3, -2, 0]])
    gain, _ = kernels.best_of_states(state, departures.start, departures.used, worth, arrival, VALUE)
    values = [kernels.node_value(*row[1:], 0, len(worth), departures.used, worth, arrival)[0] for row in state.tolist()]
    assert gain.tolist() == [values[0] - VALUE[5, 2], values[1]]


def test_late_are_those_without_room_now():
    """On each node, or both for a double, the first in the order come in while there is room; the others are late."""
    free = np.array([[[5, 5], [4, 9]], [[0, 0], [0, 0]]])
    singles = np.zeros((2, 2, 4), dtype=np.int64)
    singles[0, 0, :3] = [1, 1, 1]  # sizes (2, 1), (3, 5), (1, 0)
    singles[0, 1, 0] = 1
    singles[1, 0, 2] = 2
    doubles = np.array([[1], [0]])  # of size (2, 2)
    late = kernels.late_arrivals(free, singles, doubles, SIZE, np.array([[2, 2]]), np.array([4, 1, 0, 2, 3]))
    assert late.tolist() == [[0, 1, 0, 0, 0], [0, 0, 2, 0, 0]]
