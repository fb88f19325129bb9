"""What is trained on: random parts of clusters of many presets, with random migration limits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data import Cluster
from data.generators import generate
from solvers import Problem

MIXTURE = {"medium": 0.4, "scarce": 0.2, "tight": 0.2, "middle": 0.05, "low": 0.03, "memory": 0.07, "large": 0.05}
"""Presets that a generalist is trained on, and their weights."""
LARGEST_PMS = 300
"""Problems have at most so many PMs."""


@dataclass(frozen=True)
class Curriculum:
    """A mixture of problems, the same for the same random generator and pool.

    A pool of clusters is held in memory. Each problem is one of them or a random part of its PMs, so that few
    clusters make many problems; its migration limit is random as well.
    """

    weights: Mapping[str, float]
    """Share of each preset."""
    pool: int
    """Clusters in memory; one more is made, and the oldest forgotten, each time the pool is refreshed."""
    mnl: tuple[int, int]
    """Least and most migrations."""
    least_pms: int
    """The fewest PMs of a part; their number is drawn log-uniformly."""
    whole: float
    """Share of problems that are whole clusters."""

    def preset(self, number: int) -> tuple[str, int]:
        """Tell which cluster comes as number ``number``: presets take turns by their weights."""
        names = list(self.weights)
        share = np.cumsum(list(self.weights.values()))
        golden = number * (5**0.5 - 1) / 2 % 1  # equidistributed: every stretch of numbers holds the mixture
        return names[int(np.searchsorted(share / share[-1], golden, side="right"))], number

    def cluster(self, number: int) -> Cluster:
        """Make the cluster that comes as number ``number``."""
        preset, index = self.preset(number)
        return generate(preset, "train", index)

    def draw(self, clusters: list[Cluster], rng: np.random.Generator) -> Problem:
        """Draw a problem from the pool."""
        cluster = clusters[rng.integers(len(clusters))]
        if cluster.pms > LARGEST_PMS or rng.random() >= self.whole:
            most = min(cluster.pms, LARGEST_PMS)
            count = round(float(np.exp(rng.uniform(np.log(min(self.least_pms, most)), np.log(most)))))
            cluster = part(cluster, rng.permutation(cluster.pms)[:count])
        low, high = self.mnl
        return Problem(cluster, int(rng.integers(low, high + 1)))


def part(cluster: Cluster, pms: NDArray[np.int64]) -> Cluster:
    """Return the cluster of some PMs and the VMs on them, groups included."""
    pms = np.sort(pms)
    new_pm = np.full(cluster.pms, -1, dtype=np.int32)
    new_pm[pms] = np.arange(len(pms))
    vms = np.flatnonzero(new_pm[cluster.pm] >= 0)
    new_vm = np.full(cluster.vms, -1, dtype=np.int64)
    new_vm[vms] = np.arange(len(vms))
    groups = tuple(
        replace(group, vms=tuple(int(new_vm[vm]) for vm in group.vms if new_vm[vm] >= 0)) for group in cluster.groups
    )
    return replace(
        cluster,
        capacity=cluster.capacity[pms],
        demand=cluster.demand[vms],
        double=cluster.double[vms],
        pm=new_pm[cluster.pm[vms]],
        node=cluster.node[vms],
        pm_names=tuple(cluster.pm_names[pm] for pm in pms),
        vm_names=tuple(cluster.vm_names[vm] for vm in vms),
        open=cluster.open[pms],
        movable=cluster.movable[vms],
        pool=cluster.pool[pms],
        rack=cluster.rack[pms],
        groups=tuple(group for group in groups if len(group.vms) > 1),
        vm_type_names=(),
    )
