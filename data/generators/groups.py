"""Anti-affinity groups on clusters that have none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from data.cluster import AntiAffinity, Cluster
from data.errors import InputError
from data.generators.draws import Draws

PUBLISHED_SIZES: Mapping[int, int] = {5: 81, 4: 65, 3: 86, 2: 56, 1: 11}
"""How many host groups of which size the raw Medium snapshot has (besides an empty one), on 1,046 of its 2,089 VMs."""


def host_groups(
    cluster: Cluster,
    sizes: Mapping[int, int],
    seed: int | tuple[int, ...],
    granularity: Literal["host", "rack"] = "host",
) -> Cluster:
    """Add disjoint groups of random VMs, none of which shares a PM (or rack) at the start.

    Parameters
    ----------
    cluster
        The snapshot; VMs in groups already are left alone.
    sizes
        How many groups of each size, in VMs.
    seed
        Names the stream of draws.

    Raises
    ------
    InputError
        When a group cannot be completed: too few VMs are left on other PMs (or racks).
    """
    draws = Draws(*(seed if isinstance(seed, tuple) else (seed,)))
    home = (cluster.pm if granularity == "host" else cluster.rack[cluster.pm]).tolist()
    waiting: list[int] = draws.shuffle(np.flatnonzero(~cluster.grouped)).tolist()
    groups = []
    for size in sorted((size for size, count in sizes.items() for _ in range(count)), reverse=True):
        taken: dict[int, int] = {}
        passed: list[int] = []
        while waiting and len(taken) < size:
            vm = waiting.pop()
            if home[vm] in taken:
                passed.append(vm)
            else:
                taken[home[vm]] = vm
        if len(taken) < size:
            raise InputError(f"{cluster.name}: too few VMs are left apart for a {granularity} group of {size}.")
        waiting.extend(reversed(passed))
        groups.append(AntiAffinity(granularity, tuple(sorted(taken.values()))))
    return replace(cluster, name=f"{cluster.name}-{granularity}-groups", groups=(*cluster.groups, *groups))
