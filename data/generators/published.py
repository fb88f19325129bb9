"""The published figures that the presets are measured against, and where they stand."""

from dataclasses import dataclass
from typing import Literal

PAPER, FIGURE, ESTIMATE, PAGE, RELEASED, EARLIER = "paper", "figure", "estimate", "page", "released", "earlier"
SOURCES = {
    PAPER: "Ding et al., EuroSys '25, text",
    FIGURE: "read off a figure there: FR +-0.002, CDFs +-0.01",
    ESTIMATE: "worked out from such figures",
    PAGE: "the paper's home page",
    RELEASED: "the snapshots of bytedance/DRL-based-VM-Rescheduling, measured",
    EARLIER: "one mapping of RLVMR/VMR2L-NSDI24, measured",
}
"""What the short names of sources stand for."""


@dataclass(frozen=True)
class Figure:
    """One row of a calibration table."""

    title: str
    measure: str
    """Key into what `data.generators.calibration.measure` returns."""
    published: float | None
    """None: not published, so nothing to compare with."""
    source: str
    over: Literal["mean", "median", "max"] = "mean"
    """How the figures of single clusters become one."""
    decimals: int = 3


KNOTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""CPU use at which the published curves have their knots."""


def _cdf(source: str, *values: float) -> tuple[Figure, ...]:
    return tuple(
        Figure(f"PMs at most {knot:.0%} used, median", f"cdf {knot}", value, source, over="median")
        for knot, value in zip(KNOTS, values, strict=True)
    )


FRAGMENT_COUNTS = (29_700, 5_660, 4_390, 6_930, 3_310, 2_420, 1_995, 490, 305, 635)
FRAGMENT_BIN_CORES = 2.6
"""PMs by fragment cores, both nodes together, in ten bins from 0 to 26 (home page)."""

MEDIUM = (
    Figure("PMs", "pms", 279, RELEASED, decimals=0),
    Figure("VMs, most", "vms", 2089, PAPER, over="max", decimals=0),
    Figure("VMs of at most 16 cores", "small VMs", 0.8827, PAGE),
    Figure("initial FR", "FR", 0.555, FIGURE),
    Figure("free cores", "free cores", 2350, ESTIMATE, decimals=0),
    Figure("PMs above 80% used", "above 0.8", 0.8144, PAGE),
    Figure("free cores on node 1", "free on node 1", 0.870, EARLIER),
    Figure("greedy: slots gained", "greedy slots", 25, ESTIMATE, decimals=1),
    Figure("greedy: FR where it stops", "greedy FR", 0.387, FIGURE),
    *_cdf(FIGURE, 0.005, 0.010, 0.016, 0.028, 0.062, 0.107, 0.184, 0.322),
    *(
        Figure(
            f"PMs, {FRAGMENT_BIN_CORES * bin_:.1f}-{FRAGMENT_BIN_CORES * (bin_ + 1):.1f} fragment cores",
            f"fragments {bin_}",
            count / sum(FRAGMENT_COUNTS),
            PAGE,
        )
        for bin_, count in enumerate(FRAGMENT_COUNTS)
    ),
)

MIDDLE = (
    Figure("PMs", "pms", 279, RELEASED, decimals=0),
    Figure("initial FR", "FR", None, "-"),
    *_cdf(FIGURE, 0.078, 0.155, 0.232, 0.313, 0.417, 0.486, 0.577, 0.713),
)

LOW = (
    Figure("PMs", "pms", 279, RELEASED, decimals=0),
    Figure("initial FR", "FR", None, "-"),
    *_cdf(FIGURE, 0.356, 0.512, 0.593, 0.680, 0.750, 0.778, 0.865, 0.950),
)

LARGE = (
    Figure("PMs", "pms", 1176, RELEASED, decimals=0),
    Figure("VMs", "vms", 4546, RELEASED, decimals=0),
    Figure("VMs of at most 16 cores", "small VMs", 0.7325, RELEASED),
    Figure("initial FR", "FR", 0.600, RELEASED),
    Figure("free cores", "free cores", 18_772, RELEASED, decimals=0),
    Figure("empty PMs", "empty PMs", 56, RELEASED, decimals=1),
    Figure("full PMs", "full PMs", 604, RELEASED, decimals=1),
    Figure("memory used", "memory used", 0.800, RELEASED),
    *_cdf(RELEASED, 0.060, 0.060, 0.112, 0.116, 0.162, 0.163, 0.347, 0.440),
    *(
        Figure(f"nodes with {cores} free cores", f"nodes {cores}", nodes, RELEASED, decimals=1)
        for cores, nodes in ((0, 1243), (4, 105), (8, 148), (10, 41), (12, 457), (28, 150), (44, 142))
    ),
)

MULTI = (
    Figure("PMs", "pms", 280, PAPER, decimals=0),
    Figure("VMs, most", "vms", 1200, PAPER, over="max", decimals=0),
    Figure("initial FR", "FR", 0.3625, FIGURE, decimals=4),
    Figure("cores used", "cores used", None, "-"),
    Figure("memory used", "memory used", None, "-"),
    Figure("moves blocked by memory alone", "memory blocks", None, "-"),
)

OWN = (
    Figure("PMs", "pms", None, "-", decimals=0),
    Figure("VMs, most", "vms", None, "-", over="max", decimals=0),
    Figure("initial FR", "FR", None, "-"),
    Figure("cores used", "cores used", None, "-"),
    Figure("memory used", "memory used", None, "-"),
    Figure("moves blocked by memory alone", "memory blocks", None, "-"),
)
"""Our own harder presets: nothing is published to compare them with."""

PUBLISHED: dict[str, tuple[Figure, ...]] = {
    "medium": MEDIUM,
    "middle": MIDDLE,
    "low": LOW,
    "large": LARGE,
    "multi": MULTI,
    "scarce": OWN,
    "tight": OWN,
    "memory": OWN,
    "affinity": OWN,
    "mixed": OWN,
}
