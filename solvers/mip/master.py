"""The restricted master problem: which patterns how often.

Columns
    a *node pattern* lets singles leave a node and others in;
    a *PM pattern* says what doubles do on a PM, and what singles do on its two nodes beside them.
Rows
    limit: no more departures than the MNL, and, in a row of its own, none that cost more than they may;
    balance: of every kind at least as many VMs arrive as leave, with those that leave PMs that are to be emptied:
    arrivals that nobody makes only leave more free;
    class: no more PM patterns than PMs in the class;
    state: no more patterns than nodes in the state, of which a PM pattern takes two.

As long as doubles stay, the two nodes of a PM are independent. Node patterns serve all PMs that hold the state and
add where patterns of whole PMs would multiply; only what doubles do is decided for a PM at a time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.mip import kernels
from solvers.mip.pricing import Evaluation, Pricer, Prices
from solvers.mip.programme import Programme

WIDTH, WIDEST = 0.5, 1000.0
"""Slots by which prices may differ from the centre at first; see `Master.recentre`."""

WORTHWHILE = 1e-7
"""Patterns that gain less than this at the present prices are not added."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pattern:
    """One column: what leaves and arrives, and where."""

    leaving: Ints
    """[T1 + T2] VMs by kind."""
    arriving: Ints
    """[T1 + T2]."""
    state: int
    """The node state that it is for, -1 for a PM pattern."""
    pm_class: int
    """The PM class that it is for, -1 for a node pattern."""
    singles: Ints
    """[nodes, 2, T1], the singles that leave and arrive on the node, or on both in the order of the class's states."""


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The linear programme's solution over the columns so far."""

    value: float
    """Slots gained."""
    prices: Prices
    use: Floats
    """[patterns], how often each is used."""
    boxed: bool
    """The prices lie on the edge of the box: the value counts migrations or VMs that do not exist."""


class Master:
    """The patterns found so far and the programme over them."""

    def __init__(self, pricer: Pricer, centre: Prices, width: float = WIDTH) -> None:
        reduction = pricer.reduction
        self.pricer = pricer
        self.programme = Programme()
        self.patterns: list[Pattern] = []
        self._known: set[bytes] = set()
        self._state_row: dict[int, int] = {}
        self._class_row: dict[int, int] = {}
        self.programme.add_row(-np.inf, reduction.limit)
        for supply in reduction.supply.tolist():
            self.programme.add_row(float(supply), np.inf)
        self._dearest = int(reduction.cost.max(initial=0))
        if self._dearest:
            self.programme.add_row(-np.inf, reduction.budget)
        self._shared = self.programme.rows
        self.slacks = 1 + 2 * reduction.kinds + (self._dearest > 0)
        row = np.append(0, np.repeat(np.arange(1, reduction.kinds + 2), 2))[: self.slacks]
        sign = np.append(-1.0, np.tile([1.0, -1.0], reduction.kinds + 1))[: self.slacks]
        sign[1 + 2 * reduction.kinds :] = -1.0
        nothing = [0.0] * self.slacks
        self.programme.add_columns(nothing, nothing, row, np.arange(self.slacks), sign)
        self._most = int(reduction.class_count.max(initial=0))
        self._width = width
        self.recentre(centre)

    def recentre(self, centre: Prices, widen: float = 1.0) -> bool:
        """Hold prices in a box around good ones: without, a young linear programme's prices are wild and useless.

        The box is made of columns for extra migrations and unbalanced VMs, at a cost. When the linear programme
        uses them the box is too small, and must be widened before its value means anything. Returns False where the
        box is so wide that widening is no use.
        """
        self._width *= widen
        price = np.minimum(0.0, np.append(centre.single, centre.double))  # a VM to spare is never worth anything
        low, high = price - self._width, price + self._width
        self.programme.set_cost(0, -(centre.migration + self._width))
        for kind in range(len(low)):
            self.programme.set_cost(1 + 2 * kind, float(low[kind]))
            self.programme.set_cost(2 + 2 * kind, -float(high[kind]))
        if self._dearest:
            self.programme.set_cost(self.slacks - 1, -(centre.cost + self._width / self._dearest))
        return self._width <= WIDEST

    def solve(self, time_limit_s: float) -> Relaxation | None:
        """Solve the linear programme over the patterns so far; None where it did not finish in time."""
        solution = self.programme.solve(time_limit_s)
        if solution is None:
            return None
        singles, kinds = len(self.pricer.reduction.single), self.pricer.reduction.kinds
        price = solution.row_price[1 : kinds + 1]
        cost = float(solution.row_price[kinds + 1]) if self._dearest else 0.0
        prices = Prices.rounded(price[:singles], price[singles:], float(solution.row_price[0]), cost)
        boxed = bool((solution.use[: self.slacks] > 1e-9).any())
        return Relaxation(solution.value, prices, solution.use[self.slacks :], boxed)

    def losses(self, evaluation: Evaluation) -> Floats:
        """Return what using each pattern loses against the best there is at these prices: float64 [patterns], >= 0.

        A plan worth ``target`` slots loses no more than ``evaluation.bound - target`` in all, so a pattern that alone
        loses more is in none.
        """
        gain, _ = self._best(evaluation, self.pricer.reduction.state)
        prices = evaluation.prices
        price = np.append(prices.single, prices.double)
        leaving = np.array([pattern.leaving for pattern in self.patterns]).reshape(-1, len(price))
        arriving = np.array([pattern.arriving for pattern in self.patterns]).reshape(-1, len(price))
        worth = np.array(self.programme.cost[self.slacks :])
        worth += (leaving - arriving) @ price - leaving @ self.pricer.fees(prices)
        best = np.array(
            [
                gain[pattern.state] if pattern.pm_class < 0 else evaluation.class_gain[pattern.pm_class]
                for pattern in self.patterns
            ]
        )
        losses: Floats = np.maximum(0.0, best - worth)
        return losses

    def crowded_out(self, held: Ints, use: Ints) -> NDArray[np.bool_]:
        """Tell which patterns find no PM or node once some are used as often as ``use`` [patterns] says: bool."""
        row, column, value = self.programme.matrix()
        own = row >= self._shared
        row, pattern, value = row[own], column[own] - self.slacks, value[own]
        taken = np.zeros(len(self.patterns))
        taken[held] = use[held]
        left = np.array(self.programme.high) - np.bincount(row, value * taken[pattern], self.programme.rows)
        full = np.zeros(len(self.patterns), dtype=bool)
        full[pattern[value > left[row] + 0.5]] = True
        return full

    def add_best(self, evaluation: Evaluation) -> int:
        """Add the best pattern of every class and every state that gains at these prices; return how many were new."""
        reduction, before = self.pricer.reduction, len(self.patterns)
        gain, _ = self._best(evaluation, reduction.state)
        states = np.flatnonzero(gain > WORTHWHILE)
        self._add_node_patterns(states, self._singles(evaluation, reduction.state[states]))
        classes = np.flatnonzero(evaluation.class_gain > WORTHWHILE)
        doubles = self._doubles(evaluation, classes)
        changed = doubles.any(axis=(1, 2))
        classes, doubles = classes[changed], doubles[changed]
        beside = reduction.state[reduction.class_states[classes]]  # [n, 2 nodes, 4]
        beside[:, :, 1:3] += ((doubles[:, 0] - doubles[:, 1]) @ reduction.double)[:, None]
        singles = self._singles(evaluation, beside.reshape(-1, 4))
        self._add_pm_patterns(classes, doubles, singles.reshape(len(classes), 2, *singles.shape[1:]))
        return len(self.patterns) - before

    def _best(self, evaluation: Evaluation, states: Ints) -> tuple[Floats, Ints]:
        pricer = self.pricer
        return kernels.best_of_states(
            states, pricer.singles.start, pricer.singles.used, evaluation.worth, evaluation.arrival, pricer.value
        )

    def _singles(self, evaluation: Evaluation, rows: Ints) -> Ints:
        """Return what the best pattern lets leave and arrive on nodes in states ``rows`` [n, 4]: int64 [n, 2, T1]."""
        pricer, reduction = self.pricer, self.pricer.reduction
        _, pick = self._best(evaluation, rows)
        room = rows[:, 1:3] + pricer.singles.used[pick]
        arriving = _trace(evaluation.arrival_choice, reduction.single, rows[:, 3], room[:, 0], room[:, 1])
        return _without_common(pricer.singles.counts[pick].astype(np.int64), arriving)

    def _doubles(self, evaluation: Evaluation, classes: Ints) -> Ints:
        """Return the doubles that the best pattern lets leave and arrive on PMs of some classes: int64 [n, 2, D]."""
        reduction, how = self.pricer.reduction, evaluation.class_how[classes]
        pool = reduction.state[reduction.class_states[classes, 0], 3]
        arriving = _trace(evaluation.filling_choice, reduction.double, pool, how[:, 1], how[:, 2])
        return _without_common(self.pricer.doubles.counts[how[:, 0]].astype(np.int64), arriving)

    def _add_node_patterns(self, states: Ints, singles: Ints) -> None:
        """Add node patterns: their states [n], and their VMs [n, 2, T1]."""
        reduction = self.pricer.reduction
        new = self._unknown(states, np.full(len(states), -1), singles)
        states, singles = states[new], singles[new]
        free = reduction.state[states, 1:3]
        gain = self._slots(free + (singles[:, 0] - singles[:, 1]) @ reduction.single) - self._slots(free)
        rows = np.array([self._row_of_state(state) for state in states.tolist()], dtype=np.int64)
        moves = np.concatenate([singles, np.zeros((len(new), 2, reduction.doubles), dtype=np.int64)], axis=2)
        for index, state in enumerate(states.tolist()):
            leaving, arriving = moves[index]
            self.patterns.append(Pattern(leaving, arriving, state, -1, singles[index, None]))
        self._add_columns(gain, moves, (rows, np.arange(len(new))))

    def _add_pm_patterns(self, classes: Ints, doubles: Ints, singles: Ints) -> None:
        """Add PM patterns: their classes [n], doubles with placeholders [n, 2, D], and singles [n, nodes, 2, T1]."""
        reduction = self.pricer.reduction
        changes = np.concatenate([doubles, singles[:, 0], singles[:, 1]], axis=2)
        new = self._unknown(np.full(len(classes), -1), classes, changes)
        classes, doubles, singles = classes[new], doubles[new], singles[new]
        states = reduction.class_states[classes]
        free = reduction.state[states, 1:3]
        left = free + ((doubles[:, 0] - doubles[:, 1]) @ reduction.double)[:, None]
        left += (singles[:, :, 0] - singles[:, :, 1]) @ reduction.single
        gain = (self._slots(left.reshape(-1, 2)) - self._slots(free.reshape(-1, 2))).reshape(-1, 2).sum(axis=1)
        gain += reduction.worth.placeholder * (doubles[:, 1] - doubles[:, 0])[:, reduction.doubles :].sum(axis=1)
        rows = [self._row_of_class(pm_class) for pm_class in classes.tolist()]
        rows += [self._row_of_state(state) for state in states.T.reshape(-1).tolist()]
        moves = np.concatenate([singles.sum(axis=1), doubles[:, :, : reduction.doubles]], axis=2)
        for index, pm_class in enumerate(classes.tolist()):
            leaving, arriving = moves[index]
            self.patterns.append(Pattern(leaving, arriving, -1, pm_class, singles[index]))
        self._add_columns(gain, moves, (np.array(rows, dtype=np.int64), np.tile(np.arange(len(new)), 3)))

    def _unknown(self, states: Ints, classes: Ints, changes: Ints) -> Ints:
        """Return which of some patterns change anything and are not columns yet, and note that they are now."""
        flat = changes.reshape(len(changes), changes.shape[1] * changes.shape[2])
        keys = np.column_stack([states, classes, flat]).astype(np.int32)
        packed, width = keys.tobytes(), keys.itemsize * keys.shape[1]
        fresh = []
        for index in np.flatnonzero(changes.any(axis=(1, 2))).tolist():
            key = packed[index * width : (index + 1) * width]
            if key not in self._known:
                self._known.add(key)
                fresh.append(index)
        return np.array(fresh, dtype=np.int64)

    def _add_columns(self, gain: Floats, moves: Ints, own: tuple[Ints, Ints]) -> None:
        """Hand columns to the programme: VMs that leave and arrive [n, 2, kinds], and entries (row, column) of 1."""
        if not len(gain):
            return
        departures, arrivals = moves.sum(axis=2).T
        cost = moves[:, 0] @ self.pricer.reduction.cost
        some, dear = np.flatnonzero(departures), np.flatnonzero(cost)
        net = moves[:, 1] - moves[:, 0]
        column, kind = np.nonzero(net)
        limits = np.repeat([0, 1 + self.pricer.reduction.kinds], [len(some), len(dear)])
        row = np.concatenate([limits, 1 + kind, own[0]])
        index = np.concatenate([some, dear, column, own[1]])
        counts = np.concatenate([departures[some], cost[dear], net[column, kind], np.ones(len(own[0]))])
        value = counts.astype(np.float64)
        if len(np.unique(row * len(gain) + index)) < len(row):  # a PM with two equal nodes takes two of one state
            place, inverse = np.unique(row * len(gain) + index, return_inverse=True)
            value = np.bincount(inverse.reshape(-1), weights=value).astype(np.float64)
            row, index = place // len(gain), place % len(gain)
        most = self.pricer.reduction.problem.mnl // np.maximum(departures, 1)
        upper = np.where(departures + arrivals > 0, most, self._most)
        self.programme.add_columns(
            gain.tolist(), upper.astype(float).tolist(), row, self.programme.columns + index, value
        )

    def _slots(self, free: Ints) -> Floats:
        """Return what nodes with free [n, 2] are worth."""
        value = self.pricer.value
        slots: Floats = value[tuple(np.minimum(free, np.array(value.shape) - 1).T)]
        return slots

    def _row_of_state(self, state: int) -> int:
        if state not in self._state_row:
            self._state_row[state] = self.programme.add_row(-np.inf, int(self.pricer.reduction.state_count[state]))
        return self._state_row[state]

    def _row_of_class(self, pm_class: int) -> int:
        if pm_class not in self._class_row:
            count = int(self.pricer.reduction.class_count[pm_class])
            self._class_row[pm_class] = self.programme.add_row(-np.inf, count)
        return self._class_row[pm_class]


def _without_common(leaving: Ints, arriving: Ints) -> Ints:
    """Stack what leaves and arrives, [n, 2, T], without a VM out and its like in: the same with fewer migrations."""
    both = np.minimum(leaving, arriving)
    return np.stack([leaving - both, arriving - both], axis=1)


def _trace(choice: Ints, size: Ints, pool: Ints, x: Ints, y: Ints) -> Ints:
    """Call `kernels.trace`, which takes contiguous arrays only, with columns of larger ones."""
    return kernels.trace(choice, size, *(np.ascontiguousarray(each) for each in (pool, x, y)))
