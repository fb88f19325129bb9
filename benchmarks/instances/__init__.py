"""Clusters that make rescheduling hard in one known way each: seeded, and the same on every machine."""

from benchmarks.instances.made import million, odd_sizes, unequal_pms
from benchmarks.instances.real import large, medium
from benchmarks.instances.variants import filled, memory_mixed, part, replaced, tiled
from data.generators.groups import PUBLISHED_SIZES, host_groups

__all__ = [
    "PUBLISHED_SIZES",
    "filled",
    "host_groups",
    "large",
    "medium",
    "memory_mixed",
    "million",
    "odd_sizes",
    "part",
    "replaced",
    "tiled",
    "unequal_pms",
]
