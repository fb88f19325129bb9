"""Bounds that need no linear programme: a handful of price vectors in closed form."""

from solvers.mip.pricing import Evaluation, Pricer, Prices

MIGRATION_PRICES = (1 / 2, 1 / 3, 1 / 4, 2 / 3, 3 / 4, 1.0, 0.0, 3 / 8, 5 / 8)
"""Slots a migration: one half where most slots take two migrations, more where one is enough."""


def static_prices(pricer: Pricer, migration: float, blend: float = 0.0) -> Prices:
    """Price a VM by the whole slots that it covers: nothing below a slot, one for 16 cores, two for 32, ...

    Parameters
    ----------
    migration
        Slots a migration.
    blend
        The share, 0 to 1, of pricing by cores instead: fragments cost something then.
    """
    reduction = pricer.reduction
    single = reduction.worth.covered(reduction.single, reduction.unit, blend)
    double = reduction.worth.covered(reduction.double[: reduction.doubles], reduction.unit, blend)
    return Prices.rounded(-single, -2 * double, migration)


def static_bound(pricer: Pricer) -> Evaluation:
    """Evaluate the static prices and return the best; on the real snapshots its bound already equals the optimum."""
    evaluations = (pricer.evaluate(static_prices(pricer, price)) for price in MIGRATION_PRICES)
    return min(evaluations, key=lambda each: each.bound)
