"""A problem cut into parts: PMs with the VMs on them, each with a share of the migrations."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from data import Cluster, Objective, Plan
from data.part import part
from data.shares import by_largest_remainder
from solvers.contract import Problem


@dataclass(frozen=True)
class Part:
    """A part as a problem of its own, and which PMs and VMs of the whole it has."""

    problem: Problem
    pms: NDArray[np.int64]
    vms: NDArray[np.int64]

    def whole(self, plan: Plan) -> Plan:
        """Return a plan of the part in the numbers of the whole."""
        return Plan.of((self.vms[vm], self.pms[pm], node) for vm, pm, node in plan)


def split(problem: Problem, count: int, rng: np.random.Generator | None) -> list[Part]:
    """Deal the PMs out to ``count`` parts, or as many as there are to deal, whose plans hold together.

    No VM leaves its part, so capacities and groups of hosts hold in the whole as in each part; a limit on what
    migrations cost is dealt out as their number is. Where there are rack
    groups whole racks are dealt out, so that these hold as well. Parts that nothing can be gained in are left out.

    Parameters
    ----------
    problem
        The whole.
    count
        Parts, at least 1.
    rng
        Deals at random, and the migrations in proportion to the VMs that may move, by largest remainder.
        None for the published way: PMs in their order, and floor(MNL / count) migrations for each part.
    """
    cluster, limit = problem.cluster, problem.rules.max_cost
    by_rack = any(group.granularity == "rack" for group in cluster.groups)
    unit = cluster.rack if by_rack else np.arange(cluster.pms)
    units = np.unique(unit[cluster.open])
    if not len(units):
        return []
    hands = np.array_split(units if rng is None else rng.permutation(units), min(count, len(units)))
    home = np.full(cluster.pms, -1)
    for index, hand in enumerate(hands):
        home[np.isin(unit, hand)] = index
    movers = np.bincount(home[cluster.pm[cluster.may_leave]], minlength=len(hands))
    floors = [problem.mnl // len(hands)] * len(hands)
    shares = floors if rng is None else by_largest_remainder(problem.mnl, movers)
    budgets = [None] * len(hands) if limit is None else by_largest_remainder(limit, movers)
    parts = []
    for index, share in enumerate(shares):
        pms = np.flatnonzero(home == index)
        own = part(cluster, pms)
        objective = _objective(problem, own)
        if share and movers[index] and objective is not None:
            vms = np.flatnonzero(home[cluster.pm] == index)
            drain = frozenset(np.flatnonzero(np.isin(pms, list(problem.rules.drain))).tolist())
            rules = replace(problem.rules, max_cost=budgets[index], drain=drain)
            parts.append(Part(Problem(own, share, objective, rules), pms, vms))
    return parts


def _objective(problem: Problem, own: Cluster) -> Objective | None:
    """Weigh the rates of a mix so that their slots are worth in a part what they are worth in the whole.

    None where nothing that counts is free in the part.
    """
    whole, free = (each.free[each.open].sum(axis=(0, 1)).tolist() for each in (problem.cluster, own))
    weights = [rate.weight * Fraction(free[rate.resource], whole[rate.resource]) for rate in problem.score.terms]
    rated = zip(problem.score.terms, weights, strict=True)
    rates = tuple(replace(rate, weight=weight / sum(weights)) for rate, weight in rated if weight)
    return Objective(rates) if rates else None
