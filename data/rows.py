"""Distinct rows of integer tables."""

import numpy as np
from numpy.typing import NDArray


def distinct_rows(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Return the distinct rows [k, c], sorted, and the index of each row among them [n].

    Columns are packed into one integer key, which sorts ten times as fast as rows do.
    """
    if not rows.shape[1] or not len(rows):
        return rows[:1], np.zeros(len(rows), dtype=np.intp)
    key, size = np.zeros(len(rows), dtype=np.int64), 1
    for column in rows.T.astype(np.int64):
        low, span = int(column.min()), int(column.max() - column.min()) + 1
        if size > (1 << 62) // span:  # too many digits: number what is there and go on
            found, key = np.unique(key, return_inverse=True)
            size = len(found)
        key = key * span + (column - low)
        size *= span
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return rows[first], inverse.reshape(-1)
