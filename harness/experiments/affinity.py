"""VMs of one service that must not share a host: FR and time by the number of conflicts a VM has."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from data import AntiAffinity, Cluster
from data.generators.groups import PUBLISHED_SIZES
from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames, Verdict
from harness.experiments.drawing import legend, lines, log_seconds, name_hidden, panels
from harness.experiments.frames import listed, value, where
from harness.experiments.migrations import LIMIT, medium_at
from harness.palette import styles
from harness.statistics import means

QUICK, FULL = (9,), tuple(range(1, 10))
REAL = "real"
"""Groups as many and as large as the host sets of the released snapshot of 2022-03-28."""


class Affinity:
    """FR and seconds of every solver, with 0 to 9 conflicts a VM and with sets as in a released snapshot."""

    title = "Anti-affinity: fragment rate and time by conflicts a VM has"
    caption = (
        "Mean over Medium clusters, at most 50 migrations; lower is better. A conflict is another VM that must not be "
        "on the same host. Bands: 95 % bootstrap intervals. Hollow: deployment sets in number and size as in a "
        "released snapshot, at their mean of conflicts a VM. Flat lines mean that such rules cost little: a cluster of "
        "279 hosts leaves room to avoid nine."
    )
    minutes = (1, 40)

    def run(self, bench: Bench) -> Frames:
        """Compare at each level, on the same clusters with other groups."""
        clusters = bench.load("medium", quick=1, full=10)
        rows = [medium_at(bench, LIMIT, clusters).runs.assign(level="0", conflicts=0.0)]
        levels: list[int | str] = [*bench.choose(QUICK, FULL), REAL]
        for level in levels:
            grouped = {name: with_groups(cluster, _sizes(cluster, level), seed=0) for name, cluster in clusters.items()}
            conflicts = np.mean([_conflicts(cluster) for cluster in grouped.values()])
            runs = bench.compare(f"affinity-{level}", grouped, LIMIT).runs
            rows.append(runs.assign(level=str(level), conflicts=conflicts))
        frame, by = pd.concat(rows), ["solver", "level", "conflicts"]
        result = means(frame, by, "final_fr").rename(columns={"final_fr": "fr"})
        result["seconds"] = means(frame, by, "solve_s")["solve_s"]
        return {"affinity": result}

    def draw(self, frames: Frames) -> Figure:
        """Draw FR and seconds by level."""
        frame = frames["affinity"]
        figure, axes = panels(["fragment rate (FR)", "seconds a run (logarithmic)"], self.title, sharey=False)
        drawn = styles(frame["solver"].unique())
        levels, real = frame[frame["level"] != REAL], where(frame, level=REAL)
        for each, column in zip(axes, ("fr", "seconds"), strict=True):
            shown = levels if column == "fr" else levels.drop(columns=["low", "high"])
            lines(each, shown, "conflicts", column, drawn)
            for row in real.to_dict("records"):
                style = drawn[row["solver"]]
                each.plot(row["conflicts"], row[column], marker=style.marker, markersize=style.size + 4,
                          color=style.color, fillstyle="none")  # fmt: skip
            each.set_xlabel("conflicts a VM has")
        log_seconds(axes[1])
        name_hidden(axes[0], where(levels, conflicts=levels["conflicts"].max()), "fr")
        legend(figure, axes)
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Say what nine conflicts cost each solver, and what the real sets cost."""
        frame = frames["affinity"]
        fr = {level: where(frame, level=level).set_index("solver")["fr"] for level in ("0", "9", REAL)}
        costs = {level: fr[level] - fr["0"] for level in fr}
        return [
            f"Mean FR with nine conflicts a VM less that with none: {listed(costs['9'].items(), '{:+.3f}')}.",
            f"With sets as in the released snapshot: {listed(costs[REAL].items(), '{:+.3f}')}.",
        ]

    def claims(self) -> list[Claim]:
        """Say what can be said: the published table is not known to us."""
        return [Claim("VMR2L stays good under service anti-affinity (holds: FR with 9 conflicts within 0.01 of none)",
                      "table not known", _stays)]  # fmt: skip


def with_groups(cluster: Cluster, sizes: Sequence[int], seed: int) -> Cluster:
    """Put VMs into host groups of these sizes, no two of a group on one PM.

    VMs are listed PM by PM, in random order, and dealt out to the groups round by round: neighbours in the list, among
    them all VMs of a PM, come to different groups as long as a round is longer than the fullest PM.
    """
    rng = np.random.default_rng(seed)
    rank = rng.permutation(cluster.pms)[cluster.pm]
    vms = np.lexsort((rng.random(cluster.vms), rank)).tolist()
    rounds = [[group for group, size in enumerate(sizes) if size > dealt] for dealt in range(max(sizes, default=0))]
    members: list[list[int]] = [[] for _ in sizes]
    for vm, group in zip(vms, (group for each in rounds for group in each), strict=False):
        members[group].append(vm)
    groups = tuple(AntiAffinity("host", tuple(each)) for each in members if len(each) > 1)
    return replace(cluster, groups=groups)


def _sizes(cluster: Cluster, level: int | str) -> list[int]:
    """Return the sizes of the groups: as released, or so that every VM has ``level`` conflicts."""
    if level == REAL:
        return [size for size, count in PUBLISHED_SIZES.items() for _ in range(count)]
    return [int(level) + 1] * (cluster.vms // (int(level) + 1))


def _conflicts(cluster: Cluster) -> float:
    return sum(len(group.vms) * (len(group.vms) - 1) for group in cluster.groups) / cluster.vms


def _stays(frames: Frames) -> Verdict | None:
    none, nine = (value(frames["affinity"], "fr", solver="vmr2l", level=level) for level in ("0", "9"))
    return None if none is None or nine is None else Verdict(f"{none:.3f} to {nine:.3f}", nine - none < 0.01)
