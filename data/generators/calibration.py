"""How close the built-in clusters come to what is published."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean, median

import numpy as np
from rich.table import Table

from data.cluster import CORES, MEMORY, Cluster
from data.generators.greedy import SLOT_CORES, greedy_slots
from data.generators.published import FRAGMENT_BIN_CORES, FRAGMENT_COUNTS, KNOTS, PUBLISHED, SOURCES, Figure
from data.generators.recipe import Split, generate
from data.objective import Objective, Score

SMALL_CORES = 16
SUMMARIES: dict[str, Callable[[Sequence[float]], float]] = {"mean": fmean, "median": median, "max": max}


def measure_one(preset: str, split: Split, index: int) -> dict[str, float]:
    """Make one cluster and take the measures that its preset's table asks for."""
    wanted = {figure.measure for figure in PUBLISHED[preset]}
    return measure(generate(preset, split, index), wanted)


def measure(cluster: Cluster, wanted: Iterable[str]) -> dict[str, float]:
    """Take the measures of one cluster that `data.generators.published` names."""
    free, capacity = cluster.free[:, :, CORES], cluster.capacity[:, :, CORES]
    used = 1 - free.sum(axis=1) / capacity.sum(axis=1)
    score = Score(cluster, Objective())
    found = {
        "pms": cluster.pms,
        "vms": cluster.vms,
        "small VMs": float((cluster.demand[:, CORES] * (1 + cluster.double) <= SMALL_CORES).mean()),
        "FR": score.rate(cluster.free),
        "free cores": int(free.sum()),
        "free on node 1": float(free[:, 1].sum() / free.sum()),
        "above 0.8": float((used > 0.8).mean()),
        "empty PMs": int((used == 0).sum()),
        "full PMs": int((used == 1).sum()),
        "cores used": _share_used(cluster, CORES),
        "memory used": _share_used(cluster, MEMORY),
    }
    found |= {f"cdf {knot}": float((used <= knot).mean()) for knot in KNOTS}
    found |= {f"nodes {cores}": int((free == cores).sum()) for cores in range(int(capacity.max()) + 1)}
    bins = np.arange(len(FRAGMENT_COUNTS) + 1) * FRAGMENT_BIN_CORES
    counts, _ = np.histogram((free % SLOT_CORES).sum(axis=1), bins)
    found |= {f"fragments {bin_}": float(count / cluster.pms) for bin_, count in enumerate(counts)}
    wanted = set(wanted)
    if "greedy slots" in wanted:
        found["greedy slots"] = greedy_slots(cluster)
        found["greedy FR"] = score.rate_of(score.slots(cluster.free) + found["greedy slots"])
    if "memory blocks" in wanted:
        found["memory blocks"] = _memory_blocks(cluster)
    return {key: found[key] for key in wanted}


def summarise(figure: Figure, measures: Sequence[Mapping[str, float]]) -> float:
    """Make one figure of those of many clusters."""
    return float(SUMMARIES[figure.over]([each[figure.measure] for each in measures]))


def table(preset: str, measures: Sequence[Mapping[str, float]]) -> Table:
    """Set published figures beside ours: shares of 1, and means over clusters unless the row says otherwise."""
    used = dict.fromkeys(figure.source for figure in PUBLISHED[preset])
    caption = "\n".join(f"{source}: {SOURCES[source]}" for source in used if source in SOURCES)
    result = Table(
        title=f"{preset}: {len(measures)} clusters", title_justify="left", caption=caption, caption_justify="left"
    )
    result.add_column("figure", no_wrap=True)
    for heading in ("published", "ours", "difference"):
        result.add_column(heading, justify="right")
    result.add_column("source")
    for figure in PUBLISHED[preset]:
        ours, published = summarise(figure, measures), figure.published
        result.add_row(
            figure.title,
            "-" if published is None else f"{published:.{figure.decimals}f}",
            f"{ours:.{figure.decimals}f}",
            "-" if published is None else f"{ours - published:+.{figure.decimals}f}",
            figure.source,
        )
    return result


def _share_used(cluster: Cluster, resource: int) -> float:
    return float(1 - cluster.free[..., resource].sum() / cluster.capacity[..., resource].sum())


def _memory_blocks(cluster: Cluster) -> float:
    """Share of the pairs of a single VM and a node with cores for it that fail for want of memory."""
    enough = both = 0
    singles = cluster.types[cluster.vm_type[~cluster.double], 1:]
    for demand, count in zip(*np.unique(singles, axis=0, return_counts=True), strict=True):
        fits = cluster.free >= demand
        enough += int(count * fits[..., CORES].sum())
        both += int(count * fits.all(axis=-1).sum())
    return 1 - both / enough if enough else 0.0
