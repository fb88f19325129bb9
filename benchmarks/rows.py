"""What the exact solver is measured on, and what must hold there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from benchmarks import instances as make
from benchmarks.instances import PUBLISHED_SIZES
from data import Cluster, Objective, Rules
from data.cluster import MEMORY
from data.generators import generate

FR16 = Objective()
FR64 = Objective.parse("double64")
MIXED = Objective.parse("0.5*cores16+0.5*double64")


@dataclass(frozen=True)
class Bar:
    """What must hold: a proven optimum, or a gap small enough, with so many slots, in so much time and memory."""

    wall_s: float
    """Median of the solve call; of several clusters, of each."""
    gap: float = 0.0
    """Share of the slots that the bound leaves to gain, 0 for proven."""
    slots: int | None = None
    """Slots at the end, where they are known."""
    proven_share: float = 1.0
    """Share of the clusters on which the gap and the time must hold."""
    rss_gb: float | None = None

    def __str__(self) -> str:
        goal = f"gap <= {self.gap:.1%}" if self.gap else "proven"
        share = f" on {self.proven_share:.0%}" if self.proven_share < 1 else ""
        slots = f", {self.slots} slots" if self.slots is not None else ""
        memory = f", {self.rss_gb:g} GB" if self.rss_gb else ""
        return f"{goal}{share}{slots}, {self.wall_s:g} s{memory}"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    clusters: tuple[Callable[[], Cluster], ...]
    mnl: float
    """Migrations; below 1, a share of the VMs."""
    bar: Bar | None
    """None for what is measured besides the requirements."""
    time_limit_s: float = 5.0
    repeats: int = 5
    slow: bool = False
    objective: Objective = field(default_factory=Objective)
    rules: Rules = field(default_factory=Rules)

    @property
    def label(self) -> str:
        """Name with MNL: unique, and what ``--only`` looks in."""
        return f"{self.name}, MNL {self.mnl:.1%}" if self.mnl < 1 else f"{self.name}, MNL {self.mnl:g}"


def rows() -> list[Row]:
    """List all, the required ones in the order of the requirements, then the others."""
    return [*_snapshots(), *_hard(), *_many(), *_others()]


def _snapshots() -> list[Row]:
    medium = {25: 24, 50: 37, 100: 62}
    large = {50: 503, 100: 528, 200: 537}
    presets = tuple(partial(generate, "medium", "test", index) for index in range(100))
    return [
        *(Row("medium.json", (make.medium,), mnl, Bar(0.15, slots=slots)) for mnl, slots in medium.items()),
        *(Row("large.json", (make.large,), mnl, Bar(0.2, slots=slots)) for mnl, slots in large.items()),
        *(Row("100 of preset medium", presets, mnl, Bar(0.15, proven_share=0.99), repeats=1) for mnl in (10, 25, 50)),
    ]


def _hard() -> list[Row]:
    odd = tuple(partial(make.odd_sizes, 300, seed, memory=True) for seed in range(3))
    preset = (partial(generate, "medium", "test", 0),)
    return [
        *(
            Row("large.json, memory binds", (_large_memory,), mnl, Bar(2.0), time_limit_s=8.0, repeats=3)
            for mnl in (50, 100)
        ),
        Row("3 of odd sizes, 300 PMs, memory binds", odd, 0.05, Bar(5.0, gap=0.01), repeats=1),
        *(
            Row(f"{snapshot.__name__}.json, {name}", (partial(_grouped, snapshot, sizes),), mnl, bar, bar.wall_s, 3)
            for snapshot in (make.medium, make.large)
            for name, sizes, bar in (
                ("300 host groups of 1-5", PUBLISHED_SIZES, Bar(1.0, gap=0.01)),
                ("10 host groups of 100", {100: 10}, Bar(5.0, gap=0.01)),
            )
            for mnl in (50, 100)
        ),
        *(
            Row(f"preset medium, {objective}", preset, 50, Bar(5.0, gap=0.01), repeats=2, objective=objective)
            for objective in (FR64, MIXED)
        ),
    ]


def _many() -> list[Row]:
    return [
        Row("large.json x50, 20% re-placed", (_large_x50,), 0.025, Bar(5.0, rss_gb=1.0), 20.0, 2, slow=True),
        Row("a million VMs", (partial(make.million, 0),), 0.01, Bar(60.0, gap=0.005, rss_gb=8.0), 60.0, 1, slow=True),
    ]


def _others() -> list[Row]:
    """List what is supported beyond the requirements, to be seen and not to be forgotten."""
    odd = tuple(partial(make.odd_sizes, 300, seed, memory=False) for seed in range(3))
    unequal = tuple(partial(make.unequal_pms, 300, seed) for seed in range(3))
    tiny = tuple(partial(_tiny, snapshot, seed) for snapshot in (make.medium, _large_memory) for seed in range(5))
    medium = (make.medium,)
    return [
        Row("large.json, 20% re-placed", (partial(_replaced, make.large),), 0.025, None, repeats=3),
        Row("large.json, memory binds, 20% re-placed", (partial(_replaced, _large_memory),), 0.025, None, repeats=1),
        Row("3 of odd sizes, 300 PMs, cores only", odd, 0.05, None, repeats=1),
        Row("3 of unequal PMs, 300 PMs", unequal, 0.025, None, repeats=1),
        *(
            Row(f"medium.json, {share:.1%} free", (partial(_filled, share),), 50, None, repeats=1)
            for share in (0.02, 0.004, 0.002)
        ),
        Row("10 of 6-10 PMs", tiny, 10, None, repeats=1),
        Row("medium.json, 30 rack groups of 5-8", (_racks,), 50, None, repeats=1),
        *(Row("medium.json, 12 host groups of 150", (partial(_grouped, make.medium, {150: 12}),), mnl, None,
              time_limit_s=20.0, repeats=1) for mnl in (50, 100, 200)),
        *(Row(f"{snapshot.__name__}.json, memory in GiB costs, at most {most}", (partial(_dear, snapshot),), 50, None,
              repeats=1, rules=Rules(max_cost=most)) for snapshot in (make.medium, make.large) for most in (200, 800)),
        Row("medium.json, two PMs to be emptied", medium, 50, None, repeats=1, rules=Rules(drain=frozenset({3, 9}))),
        Row("large.json, 20 PMs to be emptied", (make.large,), 150, None, repeats=1,
            rules=Rules(drain=frozenset(range(20)))),
        Row("medium.json, as many PMs emptied as possible", medium, 50, None, repeats=1,
            objective=Objective.parse("double88")),
        Row("medium.json, 20% pinned, 5% of PMs closed", (_pinned,), 50, None, repeats=1),
        Row("medium.json, stay in cluster", medium, 50, None, repeats=1, rules=Rules(stay_in_cluster=True)),
        Row("medium.json, slots of 8", medium, 50, None, repeats=1, objective=Objective.parse("cores8")),
        Row("large.json, double64", (make.large,), 50, None, repeats=1, objective=FR64),
        Row("preset multi, memory32768", (partial(generate, "multi", "test", 0),), 50, None, repeats=1,
            objective=Objective.parse("memory32768")),
    ]  # fmt: skip


def _large_memory() -> Cluster:
    return make.memory_mixed(make.large(), seed=0)


def _large_x50() -> Cluster:
    return make.replaced(make.tiled(make.large(), 50), 0.2, seed=0)


def _grouped(snapshot: Callable[[], Cluster], sizes: Mapping[int, int]) -> Cluster:
    return make.host_groups(snapshot(), sizes, seed=0)


def _dear(snapshot: Callable[[], Cluster]) -> Cluster:
    cluster = snapshot()
    return replace(cluster, migration_cost=cluster.demand[:, MEMORY] * (1 + cluster.double) // 1024)


def _racks() -> Cluster:
    return make.host_groups(make.medium(), {5: 15, 8: 15}, seed=0, granularity="rack")


def _replaced(snapshot: Callable[[], Cluster]) -> Cluster:
    return make.replaced(snapshot(), 0.2, seed=0)


def _filled(free_share: float) -> Cluster:
    return make.filled(make.medium(), free_share, seed=0)


def _tiny(snapshot: Callable[[], Cluster], seed: int) -> Cluster:
    return make.part(snapshot(), 6 + seed, seed)


def _pinned() -> Cluster:
    cluster, rng = make.medium(), np.random.default_rng(0)
    return replace(cluster, movable=rng.random(cluster.vms) >= 0.2, open=rng.random(cluster.pms) >= 0.05)
