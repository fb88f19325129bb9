"""A finer score: whole slots first, then how far the remainders are gathered on few nodes.

Most migrations neither complete nor break a slot. Among them those are of use after which the free cores that form no
slot lie together: of 4 and 12 loose cores rather than 8 and 8, the 12 need 4 more to be a slot, and the 4 are the room
to take them in. The sum of the squared remainders tells the two apart.
"""

import numpy as np
from numpy.typing import NDArray

from data import Score, SlotRate

WEIGHT = 0.1
"""What a remainder of nearly a slot is worth, in slots: a migration changes four nodes at most, so slots come first."""


class Gathering(Score):
    """The objective of a problem, with remainders counted for a little."""

    def pm_slots(self, free: NDArray[np.int64]) -> NDArray[np.float64]:
        """Value each PM in slots: ``free`` [..., 2, R] to float64 [...]."""
        return np.asarray(super().pm_slots(free) + WEIGHT * np.square(self.remainders(free)).sum(axis=-1))

    def remainders(self, free: NDArray[np.int64]) -> NDArray[np.float64]:
        """Tell what each node has beyond whole slots, in slots: ``free`` [..., 2, R] to float64 [..., 2]."""
        parts = zip(self.terms, self.coefficients, strict=True)
        total = sum((coefficient * _beyond(rate, free) for rate, coefficient in parts), np.zeros(free.shape[:-1]))
        return np.asarray(total)


def _beyond(rate: SlotRate, free: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the remainders of one rate; a double's slot lies half on each node, and more than a half helps no more."""
    if rate.kind != "double":
        return np.asarray(free[..., rate.resource] % rate.size / rate.size)
    half = rate.size // 2
    return np.asarray(np.clip(free[..., rate.resource] / half - rate.slots(free)[..., None], 0.0, 1.0) / 2)
