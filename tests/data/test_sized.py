"""Clusters of a preset with another number of PMs: as many as asked for, like its own, and no two sections alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import AntiAffinity, InputError
from data.generators import PRESETS, generate, generate_sized
from data.generators.sized import resize
from data.tile import join
from solvers.toys import build


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([name for name, preset in PRESETS.items() if not preset.groups]), st.integers(1, 120))
def test_any_number_of_pms(preset: str, pms: int) -> None:
    """Down to a single PM there is a valid cluster with just so many, in pools and racks that exist."""
    cluster = generate_sized(preset, "dev", 0, pms)
    assert cluster.pms == pms
    assert cluster.pool.max() < len(cluster.pool_names)
    assert cluster.rack.max() < len(cluster.rack_names)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_own_size_is_the_preset(preset: str) -> None:
    """In proportion one to one nothing is changed, and at twice the size everything that is counted is doubled."""
    recipe = PRESETS[preset]
    pms = recipe.population.pms
    assert resize(recipe, pms) == recipe
    assert len(resize(recipe, 2 * pms).population.demand) == 2 * len(recipe.population.demand)


@pytest.mark.parametrize("pms", [140, 836])
def test_sized_clusters_are_as_full_as_the_preset(pms: int) -> None:
    """Half and three times Medium, with groups, use as much of the cores as its own clusters do."""
    used = [
        1 - cluster.free[..., 0].sum() / cluster.capacity[..., 0].sum()
        for cluster in (generate_sized("affinity", "test", index, pms) for index in range(4))
    ]
    assert np.mean(used) == pytest.approx(PRESETS["affinity"].used, abs=0.03)


def test_sections_differ() -> None:
    """A large cluster is no copies: its sections hold different VMs, and the same arguments make it again."""
    cluster = generate_sized("scarce", "test", 0, 280)
    first, second = (cluster.pm < 140, cluster.pm >= 140)
    assert len(set(cluster.pm_names)) == 280
    assert not np.array_equal(np.bincount(cluster.pm[first]), np.bincount(cluster.pm[second] - 140))
    again = generate_sized("scarce", "test", 0, 280)
    assert (again.pm.tolist(), again.demand.tolist()) == (cluster.pm.tolist(), cluster.demand.tolist())
    assert generate("scarce", "test", 0).pms == 140


def test_no_pm_is_refused() -> None:
    """Zero PMs get a sentence."""
    with pytest.raises(InputError, match="0 PMs make no cluster"):
        generate_sized("medium", "test", 0, 0)


def test_clusters_that_are_joined_stay_apart() -> None:
    """Of two different clusters side by side each keeps its VMs where they were, and its groups."""
    one = build("one", [(10, 10)], [(0, 0, 2)])
    two = build("two", [(10, 10), (8, 8)], [(0, 0, 4), (1, 1, 2)], groups=(AntiAffinity("host", (0, 1)),))
    both = join([one, two], "both")
    assert (both.name, both.pm.tolist()) == ("both", [0, 1, 2])
    assert both.groups == (AntiAffinity("host", (1, 2)),)
    assert both.free.tolist() == [*one.free.tolist(), *two.free.tolist()]
