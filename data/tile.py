"""Clusters side by side, as one cluster."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.cluster import Cluster


def tile(cluster: Cluster, copies: int, name: str) -> Cluster:
    """Put copies of a cluster side by side."""
    return join([cluster] * copies, name)


def join(clusters: Sequence[Cluster], name: str) -> Cluster:
    """Put clusters, one at least, side by side, each with names (``pm_3_0``), pools, racks and groups of its own."""

    def joined(field: str) -> NDArray[Any]:
        return np.concatenate([getattr(each, field) for each in clusters])

    def shifted(field: str, counts: Sequence[int]) -> NDArray[Any]:
        starts = accumulate(counts, initial=0)
        return np.concatenate([getattr(each, field) + start for each, start in zip(clusters, starts, strict=False)])

    def renamed(field: str) -> tuple[str, ...]:
        return tuple(f"{own}_{number}" for number, each in enumerate(clusters) for own in getattr(each, field))

    first_vms = accumulate((each.vms for each in clusters), initial=0)
    typed = all(each.vm_type_names for each in clusters)
    return replace(
        clusters[0],
        name=name,
        capacity=joined("capacity"),
        demand=joined("demand"),
        double=joined("double"),
        pm=shifted("pm", [each.pms for each in clusters]),
        node=joined("node"),
        pm_names=renamed("pm_names"),
        vm_names=renamed("vm_names"),
        open=joined("open"),
        movable=joined("movable"),
        pool=shifted("pool", [len(each.pool_names) for each in clusters]),
        rack=shifted("rack", [len(each.rack_names) for each in clusters]),
        pool_names=renamed("pool_names"),
        rack_names=renamed("rack_names"),
        groups=tuple(
            replace(group, vms=tuple(vm + first for vm in group.vms))
            for each, first in zip(clusters, first_vms, strict=False) for group in each.groups
        ),
        vm_type_names=tuple(own for each in clusters for own in each.vm_type_names if typed),
        migration_cost=joined("migration_cost"),
    )  # fmt: skip
