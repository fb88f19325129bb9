"""A teacher who knows the regret of every option: what to choose in states that the policy itself comes to."""

import numpy as np
from numpy.typing import NDArray

from rl.env import Env, Ints
from rl.observation import Observation, Section
from rl.potential import Potential

SHARPNESS = 0.03
"""Slots of regret that make an option e times less right."""
HASTE = 0.2
"""Slots of regret that are as bad as a slot less of promise: what is begun or easy comes first, lest it stay undone."""


def right_vms(potentials: list[Potential], env: Env, seen: Observation) -> Section:
    """Say how right each VM token is: a column of weights that sum up to 1 in each state that has a token."""
    parts = []
    for place, potential in enumerate(potentials):
        rows = seen.vm.rows[seen.vm.starts[place] : seen.vm.starts[place + 1]]
        firsts = rows[:, 7].astype(np.int64)
        score = HASTE * np.minimum(1.0, potential.promise(env.arrays, firsts)) - potential.leaving(env.arrays, firsts)
        parts.append(_weights(score, rows[:, 3]))
    return Section(np.concatenate(parts)[:, None], seen.vm.starts)


def right_goals(potentials: list[Potential], env: Env, vms: Ints, goals: Section) -> Section:
    """Say how right each class of hosts is for the chosen VMs [B] (-1: none), in the same way."""
    parts = [np.zeros(0, dtype=np.float32)]
    for place, potential in enumerate(potentials):
        rows = goals.rows[goals.starts[place] : goals.starts[place + 1]]
        if vms[place] >= 0:
            regret = potential.entering(env.arrays, int(vms[place]), rows[:, 5].astype(np.int64))
            parts.append(_weights(-regret, rows[:, 1]))
    return Section(np.concatenate(parts)[:, None], goals.starts)


def _weights(score: NDArray[np.float64], count: NDArray[np.float32]) -> NDArray[np.float32]:
    weight = count * np.exp((score - score.max(initial=-np.inf)) / SHARPNESS)
    return np.asarray(weight / weight.sum(), dtype=np.float32)
