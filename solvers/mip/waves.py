"""Which patterns can be carried out in few waves: the linear programme once more, with an order in it.

The programme of `master` looks at where VMs end up, so its patterns may wait for each other in circles. Here the plan
has W waves. A pattern that waits, one of whose arrivals finds no room before something leaves, is used *at* a wave: its
departures happen by then, and the arrivals that wait become possible in the next wave. All other arrivals are possible
from the first wave on, and what nobody waits for may leave in the last. So of every kind and in every wave

    departures that must have happened by then  <=  arrivals that are possible by then,

which are W balance rows in place of one. VMs on PMs that are to be emptied leave by the last wave, since nobody waits
for them, and what migrations cost has its row as ever. Whole numbers of patterns that keep them are a plan that can be
carried out, a wave at a time. Fractional ones say which patterns are worth trying: whole numbers over these can nearly
always be put in order, though the integer programme over the waves itself is far too hard. More waves allow more, at a
price: with two the value is that of chains of two migrations, with a dozen it is near that of the programme without any
order.
"""

import numpy as np
from numpy.typing import NDArray

from solvers.mip import kernels
from solvers.mip.master import Master
from solvers.mip.pricing import Ints, Prices
from solvers.mip.programme import Programme


def promising(
    master: Master, keep: NDArray[np.bool_], prices: Prices, waves: int, time_limit_s: float
) -> tuple[NDArray[np.bool_], float] | None:
    """Find the patterns that the best plan in so many waves uses, fractions allowed.

    Parameters
    ----------
    master
        The patterns; column generation has converged.
    keep
        bool [patterns], those to choose from.
    prices
        What VMs are worth: where not all arrivals have room, the dear ones come first.
    waves
        2 or more.

    Returns
    -------
    used : bool [patterns]
    value : float
        Slots gained. None where the time was not enough.
    """
    chosen = np.flatnonzero(keep)
    late = _late(master, chosen, prices)
    waits = late.any(axis=1)
    at = np.concatenate([np.repeat(np.flatnonzero(waits), waves - 1), np.flatnonzero(~waits)])
    wave = np.concatenate([np.tile(np.arange(waves - 1), waits.sum()), np.full((~waits).sum(), waves - 1)])
    programme = _programme(master, chosen, late, at, wave, waves)
    solution = programme.solve(time_limit_s)
    if solution is None:
        return None
    used = np.zeros(len(keep), dtype=bool)
    used[chosen[at[solution.use > 1e-9]]] = True
    return used, solution.value


def _late(master: Master, chosen: Ints, prices: Prices) -> Ints:
    """Count the arrivals of some patterns that have to wait: int64 [n, T1 + T2]."""
    reduction = master.pricer.reduction
    singles, doubles = len(reduction.single), reduction.doubles
    free = np.zeros((len(chosen), 2, 2), dtype=np.int64)
    arriving = np.zeros((len(chosen), 2, singles), dtype=np.int64)
    both = np.zeros((len(chosen), doubles), dtype=np.int64)
    held = reduction.class_doubles[:, doubles:] @ reduction.double[doubles:]  # nothing that a VM could not take
    for index, pattern in enumerate(master.patterns[each] for each in chosen.tolist()):
        if pattern.pm_class < 0:
            free[index, 0] = reduction.state[pattern.state, 1:3]
        else:
            free[index] = reduction.state[reduction.class_states[pattern.pm_class], 1:3] + held[pattern.pm_class]
            both[index] = pattern.arriving[singles:]
        arriving[index, : len(pattern.singles)] = pattern.singles[:, 1]
    order = np.argsort(np.append(prices.single, prices.double), kind="stable")
    return kernels.late_arrivals(free, arriving, both, reduction.single, reduction.double, order)


def _programme(master: Master, chosen: Ints, late: Ints, at: Ints, wave: Ints, waves: int) -> Programme:
    """Build the programme: column i is pattern ``chosen[at[i]]`` used at ``wave[i]``."""
    kinds, source = master.pricer.reduction.kinds, master.programme
    leaving = np.array([master.patterns[each].leaving for each in chosen.tolist()]).reshape(-1, kinds)
    arriving = np.array([master.patterns[each].arriving for each in chosen.tolist()]).reshape(-1, kinds)
    programme = Programme()
    programme.add_row(-np.inf, source.high[0])
    for supply in [0] * ((waves - 1) * kinds) + master.pricer.reduction.supply.tolist():
        programme.add_row(float(supply), np.inf)
    departures = leaving.sum(axis=1)[at]
    some = np.flatnonzero(departures)
    entries = [(np.zeros(len(some), dtype=np.int64), some, departures[some])]
    for each in range(waves):
        net = (arriving - late)[at] - leaving[at] * (wave <= each)[:, None] + late[at] * (wave < each)[:, None]
        column, kind = np.nonzero(net)
        entries.append((1 + each * kinds + kind, column, net[column, kind]))
    for high in source.high[1 + kinds :]:
        programme.add_row(-np.inf, high)
    own_row, own_column, amount = source.matrix()
    own = (own_row > kinds) & (own_column >= master.slacks)
    own_row, own_pattern, amount = own_row[own] - 1 - kinds, own_column[own] - master.slacks, amount[own]
    for each in range(waves):
        column_of = np.full(len(master.patterns), -1)
        column_of[chosen[at[wave == each]]] = np.flatnonzero(wave == each)
        here = column_of[own_pattern] >= 0
        entries.append((1 + waves * kinds + own_row[here], column_of[own_pattern[here]], amount[here]))
    row, column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
    cost = np.array(source.cost)[master.slacks + chosen[at]].tolist()
    programme.add_columns(cost, [np.inf] * len(at), row, column, value.astype(np.float64))
    return programme
