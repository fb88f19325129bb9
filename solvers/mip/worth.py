"""What free resources are worth: so much for each node alone, and placeholders for slots on both nodes of a PM.

Slots on both nodes couple the two nodes of a PM. They come apart again by a change of words: a *placeholder* is a
double that takes half a slot on each node and holds it free. It belongs to nobody, comes and goes without a migration,
and is worth its slot. A PM holds as many as fit at best, so the value of a PM is that of its placeholders plus what
is free beside them on each node: exactly, if every slot of cores on one node divides half of the slot on both.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from data import Score, SlotRate
from data.cluster import CORES, MEMORY

Floats = NDArray[np.float64]

FINE = 1 << 30
"""Worths are multiples of 1 / FINE, rounded upwards: sums of up to 8 million slots are exact in float64."""


@dataclass(frozen=True)
class Worth:
    """An objective, as node values and placeholders; all worths in slots of its first rate."""

    node: tuple[tuple[SlotRate, float], ...]
    """The rates of slots on one node, and what such a slot is worth."""
    half: int
    """Cores that a placeholder takes on each node; 0 where the objective has no slots on both nodes."""
    placeholder: float
    """What a placeholder is worth, with the slots on one node that it takes."""
    whole: float
    """What a slot on both nodes is worth by itself."""
    step: Fraction
    """What placements are worth in total is a multiple of this."""

    @classmethod
    def of(cls, score: Score) -> "Worth":
        """Rewrite an objective that `expresses` accepts."""
        worth = [math.ceil(each * FINE) / FINE for each in score.exact_coefficients]
        node = tuple((rate, each) for rate, each in zip(score.terms, worth, strict=True) if rate.kind != "double")
        both = [(rate.size // 2, each) for rate, each in zip(score.terms, worth, strict=True) if rate.kind == "double"]
        half, whole = both[0] if both else (0, 0.0)
        taken = sum(each * (half // rate.size) for rate, each in node if rate.kind == "cores")
        common = math.lcm(*(each.denominator for each in score.exact_coefficients))
        step = Fraction(math.gcd(*(int(each * common) for each in score.exact_coefficients)), common)
        return cls(node, half, whole + 2 * taken, whole, step)

    @property
    def core_sizes(self) -> NDArray[np.int64]:
        """Cores on one node that the unit of cores has to divide; 0 counts for nothing."""
        return np.array([self.half, *(rate.size for rate, _ in self.node if rate.kind == "cores")], dtype=np.int64)

    @property
    def memory_sizes(self) -> NDArray[np.int64]:
        """MiB of the memory slots."""
        return np.array([rate.size for rate, _ in self.node if rate.kind == "memory"], dtype=np.int64)

    def covered(self, size: NDArray[np.int64], unit: tuple[int, int], blend: float) -> Floats:
        """Value what VMs of ``size`` [T, 2] units take on a node: whole slots, or shares of slots to ``blend``."""
        taken = size * np.array(unit)
        rates = [(rate.resource, rate.size, worth) for rate, worth in self.node]
        rates += [(CORES, self.half, self.whole / 2)] * (self.half > 0)
        value = np.zeros(len(size))
        for resource, slot, worth in rates:
            shares = taken[:, resource] / slot
            value += worth * ((1 - blend) * np.floor(shares) + blend * shares)
        return value

    def levels(self, most: tuple[int, int], unit: tuple[int, int]) -> Floats:
        """Value a node by its free levels, beside placeholders: float64 [X + 1, Y + 1].

        A level of a rounded memory grid is taken for the most that it can stand for.
        """
        value = np.zeros((most[CORES] + 1, most[MEMORY] + 1))
        for rate, worth in self.node:
            free = np.arange(value.shape[rate.resource]) * unit[rate.resource] + unit[rate.resource] - 1
            slots = worth * (free // rate.size)
            value += slots[:, None] if rate.resource == CORES else slots[None, :]
        return value


def expresses(score: Score) -> bool:
    """Tell whether an objective can be written so: one rate of slots on both nodes, divided by all on one node."""
    halves = [rate.size // 2 for rate in score.terms if rate.kind == "double"]
    single = [rate.size for rate in score.terms if rate.kind == "cores"]
    return not halves or (len(halves) == 1 and all(halves[0] % size == 0 for size in single))
