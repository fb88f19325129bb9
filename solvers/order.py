"""From a target placement to an executable plan.

A target says where each VM shall be, not in which order they can get there. VMs that are interchangeable (same type,
free to move, in no group, in the same cluster where they must stay in it) may take each other's places, which is why
almost every target can be reached with one migration a VM. Where migrations wait for each other in a circle, one VM
makes a temporary hop, which counts as a migration; where no hop helps or the budget has none left, the arrival that
is worth least is given up and its VM stays.
"""

import numpy as np
from numpy.typing import NDArray

from data import Plan
from solvers.agenda import Agenda
from solvers.contract import Problem
from solvers.deadline import Deadline
from solvers.incumbents import EPSILON

ATTEMPTS = 8
"""Orders tried where migrations block each other: first by gain, then at random among equals."""

RESERVE_S = 0.005


def order(problem: Problem, pm: NDArray[np.int32], node: NDArray[np.int8], deadline: Deadline) -> Plan:
    """Find a feasible sequence of at most MNL migrations that leads to the target, or as near as it comes.

    Parameters
    ----------
    problem
        Where the plan starts, and the limit on migrations.
    pm, node
        int32 [V], int8 [V]: the target. It must respect capacities at its end.
    deadline
        When it ends, the migrations found so far are returned.

    Returns
    -------
    Plan
        Every step is legal. It ends at its best prefix: migrations that bring nothing any more are cut off.
    """
    best, best_slots = Plan(), -np.inf
    for attempt in range(ATTEMPTS):
        agenda = Agenda(problem, pm, node, np.random.default_rng(attempt) if attempt else None)
        complete = True
        while agenda.unfinished and len(agenda.moves) < problem.mnl and not deadline.expired(RESERVE_S):
            if not (agenda.carry_out_next() or agenda.hop()):
                agenda.give_up_one()
                complete = False
        slots = max(agenda.slots, default=0.0)
        if slots > best_slots + EPSILON:
            length = (
                next((n for n, each in enumerate(agenda.slots, 1) if each >= slots - EPSILON), 0) if slots > 0 else 0
            )
            best, best_slots = Plan(tuple(agenda.moves[:length])), slots
        if (complete and not agenda.unfinished) or deadline.expired(RESERVE_S):
            break
    return best
