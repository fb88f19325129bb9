"""The built-in workloads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from data.generators.groups import PUBLISHED_SIZES
from data.generators.packing import Reserve
from data.generators.population import LARGE, MEDIUM, MEMORY, MIXED, MULTI, SCARCE, Population


@dataclass(frozen=True)
class Preset:
    """A workload: who lives there, and what happens to the tight start."""

    stream: int
    """Number of its own stream of draws: never changed, never used twice."""
    about: str
    """One line for readers."""
    population: Population
    reserve: Reserve | None
    """What the tight start leaves free; None: whatever happens to stay free."""
    used: float
    """VMs leave until at most this share of the cores is used, on average over clusters; 0 to 1."""
    spread: float
    """Half the width of the uniform spread of ``used`` over clusters; 0 to 1."""
    replaced: float
    """Share of the remaining VMs that are placed anew; 0 to 1."""
    groups: Mapping[int, int] = field(default_factory=dict)
    """Anti-affinity groups of random VMs on different PMs: how many of each size."""


MEDIUM_START = Reserve({2: 27, 4: 38, 6: 7, 8: 38, 10: 3, 12: 63, 28: 2}, full_pms=160, empty_pms=0)
"""Free cores per node of the released Medium snapshot (bytedance/DRL-based-VM-Rescheduling): 94.3 % used."""

LARGE_START = Reserve(
    {
        2: 29, 4: 105, 6: 8, 8: 148, 10: 41, 12: 457, 14: 3, 16: 6, 18: 1, 20: 4, 22: 1, 24: 5, 28: 150,
        34: 1, 36: 3, 38: 1, 40: 3, 42: 1, 44: 142,
    },
    full_pms=604,
    empty_pms=56,
)  # fmt: skip
"""Free cores per node of the released Large snapshot (bytedance/DRL-based-VM-Rescheduling): 81.9 % used."""

PRESETS: dict[str, Preset] = {
    "medium": Preset(0, "the paper's Medium set, high workload", MEDIUM, MEDIUM_START, 0.90, 0.03, 0.95),
    "middle": Preset(1, "the Medium set at middle workload", MEDIUM, MEDIUM_START, 0.66, 0.03, 0.95),
    "low": Preset(2, "the Medium set at low workload", MEDIUM, MEDIUM_START, 0.385, 0.03, 0.95),
    "large": Preset(3, "the paper's Large set", LARGE, LARGE_START, 1.0, 0.0, 0.0),
    "multi": Preset(4, "280 PMs on which memory binds too", MULTI, None, 0.54, 0.02, 0.95),
    "scarce": Preset(5, "140 PMs, on which good moves run out", SCARCE, None, 0.875, 0.03, 0.95),
    "tight": Preset(6, "the real Medium population, placed anew", MEDIUM, MEDIUM_START, 1.0, 0.0, 0.95),
    "memory": Preset(7, "140 PMs on which here memory binds and there cores do", MEMORY, None, 0.80, 0.03, 0.95),
    "affinity": Preset(
        8, "medium with the published anti-affinity groups", MEDIUM, MEDIUM_START, 0.90, 0.03, 0.95, PUBLISHED_SIZES
    ),
    "mixed": Preset(9, "200 unequal PMs, VMs of many sizes", MIXED, None, 0.88, 0.03, 0.95),
}
