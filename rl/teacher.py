"""A teacher who knows the regret of every option: what to choose in states that the policy itself comes to.

To let a VM go costs at least as much as to take it in where that costs least: since prices were found, the places that
they promised may have been used up.
The regret of an illegal option is the step that it uses up, and its fine.
Where little is left prices are tied and a bound has fractions, but a best plan is known: all that it does and that is
possible now has no regret, all else is in doubt.
"""

import numpy as np
from numpy.typing import NDArray

from data import Migration
from rl import rules
from rl.act import Decision
from rl.env import Env, Ints
from rl.observation import Observation, Section
from rl.potential import Floats, Potential

HASTE = 0.2
"""Slots of promise that count as much as regret: what is begun or earns something comes first, lest it stay undone."""
DOUBT = 0.1
"""Least regret of what a best plan does not do, slots; it may be as good."""


def possible(potentials: list[Potential], env: Env) -> list[list[Migration]]:
    """List what is possible now of the best plan of each place, nothing where none is known."""
    return [
        [move for move in potential.plan or () if rules.legal(env.arrays, place, move.vm)[move.pm, move.node]]
        for place, potential in enumerate(potentials)
    ]


def judge_vms(potentials: list[Potential], best: list[list[Migration]], env: Env, seen: Observation) -> Section:
    """Judge each VM token: its regret and its fault, which counts haste as well, both above the least of its state.

    Parameters
    ----------
    best
        Migrations of a best plan that are `possible` in each place.
    """
    parts = []
    for place, potential in enumerate(potentials):
        rows = seen.vm.rows[seen.vm.starts[place] : seen.vm.starts[place + 1]]
        firsts = rows[:, 7].astype(np.int64)
        regret = potential.leaving(env.arrays, firsts) + potential.arriving(env.arrays, firsts)
        regret[~env.able(place, firsts)] = potential.wasted - env.fine
        merit = np.minimum(HASTE, potential.promise(env.arrays, firsts))
        if best[place]:
            _trust(regret, _tokens(best[place], env, seen, place))
            merit[:] = 0.0  # the plan is carried out to its end, in whatever order
        parts.append(_judged(regret, merit))
    return Section(np.concatenate(parts), seen.vm.starts)


def judge_goals(
    potentials: list[Potential], best: list[list[Migration]], env: Env, seen: Observation, made: Decision
) -> Section:
    """Judge each class of hosts for the VMs that were chosen in the same way."""
    parts = [np.zeros((0, 2), dtype=np.float32)]
    for place, potential in enumerate(potentials):
        rows = made.goals.rows[made.goals.starts[place] : made.goals.starts[place + 1]]
        vm = int(made.vms[place])
        if vm < 0:
            continue
        places = rows[:, 5].astype(np.int64)
        allowed = env.allowed(place, vm, places)
        regret = np.full(len(rows), potential.wasted - env.fine)
        regret[allowed] = potential.entering(env.arrays, vm, places[allowed])
        if best[place]:
            alike = _tokens(best[place], env, seen, place) == made.token[place]
            goals = np.array([2 * move.pm + move.node for move in best[place]])[alike]
            planned = np.isin(env.hosts(place, vm, places), env.hosts(place, vm, goals))
            if planned.any():
                _trust(regret, np.flatnonzero(planned))
        parts.append(_judged(regret, np.zeros(len(rows))))
    return Section(np.concatenate(parts), made.goals.starts)


def _tokens(moves: list[Migration], env: Env, seen: Observation, place: int) -> Ints:
    return env.tokens(place, np.array([move.vm for move in moves]), seen, place)


def _trust(regret: Floats, planned: Ints) -> None:
    """Clear ``planned`` options of regret, and hold the others in doubt."""
    np.maximum(regret, DOUBT, out=regret)
    regret[planned] = 0.0


def _judged(regret: Floats, merit: Floats) -> NDArray[np.float32]:
    both = np.column_stack([regret, regret - merit])
    return np.asarray(both - both.min(axis=0, initial=np.inf), dtype=np.float32)
