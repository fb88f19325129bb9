"""The tightly packed start: every node is filled up to what the released snapshot leaves free."""

import numpy as np

from data.generators.draft import Draft, place_all
from data.generators.draws import Draws
from data.generators.population import Population

Reserve = tuple[tuple[int, int, int], ...]
"""(PMs, free cores of the one node, free cores of the other); all further PMs are full."""


def pack(population: Population, reserve: Reserve, draws: Draws) -> Draft:
    """Place the whole population so that the reserved cores stay free.

    VMs come in falling size, doubles before singles of equal need, each on a random PM with room beside its reserve.
    The 2-core VMs come last and fill every gap. What should not fit may use the reserve.
    """
    draft = Draft(population)
    held = np.zeros((2, population.pms), dtype=np.int64)
    pairs = [(one, other) for pms, one, other in reserve for _ in range(pms)]
    where = draws.shuffle(np.arange(population.pms))[: len(pairs)]
    held[:, where] = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    vms = draws.shuffle(np.arange(len(population.demand)))
    need = 2 * population.demand[vms, 0] + population.double[vms]
    draft.cores -= held
    left = place_all(draft, vms[np.argsort(-need, kind="stable")], draws)
    draft.cores += held
    place_all(draft, left, draws)
    return draft
