"""What a plan is judged by: fragment rates, alone or mixed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from data.cluster import CORES, MEMORY, Cluster
from data.errors import InputError


@dataclass(frozen=True)
class SlotRate:
    """The share of a free resource that cannot form a whole slot.

    ``cores``: slots of ``size`` cores on one node (the paper's FR has size 16).
    ``double``: slots of ``size`` cores, half on each node of one PM (FR64 of a two-node VM).
    ``memory``: slots of ``size`` MiB on one node.
    """

    kind: Literal["cores", "double", "memory"]
    size: int
    weight: Fraction = Fraction(1)

    @property
    def resource(self) -> int:
        """The column of the resource axis that this rate counts."""
        return MEMORY if self.kind == "memory" else CORES

    def slots(self, free: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count whole slots of each PM: ``free`` [..., 2, R] to [...]; negative where a node is overdrawn."""
        first, second = free[..., 0, self.resource], free[..., 1, self.resource]  # reducing an axis of two is slow
        if self.kind == "double":
            half = self.size // 2
            return np.asarray(np.minimum(first // half, second // half))
        return np.asarray(first // self.size + second // self.size)

    def __str__(self) -> str:
        weight = "" if self.weight == 1 else f"{np.format_float_positional(float(self.weight), trim='-')}*"
        return f"{weight}{self.kind}{self.size}"


@dataclass(frozen=True)
class Objective:
    """A weighted mix of slot rates; weights sum to 1."""

    rates: tuple[SlotRate, ...] = (SlotRate("cores", 16),)

    def __post_init__(self) -> None:
        for rate in self.rates:
            if rate.size < 1 or (rate.kind == "double" and rate.size % 2):
                raise InputError(f"objective {rate}: a slot is a positive number, and even for a double; change it.")
        if not self.rates or sum(rate.weight for rate in self.rates) != 1 or any(r.weight <= 0 for r in self.rates):
            raise InputError(
                f"objective {self}: weights must be positive and sum to 1, as in 0.5*cores16+0.5*double64."
            )

    @classmethod
    def parse(cls, text: str) -> "Objective":
        """Read ``cores16``, ``double64``, ``memory32768`` or a mix such as ``0.5*cores16+0.5*double64``."""
        rates = []
        for part in text.split("+"):
            match = re.fullmatch(r"\s*(?:(\d*\.?\d+)\s*\*\s*)?(cores|double|memory)(\d{1,12})\s*", part)
            if match is None:
                raise InputError(
                    f"objective {part.strip()!r}: not understood; write cores16, double64, memory32768 (MiB), "
                    "or a mix such as 0.5*cores16+0.5*double64."
                )
            weight, kind, size = match.groups()
            rates.append(SlotRate(kind, int(size), Fraction(weight or "1")))  # type: ignore[arg-type]
        return cls(tuple(rates))

    def __str__(self) -> str:
        return "+".join(map(str, self.rates))


class Score:
    """An objective bound to a cluster.

    What a migration changes is counted in *slots*: for one rate its whole slots, exact in float64; for a mix the
    slots of its first rate that are worth as much. The rate is linear in it: ``rate = rate_at_zero - slots * quantum``.
    Free resources of all open PMs never change under migration, so neither do the two constants.
    """

    def __init__(self, cluster: Cluster, objective: Objective) -> None:
        self.cluster = cluster
        self.objective = objective
        total = cluster.free[cluster.open].sum(axis=(0, 1))
        self._terms = [rate for rate in objective.rates if total[rate.resource] > 0]
        quanta = [rate.weight * rate.size / int(total[rate.resource]) for rate in self._terms]
        self.quantum = float(quanta[0]) if quanta else 0.0
        """FR of one slot: 16 / F for the paper's objective; 0 where nothing is free."""
        self.exact_coefficients = [quantum / quanta[0] for quantum in quanta]
        """Worth of a slot of each counted rate, in slots of the first."""
        self.coefficients = [float(coefficient) for coefficient in self.exact_coefficients]
        """The same in float64."""
        self.rate_at_zero = float(sum(rate.weight for rate in self._terms))

    @property
    def terms(self) -> list[SlotRate]:
        """The rates that count here: those of which some resource is free."""
        return self._terms

    def pm_slots(self, free: NDArray[np.int64]) -> NDArray[np.float64]:
        """Value each PM in slots: ``free`` [..., 2, R] to float64 [...]."""
        value = np.zeros(free.shape[:-2])
        for rate, coefficient in zip(self._terms, self.coefficients, strict=True):
            value += coefficient * rate.slots(free)
        return value

    def one_pm_slots(self, free: Sequence[Sequence[int]]) -> float:
        """Value one PM in slots from plain integers [2][R], ten times as fast as `pm_slots` for a single PM."""
        value = 0.0
        for rate, coefficient in zip(self._terms, self.coefficients, strict=True):
            one, other = free[0][rate.resource], free[1][rate.resource]
            if rate.kind == "double":
                value += coefficient * min(one // (rate.size // 2), other // (rate.size // 2))
            else:
                value += coefficient * (one // rate.size + other // rate.size)
        return value

    def slots(self, free: NDArray[np.int64]) -> float:
        """Sum the slots of the open PMs: ``free`` [P, 2, R]."""
        return float(self.pm_slots(free)[self.cluster.open].sum())

    def rate(self, free: NDArray[np.int64]) -> float:
        """Compute the fragment rate of a placement: ``free`` [P, 2, R] to [0, 1]."""
        return self.rate_of(self.slots(free))

    def rate_of(self, slots: float) -> float:
        """Convert slots to the rate."""
        return max(0.0, self.rate_at_zero - slots * self.quantum)

    def slots_of(self, rate: float) -> float:
        """Convert a rate to slots; 0 where nothing is free."""
        return (self.rate_at_zero - rate) / self.quantum if self.quantum else 0.0
