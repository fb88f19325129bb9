"""Alpha-VBPP: take the worst VMs out in stages and pack them anew."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data import Placement
from data.cluster import CORES
from solvers.contract import Problem, Solution
from solvers.deadline import Deadline
from solvers.incumbents import Incumbents
from solvers.order import order
from solvers.params import param

RESERVE_S = 0.1
"""Seconds kept for ordering what the stages decided."""


@dataclass(frozen=True)
class VbppParams:
    """Parameters of alpha-VBPP."""

    alpha: int = param(10, "VMs taken out in one stage; the published setting is 10", low=1)


class Vbpp:
    """Vector bin packing in MNL / alpha stages (baseline of Ding et al., EuroSys '25).

    Each stage takes out, one after another, the alpha VMs whose departure lowers fragments most, then treats them as
    arrivals, largest first: each goes where it gains most slots and, among equals, where the least is left free
    (the norm-based greedy of Panigrahy et al., "Heuristics for vector bin packing", 2011). The stages decide a target;
    its order is found by `solvers.order`. All constraints and objectives hold; a group member that is taken out still
    counts at its old place until it has a new one.
    """

    name = "vbpp"
    Params = VbppParams

    def __init__(self, params: VbppParams = VbppParams()) -> None:
        self.params = params

    def prepare(self) -> None:
        """Nothing to prepare."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:  # noqa: ARG002 - deterministic
        """Return the plan that leads to the last stage that was finished in time."""
        best = Incumbents(problem, deadline)
        placement = problem.placement()
        budget = problem.mnl
        while budget > 0 and _stage(problem, placement, min(self.params.alpha, budget), deadline):
            budget -= self.params.alpha
        plan = order(problem, placement.pm, placement.node, deadline)
        best.offer(plan, problem.score.slots(problem.placement().apply_plan(plan).free))
        return best.solution()


def _stage(problem: Problem, placement: Placement, alpha: int, deadline: Deadline) -> bool:
    """Repack ``alpha`` VMs; return False, and leave all as it was, where one finds no room or the time ends."""
    before = placement.copy()
    arrivals = _take_out(problem, placement, alpha, deadline)
    cluster = problem.cluster
    for vm in sorted(arrivals, key=lambda vm: tuple(-cluster.demand[vm] * (1 + cluster.double[vm]))):
        gains = _entry_gains(problem, placement, vm)
        if not np.isfinite(gains).any() or deadline.expired(RESERVE_S):
            placement.free, placement.pm, placement.node = before.free, before.pm, before.node
            placement.spent = before.spent
            return False
        pm, node = divmod(int(gains.argmax()), 2)
        placement.free[pm, _nodes(problem, vm, node)] -= cluster.demand[vm]
        placement.pm[vm], placement.node[vm] = pm, node
    return bool(arrivals)


def _take_out(problem: Problem, placement: Placement, alpha: int, deadline: Deadline) -> list[int]:
    """Free what the ``alpha`` worst VMs use, one after another, and return them."""
    cluster, score = problem.cluster, problem.score
    slot = problem.objective.rates[0].size if problem.objective.rates[0].resource == CORES else 16
    cores = cluster.demand[:, CORES] * np.where(cluster.double, 2, 1)
    occupied = np.zeros((cluster.vms, 2, cluster.demand.shape[1]), dtype=np.int64)
    occupied[np.arange(cluster.vms), placement.node] = cluster.demand
    occupied[cluster.double, 1] = cluster.demand[cluster.double]
    candidates = cluster.may_leave.copy()
    taken: list[int] = []
    while len(taken) < alpha and candidates.any() and not deadline.expired(RESERVE_S):
        free = placement.free[placement.pm]
        relief = score.pm_slots(free + occupied) - score.pm_slots(free) - cores / slot  # fragments, in slots
        candidates &= cluster.migration_cost <= placement.left
        vm = int(np.where(candidates, relief, -np.inf).argmax())
        if not candidates[vm]:
            break
        placement.free[placement.pm[vm]] += occupied[vm]
        placement.spent += int(cluster.migration_cost[vm])
        candidates[vm] = False
        taken.append(vm)
    return taken


def _entry_gains(problem: Problem, placement: Placement, vm: int) -> NDArray[np.float64]:
    """Return what a VM that was taken out gains at each place, ties to the least left free: float64 [P, 2]."""
    cluster, score = problem.cluster, problem.score
    gains = np.full((cluster.pms, 2), -np.inf)
    room = placement.fits(vm) & placement.allowed(vm)[:, None]
    scale = cluster.capacity.max(axis=(0, 1))
    for node in (0, 1):
        pms = np.flatnonzero(room[:, node])
        after = placement.free[pms].copy()
        after[:, _nodes(problem, vm, node)] -= cluster.demand[vm]
        left = np.square(after / np.maximum(scale, 1)).sum(axis=(1, 2))
        gains[pms, node] = score.pm_slots(after) - score.pm_slots(placement.free[pms]) - 1e-4 * left
    return gains


def _nodes(problem: Problem, vm: int, node: int) -> slice:
    return slice(0, 2) if problem.cluster.double[vm] else slice(node, node + 1)
