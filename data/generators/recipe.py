"""How a built-in cluster comes about."""

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from data.cluster import Cluster
from data.errors import InputError
from data.generators.draft import Draft, place_all
from data.generators.draws import Draws
from data.generators.groups import host_groups
from data.generators.packing import pack
from data.generators.presets import PRESETS, Preset

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
BIG_CORES = 32
"""Doubles of at least so many cores are placed anew first: later they would find no PM with room on both nodes."""


def seed_key(preset: str, split: Split, index: int) -> tuple[int, int, int]:
    """Name the stream of draws of one cluster; no two clusters share one.

    Raises
    ------
    InputError
        When the preset or split does not exist, or the index is not between 0 and 2**32 - 1.
    """
    if preset not in PRESETS:
        raise InputError(f"preset {preset!r} does not exist; choose one of {', '.join(PRESETS)}.")
    if split not in SPLITS:
        raise InputError(f"split {split!r} does not exist; choose one of {', '.join(SPLITS)}.")
    if not 0 <= index < 2**32:
        raise InputError(f"cluster {index} of {preset} does not exist; count from 0 to {2**32 - 1}.")
    return PRESETS[preset].stream, SPLITS.index(split), index


def generate(preset: str, split: Split, index: int) -> Cluster:
    """Make one built-in cluster, always the same for the same arguments.

    Raises
    ------
    InputError
        When the preset or split does not exist, or the index is not between 0 and 2**32 - 1.
    """
    key = seed_key(preset, split, index)
    return carry_out(PRESETS[preset], key, f"{preset}-{split}-{index}")


def carry_out(recipe: Preset, key: tuple[int, ...], name: str) -> Cluster:
    """Make a cluster by a recipe, with the stream of draws of that key."""
    draws = Draws(*key)
    draft = pack(recipe.population, recipe.reserve, draws)
    let_some_leave(draft, recipe.used + recipe.spread * (2 * draws.fraction() - 1), draws)
    replace_some(draft, recipe.replaced, draws)
    cluster = draft.finish(name)
    if not recipe.groups:
        return cluster
    return replace(host_groups(cluster, recipe.groups, key), name=name)


def let_some_leave(draft: Draft, used: float, draws: Draws) -> None:
    """Let random VMs leave until at most the given share of the cores is used."""
    excess = draft.population.cores * (1 - used) - int(draft.cores.sum())
    for vm in draws.shuffle(draft.placed).tolist():
        if excess <= 0:
            return
        excess -= int(draft.population.whole_cores[vm])
        draft.remove(vm)


def replace_some(draft: Draft, share: float, draws: Draws) -> None:
    """Take a share of the VMs out and place them anew in random order, big doubles first; what fits nowhere leaves."""
    out = draws.shuffle(draft.placed)
    out = out[: round(share * len(out))]
    for vm in out.tolist():
        draft.remove(vm)
    first = draft.population.double[out] & (draft.population.whole_cores[out] >= BIG_CORES)
    place_all(draft, out[np.argsort(~first, kind="stable")], draws)
