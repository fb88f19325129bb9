"""The restricted master problem: which patterns how often.

Columns
    a *node pattern* lets singles leave a node and others in, and ends with nothing overdrawn;
    a *PM pattern* lets doubles leave a PM and others in, which turns its two node states into others.
Rows
    limit: no more departures than the MNL, and, in a row of its own, none that cost more than they may;
    balance: of every kind at least as many VMs arrive as leave, with those that leave PMs that are to be emptied:
    arrivals that nobody makes only leave more free;
    class: no more PM patterns than PMs in the class;
    state: no more node patterns than nodes in the state, counting those that PM patterns make and consume; equality
    where the state is overdrawn, since such a node must be repaired.

Node patterns rather than whole-PM patterns: given what the doubles do the two nodes of a PM are independent, so the
bound is the same, but patterns add instead of multiply, serve all PMs that hold the state, and recombine.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.mip import kernels
from solvers.mip.pricing import Evaluation, Pricer, Prices
from solvers.mip.programme import Programme

WIDTH, WIDEST = 0.5, 1000.0
"""Slots by which prices may differ from the centre at first; see `Master.recentre`."""

MOST_INDEPENDENT = 4000
"""Independent patterns added at most."""

WORTHWHILE = 1e-7
"""Patterns that gain less than this at the present prices are not added."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pattern:
    """One column: what leaves and arrives, and where."""

    leaving: Ints
    """[T1 + T2] VMs by kind."""
    arriving: Ints
    """[T1 + T2]."""
    state: int
    """The node state it starts from, -1 for a PM pattern."""
    pm_class: int
    """The PM class, -1 for a node pattern."""
    swaps: tuple[tuple[int, int], ...]
    """PM patterns: the states (consumed, made) of both nodes, which placeholders change too."""


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

    def __init__(self, pricer: Pricer, centre: Prices) -> None:
        reduction = pricer.reduction
        self.pricer = pricer
        self.programme = Programme()
        self.patterns: list[Pattern] = []
        self.state: list[tuple[int, ...]] = [tuple(row) for row in reduction.state.tolist()]
        self._state_index = {row: index for index, row in enumerate(self.state)}
        self._known: set[bytes] = set()
        self._state_row: dict[int, int] = {}
        self._class_row: dict[int, int] = {}
        self.programme.add_row(-np.inf, reduction.limit)
        for supply in reduction.supply.tolist():
            self.programme.add_row(float(supply), np.inf)
        self._dearest = int(reduction.cost.max(initial=0))
        if self._dearest:
            self.programme.add_row(-np.inf, reduction.budget)
        self.slacks = 1 + 2 * reduction.kinds + (self._dearest > 0)
        row = np.append(0, np.repeat(np.arange(1, reduction.kinds + 2), 2))[: self.slacks]
        sign = np.append(-1.0, np.tile([1.0, -1.0], reduction.kinds + 1))[: self.slacks]
        sign[1 + 2 * reduction.kinds :] = -1.0
        nothing = [0.0] * self.slacks
        self.programme.add_columns(nothing, nothing, row, np.arange(self.slacks), sign)
        self._most = int(reduction.class_count.max(initial=0))
        self._width = WIDTH
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
        gain, _ = self._best(evaluation, np.array(self.state))
        prices = evaluation.prices
        price = np.append(prices.single, prices.double)
        leaving = np.array([pattern.leaving for pattern in self.patterns])
        arriving = np.array([pattern.arriving for pattern in self.patterns])
        worth = np.array(self.programme.cost[self.slacks :])
        worth += (leaving - arriving) @ price - leaving @ self.pricer.fees(prices)
        best = np.zeros(len(self.patterns))
        for index, pattern in enumerate(self.patterns):
            if pattern.pm_class < 0:
                best[index] = gain[pattern.state]
            else:
                best[index] = evaluation.class_gain[pattern.pm_class] - sum(gain[made] for _, made in pattern.swaps)
        losses: Floats = np.maximum(0.0, best - worth)
        return losses

    def add_best(self, evaluation: Evaluation) -> int:
        """Add the best pattern of every class and every state that gains at these prices; return how many were new."""
        pricer, reduction = self.pricer, self.pricer.reduction
        gain, _ = self._best(evaluation, reduction.state)
        states = np.flatnonzero(gain > WORTHWHILE)
        classes = np.flatnonzero(evaluation.class_gain > WORTHWHILE)
        how = evaluation.class_how[classes]
        pool = reduction.state[reduction.class_states[classes, 0], 3]
        leaving = pricer.doubles.counts[how[:, 0]].astype(np.int64)
        arriving = _trace(evaluation.filling_choice, reduction.double, pool, how[:, 1], how[:, 2])
        both = np.minimum(leaving, arriving)
        leaving, arriving = leaving - both, arriving - both
        changed = (leaving != arriving).any(axis=1)
        classes, leaving, arriving = classes[changed], leaving[changed], arriving[changed]
        shift = (leaving - arriving) @ reduction.double
        consumed = reduction.class_states[classes]
        made = reduction.state[consumed].copy()  # [n, 2 sides, 4]
        made[:, :, 1:3] += shift[:, None]
        made_index = np.array([self._index(tuple(row)) for row in made.reshape(-1, 4).tolist()], dtype=np.int64)
        before = len(self.patterns)
        self._node_patterns(evaluation, np.unique(np.append(states, made_index)))
        self._pm_patterns(classes, leaving, arriving, consumed, made_index.reshape(-1, 2))
        return len(self.patterns) - before

    def add_independent(self, evaluation: Evaluation, loss: float) -> int:
        """Add node patterns whose arrivals fit before anything leaves, best first; return how many were new.

        Their order is free, so they are what to use where other patterns wait for each other in circles.
        """
        pricer, reduction = self.pricer, self.pricer.reduction
        best, _ = self._best(evaluation, reduction.state)
        filling, choice = kernels.filling_values(
            reduction.single, reduction.single_pool, evaluation.prices.single, pricer.value.shape, pricer.pools
        )
        found, missing = kernels.independent_patterns(
            reduction.state,
            pricer.singles.start,
            pricer.singles.used,
            evaluation.worth,
            filling,
            pricer.value,
            best,
            loss,
        )
        found = found[np.argsort(missing, kind="stable")[:MOST_INDEPENDENT]]
        rows = reduction.state[found[:, 0]]
        leaving = pricer.singles.counts[found[:, 1]].astype(np.int64)
        arriving = _trace(choice, reduction.single, rows[:, 3], found[:, 2], found[:, 3])
        before = len(self.patterns)
        self._add_node_patterns(found[:, 0], rows, leaving, arriving)
        return len(self.patterns) - before

    def waiting(self) -> NDArray[np.bool_]:
        """Tell which patterns have arrivals that do not fit before something leaves: bool [patterns]."""
        reduction = self.pricer.reduction
        size = np.vstack([reduction.single, reduction.double[: reduction.doubles]])
        held = reduction.class_doubles[:, reduction.doubles :] @ reduction.double[reduction.doubles :]
        result = np.zeros(len(self.patterns), dtype=bool)
        for index, pattern in enumerate(self.patterns):
            if pattern.arriving.any():
                states = [pattern.state] if pattern.pm_class < 0 else [consumed for consumed, _ in pattern.swaps]
                free = np.array([self.state[state][1:3] for state in states])
                if pattern.pm_class >= 0:
                    free += held[pattern.pm_class]  # placeholders hold nothing that a VM could not take
                made = pattern.pm_class < 0 and pattern.state >= len(reduction.state)
                result[index] = made or bool((pattern.arriving @ size > free).any())
        return result

    def _best(self, evaluation: Evaluation, states: Ints) -> tuple[Floats, Ints]:
        pricer = self.pricer
        return kernels.best_of_states(
            states, pricer.singles.start, pricer.singles.used, evaluation.worth, evaluation.arrival, pricer.value
        )

    def _node_patterns(self, evaluation: Evaluation, states: Ints) -> None:
        """Add the best pattern of each of some states."""
        pricer, reduction = self.pricer, self.pricer.reduction
        if not len(states):
            return
        rows = np.array([self.state[state] for state in states.tolist()])
        _, pick = self._best(evaluation, rows)
        possible = pick >= 0
        rows, pick, states = rows[possible], pick[possible], states[possible]
        leaving = pricer.singles.counts[pick].astype(np.int64)
        room = rows[:, 1:3] + pricer.singles.used[pick]
        arriving = _trace(evaluation.arrival_choice, reduction.single, rows[:, 3], room[:, 0], room[:, 1])
        self._add_node_patterns(states, rows, leaving, arriving)

    def _add_node_patterns(self, states: Ints, rows: Ints, leaving: Ints, arriving: Ints) -> None:
        """Add node patterns: their states as indices [n] and in full [n, 4], and their VMs by kind [n, T1]."""
        reduction = self.pricer.reduction
        both = np.minimum(leaving, arriving)  # a VM out and its like in: the same node with fewer migrations
        leaving, arriving = leaving - both, arriving - both
        final = rows[:, 1:3] + (leaving - arriving) @ reduction.single
        gain = self._slots(final) - self._slots(rows[:, 1:3])
        new = self._unknown(states, np.full(len(states), -1), leaving, arriving)
        own = np.array([self._row_of_state(state) for state in states[new].tolist()], dtype=np.int64)
        entries = (own, np.arange(len(new)), np.ones(len(new)))
        singles, nothing = len(reduction.single), np.zeros(reduction.doubles, dtype=np.int64)
        for index in new.tolist():
            out, into = np.concatenate([leaving[index], nothing]), np.concatenate([arriving[index], nothing])
            self.patterns.append(Pattern(out, into, int(states[index]), -1, ()))
        self._add_columns(gain[new], leaving[new], arriving[new], slice(0, singles), entries)

    def _pm_patterns(self, classes: Ints, leaving: Ints, arriving: Ints, consumed: Ints, made: Ints) -> None:
        """Add what the doubles [n, D] of classes do; ``consumed`` and ``made`` are the states of both nodes [n, 2]."""
        reduction = self.pricer.reduction
        new = self._unknown(np.full(len(classes), -1), classes, leaving, arriving)
        free = np.array([state[1:3] for state in self.state], dtype=np.int64).reshape(-1, 2)
        slots = self._slots(free)
        gain = (slots[made[new]] - slots[consumed[new]]).sum(axis=1)
        held = (arriving - leaving)[:, reduction.doubles :].sum(axis=1)
        gain += reduction.worth.placeholder * held[new]
        leaving, arriving = leaving[:, : reduction.doubles], arriving[:, : reduction.doubles]
        rows = [[self._row_of_class(pm_class) for pm_class in classes[new].tolist()]]
        rows += [[self._row_of_state(state) for state in consumed[new, side].tolist()] for side in (0, 1)]
        rows += [[self._row_of_state(state) for state in made[new, side].tolist()] for side in (0, 1)]
        entries = (
            np.array(rows, dtype=np.int64).reshape(-1),
            np.tile(np.arange(len(new)), 5),
            np.repeat([1.0, 1.0, 1.0, -1.0, -1.0], len(new)),
        )
        nothing = np.zeros(len(reduction.single), dtype=np.int64)
        for index in new.tolist():
            out, into = np.concatenate([nothing, leaving[index]]), np.concatenate([nothing, arriving[index]])
            swaps = tuple(zip(consumed[index].tolist(), made[index].tolist(), strict=True))
            self.patterns.append(Pattern(out, into, -1, int(classes[index]), swaps))
        self._add_columns(gain, leaving[new], arriving[new], slice(len(nothing), reduction.kinds), entries)

    def _unknown(self, states: Ints, classes: Ints, leaving: Ints, arriving: Ints) -> Ints:
        """Return which of some patterns change anything and are not columns yet, and note that they are now."""
        keys = np.column_stack([states, classes, leaving, arriving]).astype(np.int32)
        packed, width = keys.tobytes(), keys.itemsize * keys.shape[1]
        fresh = []
        for index in np.flatnonzero((leaving + arriving).any(axis=1)).tolist():
            key = packed[index * width : (index + 1) * width]
            if key not in self._known:
                self._known.add(key)
                fresh.append(index)
        return np.array(fresh, dtype=np.int64)

    def _add_columns(
        self, gain: Floats, leaving: Ints, arriving: Ints, kinds: slice, own: tuple[Ints, Ints, Floats]
    ) -> None:
        """Hand columns to the programme: their entries in the limit, the balance of ``kinds``, and their own rows."""
        if not len(gain):
            return
        departures, cost = leaving.sum(axis=1), leaving @ self.pricer.reduction.cost[kinds]
        some, dear = np.flatnonzero(departures), np.flatnonzero(cost)
        net = arriving - leaving
        column, kind = np.nonzero(net)
        limits = np.repeat([0, 1 + self.pricer.reduction.kinds], [len(some), len(dear)])
        row = np.concatenate([limits, 1 + kinds.start + kind, own[0]])
        index = np.concatenate([some, dear, column, own[1]])
        counts = np.concatenate([departures[some], cost[dear], net[column, kind]])
        value = np.concatenate([counts.astype(np.float64), own[2]])
        if len(np.unique(row * len(gain) + index)) < len(row):  # a PM with two equal nodes consumes one state twice
            place, inverse = np.unique(row * len(gain) + index, return_inverse=True)
            value = np.bincount(inverse.reshape(-1), weights=value)
            row, index = place // len(gain), place % len(gain)
        most = self.pricer.reduction.problem.mnl // np.maximum(departures, 1)
        upper = np.where(departures + arriving.sum(axis=1) > 0, most, self._most)
        self.programme.add_columns(
            gain.tolist(), upper.astype(float).tolist(), row, self.programme.columns + index, value
        )

    def _slots(self, free: Ints) -> Floats:
        """Return what nodes with free [n, 2] are worth; overdrawn nodes count 0, as in pricing."""
        valid = (free >= 0).all(axis=1)
        value, (x, y) = self.pricer.value, np.maximum(free, 0).T
        slots: Floats = np.where(valid, value[np.minimum(x, len(value) - 1), np.minimum(y, value.shape[1] - 1)], 0.0)
        return slots

    def _index(self, row: tuple[int, ...]) -> int:
        """Return the index of a state, new ones included."""
        if row not in self._state_index:
            self._state_index[row] = len(self.state)
            self.state.append(row)
        return self._state_index[row]

    def _row_of_state(self, state: int) -> int:
        if state not in self._state_row:
            base = self.pricer.reduction.state_count
            count = int(base[state]) if state < len(base) else 0
            overdrawn = self.state[state][1] < 0 or self.state[state][2] < 0
            self._state_row[state] = self.programme.add_row(float(count) if overdrawn else -np.inf, count)
        return self._state_row[state]

    def _row_of_class(self, pm_class: int) -> int:
        if pm_class not in self._class_row:
            count = int(self.pricer.reduction.class_count[pm_class])
            self._class_row[pm_class] = self.programme.add_row(-np.inf, count)
        return self._class_row[pm_class]


def _trace(choice: Ints, size: Ints, pool: Ints, x: Ints, y: Ints) -> Ints:
    """Call `kernels.trace`, which takes contiguous arrays only, with columns of larger ones."""
    return kernels.trace(choice, size, *(np.ascontiguousarray(each) for each in (pool, x, y)))
