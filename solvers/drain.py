"""Emptying PMs: whether it is possible, and the plan that does it and then lowers the FR with what is left."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data import Plan
from solvers.contract import Problem, Solution, Solver
from solvers.deadline import Deadline
from solvers.evacuation import evacuate
from solvers.mip import Mip, certified_bound
from solvers.mip.direct import TooLargeError, solve_direct

EVACUATE_SHARE, PROVE_SHARE = 0.5, 0.5
"""Shares of the time that is left: for getting VMs off before a solver goes on, and for a proof that it cannot be."""


@dataclass(frozen=True)
class DrainResult:
    """What became of the PMs that are to be emptied (``problem.rules.drain``)."""

    solution: Solution
    """The plan; its bound is for plans that empty the PMs."""
    staying: NDArray[np.intp]
    """VMs that the plan leaves there."""
    obstacle: str
    """Why it is certain that no plan within the limits gets all of them off; empty where that is not known."""

    @property
    def emptied(self) -> bool:
        """Tell whether no VM is left there."""
        return not len(self.staying)


def drain(problem: Problem, solver: Solver, exact: Mip, deadline: Deadline, seed: int = 0) -> DrainResult:
    """Empty PMs, and lower the FR with the migrations that this leaves.

    ``mip`` does both in one: of all plans that empty the PMs, one with the lowest FR. For any other solver ``exact``
    empties them with as few migrations as there are VMs if possible, and the solver goes on from there, with these PMs
    closed.

    Where it is plain that not all VMs can leave, those that can are sent off, and no more is planned.

    Parameters
    ----------
    problem
        What to plan; its rules name the PMs.
    solver, exact
        The solver, and ``mip`` for what it cannot do; both prepared.
    deadline
        Covers everything, proofs included.
    seed
        Given to the solvers.
    """
    obstacle = _plain_obstacle(problem)
    if obstacle:
        solution = Solution(evacuate(problem, Plan(), deadline))
    elif solver.name == exact.name:
        solution = solver.solve(problem, deadline.part(1 - EVACUATE_SHARE / 2), seed)
    else:
        solution = _evacuate(problem, exact, deadline.part(EVACUATE_SHARE), seed)
        solution = Solution(_continued(problem, solution.plan, solver, deadline, seed))
    gone = {migration.vm for migration in solution.plan}
    staying = np.array([vm for vm in np.flatnonzero(problem.evacuees).tolist() if vm not in gone], dtype=np.intp)
    if len(staying) and not obstacle and _certainly_full(problem, deadline):
        obstacle = "their VMs cannot all be placed elsewhere"
    return DrainResult(solution, staying, obstacle)


def _evacuate(problem: Problem, exact: Mip, deadline: Deadline, seed: int) -> Solution:
    """Empty the PMs with one migration a VM, or, where that does not do, with all that are allowed."""
    fewest = replace(problem, mnl=min(problem.mnl, int(problem.evacuees.sum())))
    solution = exact.solve(fewest, deadline.part(EVACUATE_SHARE), seed)
    return exact.solve(problem, deadline, seed) if problem.staying(solution.plan) else solution


def _continued(problem: Problem, plan: Plan, solver: Solver, deadline: Deadline, seed: int) -> Plan:
    """Let a solver go on after a plan; the PMs that are to be emptied are closed for it."""
    cluster, rules, after = problem.cluster, problem.rules, problem.placement().apply_plan(plan)
    left = None if rules.max_cost is None else rules.max_cost - after.spent
    rest = Problem(
        replace(cluster, pm=after.pm, node=after.node, open=cluster.receiving(rules)),
        problem.mnl - len(plan),
        problem.objective,
        replace(rules, max_cost=left, drain=frozenset()),
    )
    return Plan(plan.migrations + solver.solve(rest, deadline, seed).plan.migrations)


def _plain_obstacle(problem: Problem) -> str:
    """Say what plainly keeps VMs from leaving, or return an empty string."""
    cluster, rules, vms = problem.cluster, problem.rules, np.flatnonzero(problem.evacuees)
    for vm in vms[~cluster.may_leave[vms]][:1].tolist():
        pm = cluster.pm_names[cluster.pm[vm]]
        return f"VM {cluster.vm_names[vm]} on PM {pm} is pinned, or the PM closed"
    if len(vms) > problem.mnl:
        return f"{len(vms)} VMs are there and only {problem.mnl} may migrate"
    cost = int(cluster.migration_cost[vms].sum())
    if rules.max_cost is not None and cost > rules.max_cost:
        return f"their VMs cost {cost} to migrate and only {rules.max_cost} may be spent"
    return ""


def _certainly_full(problem: Problem, deadline: Deadline) -> bool:
    """Tell whether it is proven that no placement within the limits empties the PMs."""
    bound = certified_bound(problem, deadline.part(PROVE_SHARE))
    if bound is not None and bound > problem.score.rate_at_zero + 1e-6:  # fewer than no slots would be left
        return True
    try:
        proof = solve_direct(problem, deadline, lambda _: None, problem.placement(), threads=1, seed=0)
    except TooLargeError:
        return False
    return proof.bound_slots == -np.inf
