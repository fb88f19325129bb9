"""Whole numbers in proportion."""

import numpy as np
from numpy.typing import ArrayLike


def by_largest_remainder(total: int, weights: ArrayLike) -> list[int]:
    """Share ``total`` in proportion to ``weights``: whole quotas first, then one each by the largest remainders.

    Weights are whole numbers from 0; nobody gets anything where all are 0.
    """
    wanted = np.asarray(weights, dtype=np.int64)
    shares, remainders = np.divmod(total * wanted, max(int(wanted.sum()), 1))
    left = total - int(shares.sum()) if wanted.any() else 0
    shares[np.argsort(-remainders, kind="stable")[:left]] += 1
    return [int(share) for share in shares]
