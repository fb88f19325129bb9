"""What is trained on: random parts of clusters of many presets, with random migration limits."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data import Cluster
from data.generators import generate
from data.part import part
from solvers import Problem

MIXTURE = {
    "medium": 0.34, "scarce": 0.26, "tight": 0.14, "middle": 0.04, "low": 0.02, "memory": 0.09, "affinity": 0.05,
    "large": 0.06,
}  # fmt: skip
"""Presets that a generalist is trained on, and their weights."""

MOST = 0.45
"""Migrations a PM from which on there is little left to gain."""


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
    """Least and most migrations; small parts have fewer."""
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
        if rng.random() >= self.whole:
            least = min(self.least_pms, cluster.pms)
            count = round(float(np.exp(rng.uniform(np.log(least), np.log(cluster.pms)))))
            cluster = part(cluster, rng.permutation(cluster.pms)[:count])
        low, high = self.mnl
        high = max(low, min(high, round(MOST * cluster.pms)))
        return Problem(cluster, int(rng.integers(low, high + 1)))
