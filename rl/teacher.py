"""A teacher who knows the regret of every option: what to choose in states that the policy itself comes to.

To let a VM go costs at least as much as to take it in where that costs least: since prices were found, the places that
they promised may have been used up.
The regret of an illegal option is the step that it uses up, and its fine.
"""

import numpy as np
from numpy.typing import NDArray

from rl.env import Env, Ints
from rl.observation import Observation, Section
from rl.potential import Floats, Potential

HASTE = 0.2
"""Slots of promise that count as much as regret: what is begun or earns something comes first, lest it stay undone."""


def judge_vms(potentials: list[Potential], env: Env, seen: Observation) -> Section:
    """Judge each VM token: its regret and its fault, which counts haste as well, both above the least of its state."""
    parts = []
    for place, potential in enumerate(potentials):
        rows = seen.vm.rows[seen.vm.starts[place] : seen.vm.starts[place + 1]]
        firsts = rows[:, 7].astype(np.int64)
        regret = potential.leaving(env.arrays, firsts) + potential.arriving(env.arrays, firsts)
        regret[~env.able(place, firsts)] = potential.wasted - env.fine
        parts.append(_judged(regret, np.minimum(HASTE, potential.promise(env.arrays, firsts))))
    return Section(np.concatenate(parts), seen.vm.starts)


def judge_goals(potentials: list[Potential], env: Env, vms: Ints, goals: Section) -> Section:
    """Judge each class of hosts for the chosen VMs [B] (-1: none) in the same way."""
    parts = [np.zeros((0, 2), dtype=np.float32)]
    for place, potential in enumerate(potentials):
        rows = goals.rows[goals.starts[place] : goals.starts[place + 1]]
        if vms[place] >= 0:
            vm, places = int(vms[place]), rows[:, 5].astype(np.int64)
            allowed = env.allowed(place, vm, places)
            regret = np.full(len(rows), potential.wasted - env.fine)
            regret[allowed] = potential.entering(env.arrays, vm, places[allowed])
            parts.append(_judged(regret, np.zeros(len(rows))))
    return Section(np.concatenate(parts), goals.starts)


def _judged(regret: Floats, merit: Floats) -> NDArray[np.float32]:
    both = np.column_stack([regret, regret - merit])
    return np.asarray(both - both.min(axis=0, initial=np.inf), dtype=np.float32)
