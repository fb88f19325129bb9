"""Grouping the migrations of a plan into waves that may run all at once."""

from data.cluster import Cluster, Rules
from data.placement import Placement
from data.plan import Migration, Plan


def assign_waves(cluster: Cluster, plan: Plan, rules: Rules = Rules()) -> tuple[int, ...]:
    """Cut a valid plan into the fewest consecutive waves that keep its order.

    Migrations of one wave are independent: they fit in any order, also all at once, with every VM counted at its
    source and at its destination. Cutting as late as possible is optimal for consecutive waves, since a part of an
    independent set is independent.

    Returns
    -------
    tuple of int
        The wave of each migration, from 0, never falling.
    """
    arrivals = Placement(cluster, rules)  # source and destination both occupied: departures of a wave free nothing
    waves: list[int] = []
    members: list[Migration] = []
    for migration in plan:
        if not _joins(arrivals, members, migration):
            _settle(arrivals, members)
            members = []
            waves.append(waves[-1] + 1)
        else:
            waves.append(waves[-1] if waves else 0)
        _occupy(arrivals, migration, -1)
        members.append(migration)
    return tuple(waves)


def _joins(arrivals: Placement, members: list[Migration], migration: Migration) -> bool:
    """Tell whether a migration is independent of those already in the wave."""
    if any(migration.vm == other.vm for other in members) or not arrivals.is_legal(migration):
        return False
    grouped = arrivals.cluster.grouped[migration.vm]
    return not (grouped and any(_meet(arrivals, migration, other) for other in members))


def _meet(placement: Placement, one: Migration, other: Migration) -> bool:
    """Tell whether two arrivals of a wave are fellows of a group that come to share its domain."""
    cluster = placement.cluster
    shared = set(cluster.groups_of.get(one.vm, ())) & set(cluster.groups_of.get(other.vm, ()))
    for index in shared:
        domain = cluster.rack if cluster.groups[index].granularity == "rack" else range(cluster.pms)
        homes = {domain[placement.pm[one.vm]], domain[placement.pm[other.vm]]}
        if domain[one.pm] == domain[other.pm] and homes != {domain[one.pm]}:
            return True
    return False


def _occupy(placement: Placement, migration: Migration, sign: int) -> None:
    vm, pm, node = migration
    nodes = slice(None) if placement.cluster.double[vm] else node
    placement.free[pm, nodes] += sign * placement.cluster.demand[vm]


def _settle(placement: Placement, members: list[Migration]) -> None:
    """End the wave: give back the double counting, then carry the migrations out."""
    for migration in members:
        _occupy(placement, migration, 1)
        placement.apply(migration)
