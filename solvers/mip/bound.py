"""Bounds that need no linear programme: a handful of price vectors in closed form."""

from collections.abc import Iterator

import numpy as np

from solvers.mip.pricing import Evaluation, Pricer, Prices

MIGRATION_PRICES = (1 / 2, 1 / 3, 1 / 4, 2 / 3, 3 / 4, 1.0, 0.0, 3 / 8, 5 / 8)
"""Slots a migration: one half where most slots take two migrations, more where one is enough."""

STARTS = tuple(
    (migration, blend, 0.0) for blend in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5) for migration in (1 / 2, 1 / 4, 1.0)
)
"""Starting prices of the columns: migration, blend and discount of `static_prices`."""

PAIRED = tuple(
    (migration, blend, discount)
    for migration in (1 / 7, 1 / 6, 1 / 5, 1 / 4, 1 / 2)
    for blend, discount in ((1.0, 1.0), (0.8, 0.5), (0.6, 0.5), (0.0, 0.0))
)
"""The same where slots on both nodes count, which take four to seven migrations; in placeholders' worths."""


def static_prices(
    pricer: Pricer, migration: float, blend: float = 0.0, discount: float = 0.0, cost: float = 0.0
) -> Prices:
    """Price a VM by the whole slots that it covers: nothing below a slot, one for 16 cores, two for 32, ...

    Parameters
    ----------
    migration
        Slots a migration.
    blend
        The share, 0 to 1, of pricing by cores instead: fragments cost something then.
    discount
        The share of a migration that every VM is cheaper: to use what it covers it has to be moved.
    cost
        Slots a unit of what migrations cost.
    """
    reduction = pricer.reduction
    single = reduction.worth.covered(reduction.single, reduction.unit, blend)
    double = 2 * reduction.worth.covered(reduction.double[: reduction.doubles], reduction.unit, blend)
    off = discount * migration
    return Prices.rounded(-np.maximum(0.0, single - off), -np.maximum(0.0, double - off), migration, cost)


def starting_prices(pricer: Pricer) -> Iterator[Prices]:
    """Yield prices whose best patterns make a good start."""
    worth = pricer.reduction.worth.placeholder
    for migration, blend, discount in PAIRED if worth else STARTS:
        yield static_prices(pricer, migration * (worth or 1.0), blend, discount)
        for cost in _typical_costs(pricer):  # the limit on cost binds, and that on migrations may not
            yield static_prices(pricer, 0.0, blend, discount, migration * (worth or 1.0) / cost)


def static_bound(pricer: Pricer) -> Evaluation:
    """Evaluate static prices and return the best; on the real snapshots its bound on FR already equals the optimum."""
    if pricer.reduction.worth.placeholder or pricer.reduction.cost.any():
        prices = starting_prices(pricer)
    else:
        prices = (static_prices(pricer, migration) for migration in MIGRATION_PRICES)
    return min(map(pricer.evaluate, prices), key=lambda each: each.bound)


def _typical_costs(pricer: Pricer) -> list[float]:
    """Return the least and the middle of what migrating a VM costs, of the kinds that cost anything."""
    cost = np.unique(pricer.reduction.cost[pricer.reduction.cost > 0])
    return sorted({*cost[:1].tolist(), *cost[len(cost) // 2 : len(cost) // 2 + 1].tolist()})
