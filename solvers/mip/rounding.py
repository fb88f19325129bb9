"""From the linear programme to whole patterns: reduced-cost fixing, a dive, then without the dive's floors."""

import numpy as np
from numpy.typing import NDArray

from solvers.deadline import Deadline
from solvers.mip.master import Master, Relaxation
from solvers.mip.pricing import Evaluation
from solvers.mip.programme import Engine

Ints = NDArray[np.int64]

OVERRUN_S = 8e-5
"""Seconds a column by which engines outlast their time limit, measured: HiGHS does not look at it in presolve."""

DIVE_S, FILTER_S = 0.3, 0.6
"""Limits: the dive is quick or useless (it may be infeasible, or stall), and more columns may help more than time."""

DIVE_SHARE = 0.2
"""The share of the time that is left which the last dive may take."""


def round_patterns(
    master: Master, relaxation: Relaxation, best: Evaluation, target: float, engine: Engine, threads: int, seed: int,
    deadline: Deadline, *, thorough: bool,
) -> Ints | None:  # fmt: skip
    """Find whole numbers of patterns worth ``target`` slots, or as many as possible.

    Patterns that are in no solution worth ``target``, by the best prices known, are left out. The dive keeps
    what the linear programme uses in whole numbers; it settles almost all cases.

    Parameters
    ----------
    best
        The dual function at the best prices known.
    target
        What to reach, in slots gained.
    thorough
        Take all the time that is left where the quick attempts do not reach the target.

    Returns
    -------
    int64 [patterns] or None
        How often each pattern is used; None where nothing was found.
    """
    programme = master.programme
    if not master.patterns:
        return None
    keep = np.append(np.zeros(master.slacks, dtype=bool), possible(master, best, target))
    floors = np.zeros(programme.columns, dtype=np.int64)
    floors[master.slacks : master.slacks + len(relaxation.use)] = np.floor(relaxation.use + 1e-6).astype(np.int64)
    floors[~keep] = 0
    found: Ints | None = None
    cost = np.array(programme.cost)
    dive_s, filter_s = DIVE_S, FILTER_S
    if thorough:  # on a busy machine the quick limits are next to nothing
        dive_s, filter_s = max(DIVE_S, DIVE_SHARE * deadline.remaining_s()), deadline.time_limit_s
    overrun_s = OVERRUN_S * int(keep.sum())
    for at_least, limit_s in ((floors, dive_s), (np.zeros_like(floors), filter_s)):
        use = programme.solve_integer(
            keep, at_least, engine, target=target,
            time_limit_s=min(limit_s + overrun_s, deadline.remaining_s(0.15 + overrun_s)),
            threads=threads, seed=seed,
        )  # fmt: skip
        if use is not None and (found is None or cost @ use > cost @ found):
            found = use
        if found is not None and cost @ found >= target - 1e-6:
            break
    return None if found is None else found[master.slacks :]


def possible(master: Master, best: Evaluation, target: float) -> NDArray[np.bool_]:
    """Tell which patterns may be in a solution worth ``target``, by the best prices known: bool [patterns]."""
    return np.asarray(master.losses(best) <= max(0.0, best.bound - target) + 1e-9)
