"""The dual function by enumeration of what a PM may hold in the end, and tiny problems with slots of cores."""

from dataclasses import replace
from functools import cache
from itertools import islice

import numpy as np
from hypothesis import strategies as st

from data import Objective, Rules, SlotRate
from data.cluster import CORES
from solvers import Deadline, Problem
from solvers.incumbents import Incumbents
from solvers.mip.bound import static_bound
from solvers.mip.master import Master
from solvers.mip.pricing import Pricer, Prices
from solvers.mip.reduction import reduce_problem
from solvers.toys import crowd
from tests.solvers.brute_force import best_final
from tests.solvers.tiny import random_tiny
from tests.strategies import clusters


def cores_problem(seed):
    """Draw a tiny problem with every constraint for slots of cores; in every third VMs keep to their cluster."""
    slot = int(np.random.default_rng(seed).choice([4, 5, 8]))
    rules = Rules(stay_in_cluster=seed % 3 == 0)
    problem = random_tiny(seed)
    rules = replace(rules, max_cost=problem.rules.max_cost)
    return replace(problem, objective=Objective((SlotRate("cores", slot),)), rules=rules)


def gainful_problems(count):
    """Return the first of these problems in which the bound leaves something to gain."""
    found = map(cores_problem, range(10 * count))
    chosen = (each for each in found if static_bound(Pricer(reduce_problem(each))).bound >= 1)
    return list(islice(chosen, count))


def emptying_problem(costs):
    """Take a dozen PMs, one of which is to be emptied; what migrations cost is drawn, and few more can be paid."""
    cluster, rng = crowd(12), np.random.default_rng(0)
    cost = rng.choice(costs, size=cluster.vms)
    pm = int(np.bincount(cluster.pm).argmin())
    there = cluster.pm == pm
    rules = Rules(drain=frozenset({pm}), max_cost=int(cost[there].sum() + 8 * cost.min()))
    return Problem(replace(cluster, migration_cost=cost), int(there.sum()) + 8, rules=rules)


@st.composite
def cores_problems(draw):
    """Draw a problem small enough to try all final placements."""
    cluster = draw(clusters(max_pms=3, max_vms=5))
    slot = draw(st.sampled_from([3, 8, 16]))
    rules = Rules(stay_in_cluster=draw(st.booleans()), max_cost=draw(st.none() | st.integers(0, 8)))
    return Problem(cluster, draw(st.integers(0, 3)), Objective((SlotRate("cores", slot),)), rules)


def draw_prices(reduction, values, migration):
    """Spread some numbers over all kinds, again from the first where there are too few."""
    price = np.resize(np.array(values, dtype=float), reduction.kinds)
    singles = len(reduction.single)
    return Prices.rounded(price[:singles], price[singles:], migration, cost=abs(values[0]) / 4)


def most_slots_gained(problem):
    """Return what the best final placement within the MNL gains: no order, but all other constraints."""
    slots = problem.score.slots_of(float(best_final(problem)))
    return round(slots - problem.score.slots(problem.cluster.free))


def dual_by_enumeration(reduction, prices):
    """Add what the limits are worth to what each open PM gains at best, over all that it may hold in the end."""
    cluster = reduction.problem.cluster
    price = np.append(prices.single, prices.double).tolist()
    total = prices.migration * reduction.problem.mnl + prices.cost * reduction.budget
    fees = [prices.migration + prices.cost * cost for cost in reduction.cost.tolist()]
    for pm in np.flatnonzero(cluster.open).tolist():
        total += _pm_value(reduction, pm, price, fees)
    return total


def _pm_value(reduction, pm, price, fees):
    problem, cluster, singles = reduction.problem, reduction.problem.cluster, len(reduction.single)
    slot = problem.objective.rates[0].size if problem.score.terms else 10**9
    movable = np.flatnonzero((cluster.pm == pm) & (reduction.kind >= 0))
    room = cluster.free[pm].copy()
    for vm in movable:
        room[slice(None) if cluster.double[vm] else cluster.node[vm]] += cluster.demand[vm]
    kinds = {}
    for vm in np.flatnonzero(reduction.kind >= 0).tolist():
        if not problem.rules.stay_in_cluster or cluster.pool[cluster.pm[vm]] == cluster.pool[pm]:
            kinds[int(reduction.kind[vm])] = cluster.demand[vm].tolist()
    of_node = [movable[~cluster.double[movable] & (cluster.node[movable] == node)] for node in (0, 1)]
    held = [np.bincount(reduction.kind[vms], minlength=reduction.kinds) for vms in of_node]
    doubles = np.bincount(reduction.kind[movable[cluster.double[movable]]], minlength=reduction.kinds)

    def change(kind, before, after):
        return price[kind] * (before - after) - fees[kind] * max(0, before - after)

    @cache
    def node_best(node, chosen, cores, memory):
        """Choose how many of each single kind the node holds in the end, kind by kind."""
        if chosen == singles:
            return cores // slot
        if chosen not in kinds:
            return node_best(node, chosen + 1, cores, memory)
        u, m = kinds[chosen]
        most = min(cores // u if u else memory, memory // m if m else cores)
        return max(
            change(chosen, int(held[node][chosen]), n) + node_best(node, chosen + 1, cores - n * u, memory - n * m)
            for n in range(most + 1)
        )

    def pm_best(chosen, nodes):
        """Choose how many of each double kind the PM holds in the end, then what each node holds beside them."""
        if chosen == reduction.kinds:
            return sum(node_best(node, 0, *nodes[node]) for node in (0, 1))
        best, n, left = -np.inf, 0, nodes
        while min(map(min, left)) >= 0:
            best = max(best, change(chosen, int(doubles[chosen]), n) + pm_best(chosen + 1, left))
            if chosen not in kinds:
                break
            n, left = (
                n + 1,
                tuple(tuple(have - want for have, want in zip(node, kinds[chosen], strict=True)) for node in left),
            )
        return best

    return pm_best(singles, tuple(map(tuple, room.tolist()))) - (cluster.free[pm, :, CORES] // slot).sum()


def converge(problem):
    """Generate columns until none helps; return the master, its last relaxation and the dual function there."""
    pricer = Pricer(reduce_problem(problem))
    centre = static_bound(pricer)
    master = Master(pricer, centre.prices)
    master.add_best(centre)
    for _ in range(500):
        relaxation = master.solve(10.0)
        evaluation = pricer.evaluate(relaxation.prices)
        if master.add_best(evaluation) == 0:
            if not relaxation.boxed:
                return master, relaxation, evaluation
            master.recentre(evaluation.prices, widen=2.0)
    raise AssertionError("columns do not converge")


def begin(problem, limit_s=10.0):
    """Return the incumbents and the deadline of a fresh run."""
    deadline = Deadline(limit_s)
    return Incumbents(problem, deadline), deadline
