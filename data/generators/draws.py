"""Random draws that are the same on every machine and with every numpy."""

import numpy as np
from numpy.typing import NDArray

ENTROPY = 20250330
"""The one constant from which every built-in cluster grows; changing it changes them all."""


class Draws:
    """A stream of draws of its own for each key.

    numpy guarantees the raw stream of PCG64 and the hash of SeedSequence for ever, but not what ``Generator`` makes of
    them; so permutations and integers are made here, of raw 64-bit words.

    Parameters
    ----------
    key
        Integers from 0 to 2**32 - 1; different keys of one length give independent streams.
    """

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(ENTROPY, spawn_key=key))

    def words(self, count: int) -> NDArray[np.uint64]:
        """Draw raw words: uint64 [count]."""
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64)

    def shuffle(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """Put items in random order: [N] to [N]."""
        return items[np.argsort(self.words(len(items)), kind="stable")]

    def fraction(self) -> float:
        """Draw a number from [0, 1) with all 53 bits of a double."""
        return (int(self.words(1)[0]) >> 11) / 2**53


def pick(items: NDArray[np.intp], word: int) -> int:
    """Choose one item at random by one raw word; the bias is below len / 2**64."""
    return int(items[(len(items) * word) >> 64])
