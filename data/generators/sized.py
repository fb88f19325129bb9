"""Built-in clusters with another number of PMs than their preset has."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from data.cluster import Cluster
from data.errors import InputError
from data.generators.packing import Reserve
from data.generators.population import NODE_CORES, Population
from data.generators.presets import PRESETS, Preset
from data.generators.recipe import Split, carry_out, seed_key
from data.shares import by_largest_remainder
from data.tile import join


def generate_sized(preset: str, split: Split, index: int, pms: int) -> Cluster:
    """Make a cluster as those of a preset are made, with so many PMs; always the same for the same arguments.

    Population, tight start and groups are the preset's in proportion. A cluster of one and a half times its PMs and
    more is made in sections of about its size, each by itself with draws of its own, which are put side by side: no
    two are alike, but no VM was placed outside its section. So the time grows with the size alone, and what differs
    between clusters of the preset, such as the share of cores in use, differs between sections here.

    Raises
    ------
    InputError
        When the preset or split does not exist, the index is not between 0 and 2**32 - 1, there is no PM, or the groups
        of the preset cannot be kept apart on so few.
    """
    key = seed_key(preset, split, index)
    if pms < 1:
        raise InputError(f"{pms} PMs make no cluster; give 1 or more.")
    recipe, name = PRESETS[preset], f"{preset}-{split}-{index}-{pms}-pms"
    sections = max(1, round(pms / recipe.population.pms))
    sizes = [(pms + section) // sections for section in range(sections)]
    recipes = {size: resize(recipe, size) for size in set(sizes)}
    return join([carry_out(recipes[size], (*key, pms, section), name) for section, size in enumerate(sizes)], name)


def resize(recipe: Preset, pms: int) -> Preset:
    """Return a recipe for another number of PMs: all that it counts in proportion, to whole numbers."""
    share = pms / recipe.population.pms
    return replace(
        recipe,
        population=_population(recipe.population, pms, share),
        reserve=recipe.reserve and _reserve(recipe.reserve, recipe.population.pms, pms),
        groups=_counts(recipe.groups, share),
    )


def _population(population: Population, pms: int, share: float) -> Population:
    vms = iter(_in_proportion([count for each in population.types for count in (each.singles, each.doubles)], share))
    hosts = by_largest_remainder(pms, [each.count for each in population.hosts])
    return Population(
        tuple(by_largest_remainder(pms, population.pools)),
        max(1, round(share * population.racks)),
        tuple(replace(each, singles=next(vms), doubles=next(vms)) for each in population.types),
        tuple(replace(each, count=count) for each, count in zip(population.hosts, hosts, strict=True)),
    )


def _reserve(reserve: Reserve, before: int, pms: int) -> Reserve:
    """Keep the shares of full, empty and partly free PMs, and what is free on the nodes of the latter."""
    partly_before = before - reserve.full_pms - reserve.empty_pms
    full, empty, partly = by_largest_remainder(pms, [reserve.full_pms, reserve.empty_pms, partly_before])
    nodes = dict(reserve.nodes)
    if reserve.empty_pms:
        nodes[NODE_CORES] -= 2 * reserve.empty_pms
    nodes = _counts(nodes, partly / partly_before)
    if empty:
        nodes[NODE_CORES] += 2 * empty
    return Reserve(nodes, full, empty)


def _counts(counts: Mapping[int, int], share: float) -> dict[int, int]:
    return dict(zip(counts, _in_proportion(list(counts.values()), share), strict=True))


def _in_proportion(counts: Sequence[int], share: float) -> list[int]:
    return by_largest_remainder(round(share * sum(counts)), counts)
