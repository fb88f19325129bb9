"""The restricted master problem: which patterns how often.

Columns
    a *node pattern* lets singles leave a node and others in, and ends with nothing overdrawn;
    a *PM pattern* lets doubles leave a PM and others in, which turns its two node states into others.
Rows
    limit: no more departures than the MNL;
    balance: of every kind as many VMs arrive as leave;
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

PENALTY = 20.0
"""Slots that an unbalanced VM costs while columns are missing; an 88-core VM frees 4, so 3 would let the LP cheat."""

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
    """PM patterns: the states (consumed, made) of both nodes."""


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The linear programme's solution over the columns so far."""

    value: float
    """Slots gained."""
    prices: Prices
    use: Floats
    """[patterns], how often each is used."""
    row_price: Floats
    """[rows]."""


class Master:
    """The patterns found so far and the programme over them."""

    def __init__(self, pricer: Pricer) -> None:
        reduction = pricer.reduction
        self.pricer = pricer
        self.programme = Programme()
        self.patterns: list[Pattern] = []
        self.state: list[tuple[int, ...]] = [tuple(row) for row in reduction.state.tolist()]
        self._state_index = {row: index for index, row in enumerate(self.state)}
        self._known: set[bytes] = set()
        self._state_row: dict[int, int] = {}
        self._class_row: dict[int, int] = {}
        self.programme.add_row(-np.inf, reduction.problem.mnl)
        for _ in range(reduction.kinds):
            self.programme.add_row(0.0, 0.0)
        self.slacks = 2 * reduction.kinds
        row = np.repeat(np.arange(1, reduction.kinds + 1), 2)
        self.programme.add_columns(
            [-PENALTY] * self.slacks, row, np.arange(self.slacks), np.tile([1.0, -1.0], reduction.kinds)
        )

    def solve(self, time_limit_s: float) -> Relaxation | None:
        """Solve the linear programme over the patterns so far; None where it did not finish in time."""
        solution = self.programme.solve(time_limit_s)
        if solution is None:
            return None
        singles, kinds = len(self.pricer.reduction.single), self.pricer.reduction.kinds
        price = solution.row_price[1 : kinds + 1]
        prices = Prices.rounded(price[:singles], price[singles:], float(solution.row_price[0]))
        return Relaxation(solution.value, prices, solution.use[self.slacks :], solution.row_price)

    def add_best(self, evaluation: Evaluation) -> int:
        """Add the best pattern of every class and every state that gains at these prices; return how many were new."""
        pricer, reduction = self.pricer, self.pricer.reduction
        gain, _ = self._best(evaluation, reduction.state)
        states = np.flatnonzero(gain > WORTHWHILE)
        classes = np.flatnonzero(evaluation.class_gain > WORTHWHILE)
        how = evaluation.class_how[classes]
        pool = reduction.state[reduction.class_states[classes, 0], 3]
        leaving = pricer.doubles.counts[how[:, 0]].astype(np.int64)
        arriving = kernels.trace(evaluation.filling_choice, reduction.double, pool, how[:, 1], how[:, 2])
        changed = (leaving != arriving).any(axis=1)
        classes, leaving, arriving = classes[changed], leaving[changed], arriving[changed]
        shift = (leaving - arriving) @ reduction.double
        made = reduction.state[reduction.class_states[classes]].copy()  # [n, 2 sides, 4]
        made[:, :, 1:3] += shift[:, None]
        made_index = [[self._index(tuple(row)) for row in pair] for pair in made.tolist()]
        wanted = [*states.tolist(), *(state for pair in made_index for state in pair)]
        batch = _Batch(self)
        self._node_patterns(evaluation, list(dict.fromkeys(wanted)), batch)
        self._pm_patterns(classes, leaving, arriving, made_index, batch)
        return batch.flush()

    def _best(self, evaluation: Evaluation, states: Ints) -> tuple[Floats, Ints]:
        pricer = self.pricer
        return kernels.best_of_states(
            states, pricer.singles.start, pricer.singles.used, evaluation.worth, evaluation.arrival, pricer.value
        )

    def _node_patterns(self, evaluation: Evaluation, wanted: list[int], batch: "_Batch") -> None:
        """Add the best pattern of each wanted state."""
        pricer, reduction = self.pricer, self.pricer.reduction
        if not wanted:
            return
        rows = np.array([self.state[state] for state in wanted])
        _, pick = self._best(evaluation, rows)
        possible = pick >= 0
        rows, pick, states = rows[possible], pick[possible], np.array(wanted)[possible]
        leaving = pricer.singles.counts[pick].astype(np.int64)
        room = rows[:, 1:3] + pricer.singles.used[pick]
        arriving = kernels.trace(evaluation.arrival_choice, reduction.single, rows[:, 3], room[:, 0], room[:, 1])
        both = np.minimum(leaving, arriving)  # a VM out and its like in: the same node with fewer migrations
        leaving, arriving = leaving - both, arriving - both
        final = rows[:, 1:3] + (leaving - arriving) @ reduction.single
        before = self._slots(rows[:, 1:3])
        gain = self._slots(final) - before
        empty = np.zeros((len(states), len(reduction.double)), dtype=np.int64)
        for index in np.flatnonzero((leaving + arriving).any(axis=1)).tolist():
            pattern = Pattern(
                np.append(leaving[index], empty[index]), np.append(arriving[index], empty[index]),
                int(states[index]), -1, (),
            )  # fmt: skip
            batch.add(pattern, float(gain[index]), [(self._row_of_state(int(states[index])), 1.0)])

    def _pm_patterns(
        self, classes: Ints, leaving: Ints, arriving: Ints, made: list[list[int]], batch: "_Batch"
    ) -> None:
        """Add what the doubles of each class do."""
        reduction = self.pricer.reduction
        none = np.zeros(len(reduction.single), dtype=np.int64)
        for index, pm_class in enumerate(classes.tolist()):
            consumed = reduction.class_states[pm_class].tolist()
            swaps = tuple(zip(consumed, made[index], strict=True))
            free = np.array([self.state[state][1:3] for pair in swaps for state in pair])
            slots = self._slots(free)
            entries = [(self._row_of_class(pm_class), 1.0)]
            for state, result in swaps:
                entries += [(self._row_of_state(state), 1.0), (self._row_of_state(result), -1.0)]
            pattern = Pattern(np.append(none, leaving[index]), np.append(none, arriving[index]), -1, pm_class, swaps)
            batch.add(pattern, float(slots[1] + slots[3] - slots[0] - slots[2]), entries)

    def _slots(self, free: Ints) -> Floats:
        """Return the slots of nodes [n, 2]; overdrawn nodes count 0, as in pricing."""
        valid = (free >= 0).all(axis=1)
        return np.where(valid, np.maximum(free[:, 0], 0) // self.pricer.reduction.slot, 0).astype(np.float64)

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


class _Batch:
    """Columns on their way into the programme."""

    def __init__(self, master: Master) -> None:
        self._master = master
        self._cost: list[float] = []
        self._entries: list[tuple[int, int, float]] = []

    def add(self, pattern: Pattern, gain: float, entries: list[tuple[int, float]]) -> None:
        """Take a pattern that is not known yet."""
        master = self._master
        key = np.concatenate([[pattern.state, pattern.pm_class], pattern.leaving, pattern.arriving]).tobytes()
        if key in master._known:  # noqa: SLF001 - part of Master
            return
        master._known.add(key)  # noqa: SLF001
        column = master.programme.columns + len(self._cost)
        totals: dict[int, float] = {}
        for row, coefficient in entries:
            totals[row] = totals.get(row, 0.0) + coefficient
        departures = int(pattern.leaving.sum())
        if departures:
            totals[0] = float(departures)
        net = pattern.arriving - pattern.leaving
        for kind in np.flatnonzero(net).tolist():
            totals[1 + kind] = float(net[kind])
        self._entries += [(row, column, value) for row, value in totals.items() if value]
        self._cost.append(gain)
        master.patterns.append(pattern)

    def flush(self) -> int:
        """Hand all columns to the programme; return how many."""
        if self._cost:
            row, column, value = zip(*self._entries, strict=True)
            self._master.programme.add_columns(self._cost, np.array(row), np.array(column), np.array(value))
        return len(self._cost)
