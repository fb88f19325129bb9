"""The tightly packed start: every node is filled up to what the released snapshot leaves free."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.generators.draft import Draft, place_all
from data.generators.draws import Draws
from data.generators.population import NODE_CORES, Population

TWINS = 0.5
"""Share of the partly free nodes whose PM has about as much free on its other node, as under VMs on both nodes."""


@dataclass(frozen=True)
class Reserve:
    """The cores that a start leaves free."""

    nodes: Mapping[int, int]
    """How many nodes have so many cores free; all others have none."""
    full_pms: int
    empty_pms: int


def pack(population: Population, reserve: Reserve | None, draws: Draws) -> Draft:
    """Place the whole population so that the reserved cores stay free.

    VMs come in falling need per node, doubles first among equals, each on a random PM with room beside its reserve;
    the smallest come last and fill the gaps. Should one not fit, it takes what was reserved.
    """
    draft = Draft(population)
    held = np.zeros_like(draft.cores)
    if reserve is not None:
        held[:, draws.shuffle(np.arange(population.pms))] = _pair(reserve, population.pms, draws).T
    vms = draws.shuffle(np.arange(len(population.demand)))
    need = 2 * population.demand[vms, 0] + population.double[vms]
    draft.cores -= held
    left = place_all(draft, vms[np.argsort(-need, kind="stable")], draws)
    draft.cores += held
    place_all(draft, left, draws)
    return draft


def _pair(reserve: Reserve, pms: int, draws: Draws) -> NDArray[np.int64]:
    """Pair the reserved nodes to PMs: cores [P, 2], the full PMs first and the empty ones last."""
    cores = np.sort(np.repeat(list(reserve.nodes), list(reserve.nodes.values())))
    cores = draws.shuffle(cores[: len(cores) - 2 * reserve.empty_pms])
    half_full = 2 * (pms - reserve.full_pms - reserve.empty_pms) - len(cores)
    beside_full, others = np.split(cores, [half_full])
    one_full = np.column_stack([beside_full, np.zeros_like(beside_full)])
    one_full[::2] = one_full[::2, ::-1]
    free_node = others == NODE_CORES  # paired with one another, these would be further empty PMs
    some, rest = others[free_node], others[~free_node]
    twins, rest = np.split(rest, [2 * round(TWINS * len(rest) / 2)])
    return np.concatenate([
        np.zeros((reserve.full_pms, 2), dtype=np.int64),
        one_full,
        np.sort(twins).reshape(-1, 2),
        np.concatenate([some, rest]).reshape(2, -1).T,
        np.full((reserve.empty_pms, 2), NODE_CORES, dtype=np.int64),
    ])  # fmt: skip
