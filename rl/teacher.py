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

SHARPNESS = 0.03
"""Slots of regret that make an option e times less right."""
HASTE = 0.2
"""Slots of promise that count as much as regret: what is begun or earns something comes first, lest it stay undone."""


def judge_vms(potentials: list[Potential], env: Env, seen: Observation) -> Section:
    """Judge each VM token: how right it is (weights that sum up to 1 in each state), and by how much it is worse."""
    parts = []
    for place, potential in enumerate(potentials):
        rows = seen.vm.rows[seen.vm.starts[place] : seen.vm.starts[place + 1]]
        firsts = rows[:, 7].astype(np.int64)
        regret = potential.leaving(env.arrays, firsts) + potential.arriving(env.arrays, firsts)
        regret[~env.able(place, firsts)] = potential.wasted - env.fine
        parts.append(_judged(np.minimum(HASTE, potential.promise(env.arrays, firsts)), regret, rows[:, 3]))
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
            parts.append(_judged(np.zeros(len(rows)), regret, rows[:, 1]))
    return Section(np.concatenate(parts), goals.starts)


def _judged(merit: Floats, regret: Floats, count: NDArray[np.float32]) -> NDArray[np.float32]:
    fault = regret - merit
    fault -= fault.min(initial=np.inf)
    weight = count * np.exp(-fault / SHARPNESS)
    return np.column_stack([weight / weight.sum(), fault]).astype(np.float32)
