"""The plain way to empty PMs: one VM after another to its best destination."""

import numpy as np

from data import Plan
from data.cluster import CORES
from solvers.contract import Problem
from solvers.deadline import Deadline
from solvers.moves import MoveTable


def evacuate(problem: Problem, plan: Plan, deadline: Deadline) -> Plan:
    """Extend a plan by a migration for each VM that it leaves on a PM that is to be emptied, largest VMs first.

    A VM that nothing has room for, or that cannot be afforded, stays.
    """
    table = MoveTable(problem, problem.placement().apply_plan(plan))
    moves = list(plan)
    there = np.flatnonzero(problem.evacuees & np.isin(table.placement.pm, list(problem.rules.drain)))
    for vm in there[np.argsort(-problem.cluster.demand[there, CORES], kind="stable")].tolist():
        if len(moves) == problem.mnl or deadline.expired(0.05):
            break
        move = table.best_destination(vm)
        if move is not None:
            table.apply(move)
            moves.append(move)
    return Plan(tuple(moves))
