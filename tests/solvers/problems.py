"""Random problems for hypothesis, random walks, and the gain of a migration in plain words."""

import numpy as np
from hypothesis import strategies as st

from data import Migration, Objective, Placement, Rules
from solvers.contract import Problem
from tests.strategies import clusters

OBJECTIVES = ("cores16", "cores8", "double32", "memory32", "0.5*cores8+0.5*memory16", "0.25*cores16+0.75*double16")


@st.composite
def problems(draw, max_mnl=6, **sizes):
    """Draw a problem on a random cluster with every constraint, any objective and a small limit."""
    objective = Objective.parse(draw(st.sampled_from(OBJECTIVES)))
    rules = Rules(stay_in_cluster=draw(st.booleans()), max_cost=draw(st.none() | st.integers(0, 12)))
    return Problem(draw(clusters(**sizes)), draw(st.integers(0, max_mnl)), objective, rules)


def legal_moves(placement, vms=None):
    """List every legal migration of the given VMs, or of all, in order of VM, PM and node."""
    chosen = range(placement.cluster.vms) if vms is None else vms
    return [Migration(vm, pm, node) for vm in chosen for pm, node in np.argwhere(placement.legal(vm)).tolist()]


def gain_by_hand(problem: Problem, placement: Placement, migration: Migration) -> float:
    """Return the slots of the whole cluster after the migration less those before it."""
    before = problem.score.slots(placement.free)
    return problem.score.slots(placement.copy().apply_plan([migration]).free) - before


def walk(placement, rng, steps):
    """Carry out random legal migrations, and return them; ``steps`` VMs are tried."""
    moves = []
    for vm in rng.integers(placement.cluster.vms, size=steps).tolist():
        places = np.flatnonzero(placement.legal(vm))
        if len(places):
            moves.append(Migration(vm, *divmod(int(rng.choice(places)), 2)))
            placement.apply(moves[-1])
    return moves
