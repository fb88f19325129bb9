"""A problem cut into parts: PMs with the VMs on them, each with a share of the migrations."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from data import Cluster, Objective, Plan
from data.part import part
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
    """Deal the open PMs out to ``count`` parts, or as many as there are PMs, whose plans hold together.

    No VM leaves its part, so capacities and groups of hosts hold as they do in each part. Only a rack may lie in
    several parts: where a rack group has members in more than one, its VMs are pinned.

    Parameters
    ----------
    problem
        The whole.
    count
        Parts, at least 1.
    rng
        Deals PMs out at random, and the migrations in proportion to the VMs that may move, by largest remainder.
        None for the published way: PMs in their order, and floor(MNL / count) migrations for each part.
    """
    pms = np.flatnonzero(problem.cluster.open)
    count = min(count, len(pms))
    if not count:
        return []
    hands = [np.sort(hand) for hand in np.array_split(pms if rng is None else rng.permutation(pms), count)]
    home = np.full(problem.cluster.pms, -1)
    for index, hand in enumerate(hands):
        home[hand] = index
    cluster = _pin_rack_groups(problem.cluster, home)
    movers = np.bincount(home[cluster.pm[cluster.may_leave]], minlength=count)
    shares = [problem.mnl // count] * count if rng is None else by_largest_remainder(problem.mnl, movers)
    parts = []
    for index, (hand, share) in enumerate(zip(hands, shares, strict=True)):
        own = part(cluster, hand)
        objective = _objective(problem, own)
        if share and movers[index] and objective is not None:
            vms = np.flatnonzero(home[cluster.pm] == index)
            parts.append(Part(Problem(own, share, objective, problem.rules), hand, vms))
    return parts


def by_largest_remainder(total: int, weights: NDArray[np.int64]) -> list[int]:
    """Share ``total`` in proportion to ``weights``: whole quotas first, then one each by the largest remainders."""
    shares, remainders = np.divmod(total * weights, max(int(weights.sum()), 1))
    left = total - int(shares.sum()) if weights.any() else 0
    shares[np.argsort(-remainders, kind="stable")[:left]] += 1
    return [int(share) for share in shares]


def _pin_rack_groups(cluster: Cluster, home: NDArray[np.int64]) -> Cluster:
    """Pin the VMs of rack groups that have members in several parts; ``home`` [P] is the part of each PM."""
    movable = cluster.movable.copy()
    for group in cluster.groups:
        vms = list(group.vms)
        if group.granularity == "rack" and len(set(home[cluster.pm[vms]].tolist())) > 1:
            movable[vms] = False
    return replace(cluster, movable=movable)


def _objective(problem: Problem, own: Cluster) -> Objective | None:
    """Weigh the rates of a mix so that their slots are worth in a part what they are worth in the whole.

    None where nothing that counts is free in the part.
    """
    whole, free = (each.free[each.open].sum(axis=(0, 1)).tolist() for each in (problem.cluster, own))
    weights = [rate.weight * Fraction(free[rate.resource], whole[rate.resource]) for rate in problem.score.terms]
    rated = zip(problem.score.terms, weights, strict=True)
    rates = tuple(replace(rate, weight=weight / sum(weights)) for rate, weight in rated if weight)
    return Objective(rates) if rates else None
