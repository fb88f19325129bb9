"""The built-in workloads."""

from dataclasses import dataclass

from data.generators.packing import Reserve
from data.generators.population import LARGE, MEDIUM, MULTI, Population


@dataclass(frozen=True)
class Preset:
    """A workload: who lives there, and what happens to the tight start."""

    stream: int
    """Number of its own stream of draws; never changed, never used twice."""
    about: str
    """One line for the command line's help and the calibration table."""
    population: Population
    reserve: Reserve
    """Free cores of the tight start."""
    replaced: float
    """Share of the VMs taken out and placed anew, 0 to 1."""
    used: float
    """VMs leave until at most this share of the cores is used, 0 to 1."""


MEDIUM_RESERVE: Reserve = (
    (27, 12, 12), (8, 4, 4), (3, 8, 8), (6, 12, 8), (6, 8, 4), (1, 12, 4), (2, 2, 4), (2, 10, 8),
    (23, 0, 2), (11, 0, 4), (17, 0, 8), (6, 0, 6), (1, 0, 10), (2, 0, 12), (1, 28, 28),
)  # fmt: skip
"""Close to the released snapshot: 160 full PMs and 94.3 % of the cores used."""

LARGE_RESERVE: Reserve = (
    (56, 44, 44), (162, 12, 12), (45, 28, 28), (42, 8, 8), (27, 12, 28), (21, 4, 4), (18, 28, 12),
)  # fmt: skip

PRESETS: dict[str, Preset] = {
    "medium": Preset(0, "the paper's Medium set, high workload", MEDIUM, MEDIUM_RESERVE, 0.6, 0.895),
    "middle": Preset(1, "the Medium set at middle workload", MEDIUM, MEDIUM_RESERVE, 0.6, 0.66),
    "low": Preset(2, "the Medium set at low workload", MEDIUM, MEDIUM_RESERVE, 0.6, 0.38),
    "large": Preset(3, "the paper's Large set", LARGE, LARGE_RESERVE, 0.0, 1.0),
    "multi": Preset(4, "our Multi-Resource set: memory binds too", MULTI, (), 0.6, 1.0),
}
