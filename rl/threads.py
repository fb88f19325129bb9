"""Threads that share the rows of a batch; compiled code lets go of the interpreter, so that they run side by side."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

LEAST = 8
"""Rows that are worth a thread."""


class Threads:
    """At most so many threads, the caller among them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._others = ThreadPoolExecutor(count - 1) if count > 1 else None

    def share(self, work: Callable[..., T], *columns: Any) -> list[T]:
        """Do ``work`` on successive parts of some columns [n]; return what it found, in order."""
        parts = min(self.count, len(columns[0]) // LEAST)
        if self._others is None or parts < 2:
            return [work(*columns)]
        cuts = np.linspace(0, len(columns[0]), parts + 1).astype(int).tolist()
        first, *rest = [[each[start:end] for each in columns] for start, end in pairwise(cuts)]
        begun = [self._others.submit(work, *part) for part in rest]
        return [work(*first), *(each.result() for each in begun)]
