"""What the solving process is told and what it answers, as plain integers in JSON."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from data import AntiAffinity, Cluster
from solvers.contract import Problem


class Mover(msgspec.Struct, array_like=True):
    """A VM that may move; place ``2 * pm + node`` is a node, and a double's place is that of its node 0."""

    cores: int
    memory_mib: int
    double: bool
    start: int
    cost: int
    """What migrating it costs."""
    choice: int
    """Index into ``Task.choices``: the places it may take, its start among them."""


class Meeting(msgspec.Struct, array_like=True):
    """An anti-affinity row: weighted arrivals of ``movers`` on ``pms`` must not exceed ``limit``."""

    pms: list[int]
    movers: list[int]
    weights: list[int]
    limit: int


class Rate(msgspec.Struct, array_like=True):
    """A slot rate of the objective; ``worth`` is that of one slot, in slots of the first rate."""

    kind: Literal["cores", "double", "memory"]
    size: int
    worth: float


class Task(msgspec.Struct):
    """The problem, and how long and with what to work on it."""

    backend: Literal["cbc", "highs"]
    threads: int
    gap: float
    end_s: float
    """Wall clock (``time.time()``) at which the backend is told to stop."""
    mnl: int
    max_cost: int | None
    """The most that all migrations may cost together."""
    open_pms: list[int]
    room: list[tuple[int, int]]
    """[2 P], cores and MiB of each place that VMs which cannot move leave."""
    movers: list[Mover]
    choices: list[list[int]]
    meetings: list[Meeting]
    rates: list[Rate]


class Answer(msgspec.Struct):
    """Where each mover ends up, and how many slots no placement exceeds; None where unknown."""

    places: list[int] | None
    bound_slots: float | None


def make_task(problem: Problem, backend: Literal["cbc", "highs"], threads: int, gap: float, end_s: float) -> Task:
    """Write ``problem`` down for the solving process."""
    cluster = problem.cluster
    movers = np.flatnonzero(cluster.may_leave)
    room = cluster.free.copy()
    for vm in movers.tolist():  # a mover gives its room back: the model places it anew
        room[cluster.pm[vm], slice(None) if cluster.double[vm] else cluster.node[vm]] += cluster.demand[vm]
    by_pool = problem.rules.stay_in_cluster
    kinds: dict[tuple[int, int, int], int] = {}
    choices: list[list[int]] = []
    told = []
    for vm in movers.tolist():
        pool = int(cluster.pool[cluster.pm[vm]]) if by_pool else -1
        stuck = int(cluster.pm[vm]) if problem.evacuees[vm] else -1  # it may stay where nothing may go
        kind = (int(cluster.vm_type[vm]), pool, stuck)
        if kind not in kinds:
            kinds[kind] = len(choices)
            receiving = cluster.receiving(problem.rules)
            receiving[stuck] |= stuck >= 0
            choices.append(_places(cluster, room, vm, pool, receiving))
        cores, memory = cluster.demand[vm].tolist()
        start = 2 * int(cluster.pm[vm]) + int(cluster.node[vm])
        cost = int(cluster.migration_cost[vm])
        told.append(Mover(cores, memory, bool(cluster.double[vm]), start, cost, kinds[kind]))
    score = problem.score
    return Task(
        backend=backend,
        threads=threads,
        gap=gap,
        end_s=end_s,
        mnl=problem.mnl,
        max_cost=problem.rules.max_cost,
        open_pms=np.flatnonzero(cluster.open).tolist(),
        room=[(cores, memory) for cores, memory in room.reshape(-1, 2).tolist()],
        movers=told,
        choices=choices,
        meetings=[row for group in cluster.groups for row in _meetings(cluster, group, movers.tolist())],
        rates=[Rate(rate.kind, rate.size, worth) for rate, worth in zip(score.terms, score.coefficients, strict=True)],
    )


def _places(cluster: Cluster, room: NDArray[np.int64], vm: int, pool: int, receiving: NDArray[np.bool_]) -> list[int]:
    """List the places where the VM fits once every other mover is gone."""
    fits = (room >= cluster.demand[vm]).all(axis=2) & receiving[:, None]
    if pool >= 0:
        fits &= (cluster.pool == pool)[:, None]
    if cluster.double[vm]:
        fits[:, 0] &= fits[:, 1]
        fits[:, 1] = False
    return [int(place) for place in np.flatnonzero(fits.reshape(-1))]


def _meetings(cluster: Cluster, group: AntiAffinity, movers: list[int]) -> list[Meeting]:
    """Write a group as one row a PM or rack, exactly what some order of moves can reach.

    Whoever enters a domain finds no fellow there, and none enters while it stays. So at the end there are only VMs
    that were there at the start, in whatever number, or one newcomer alone: with ``n`` of them at the start,
    ``stayers + max(n, 1) * newcomers <= max(n, 1)``.
    """
    index = {vm: position for position, vm in enumerate(movers)}
    home = cluster.rack if group.granularity == "rack" else np.arange(cluster.pms)
    members = sorted(set(group.vms))
    rows = []
    for domain in np.unique(home[cluster.open]):
        there = [vm for vm in members if home[cluster.pm[vm]] == domain]
        weight = max(len(there), 1)
        free = [vm for vm in members if vm in index]
        if len(free) + len(there) < 2:  # nobody to meet
            continue
        rows.append(
            Meeting(
                pms=np.flatnonzero((home == domain) & cluster.open).tolist(),
                movers=[index[vm] for vm in free],
                weights=[1 if vm in there else weight for vm in free],
                limit=weight - sum(vm not in index for vm in there),
            )
        )
    return rows
