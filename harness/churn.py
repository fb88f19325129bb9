"""A cluster in use: VMs come and go, and what then is left of a plan."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data import Cluster, Migration, Objective, Placement, Plan, Rules, Score
from data.best_fit import BestFit
from data.cluster import CORES

MINUTE_S = 60.0


@dataclass
class Guest:
    """A VM that is there now."""

    name: str
    demand: NDArray[np.int64]
    """[R], cores and MiB on each node it occupies."""
    double: bool
    pm: int
    node: int
    planned: int | None
    """Its index in the first snapshot; None for one that came later, which is pinned by nothing and in no group."""

    @property
    def nodes(self) -> slice:
        """The nodes of its PM that it occupies."""
        return slice(0, 2) if self.double else slice(self.node, self.node + 1)


class Churn:
    """Arrivals and exits that keep the cluster as full as it was.

    Changes follow a Poisson process. While no more cores are used than at the start a VM arrives, else one leaves, so
    that there are about as many of both, and utilisation stays within one VM of where it was. An arrival has demand
    and shape of a random VM of the first snapshot and goes where best-fit puts it, or is refused where it fits
    nowhere; the one that leaves is drawn at random. Nothing comes to or leaves a closed PM.

    Parameters
    ----------
    cluster
        The first snapshot.
    arrivals
        VMs that arrive a minute, by time (seconds); more than 0. As many leave, so there are twice as many changes.
    seed
        Of everything that is drawn.
    """

    def __init__(self, cluster: Cluster, arrivals: Callable[[float], float], seed: int) -> None:
        self.first = cluster
        self.free: NDArray[np.int64] = cluster.free.copy()
        self.guests = [
            Guest(cluster.vm_names[vm], cluster.demand[vm], bool(cluster.double[vm]), int(cluster.pm[vm]),
                  int(cluster.node[vm]), vm)
            for vm in range(cluster.vms)
        ]  # fmt: skip
        self.arrived = self.left = self.refused = 0
        self._arrivals = arrivals
        taken = set(cluster.vm_names)
        self._names = (name for number in itertools.count() if (name := f"new_{number}") not in taken)
        self._rng = np.random.default_rng(seed)
        self._scheduler = BestFit(cluster)
        self._target = int(cluster.free[:, :, CORES].sum())
        self._free_cores = self._target
        self._next_s = self._gap_s(0.0)

    def advance(self, until_s: float) -> bool:
        """Let happen what happens before ``until_s`` seconds after the start; tell whether anything did."""
        changes = self.arrived + self.left
        while self.first.vms and self._next_s < until_s:
            if self._free_cores >= self._target:
                self._arrive()
            else:
                self._leave()
            self._next_s += self._gap_s(self._next_s)
        return self.arrived + self.left > changes

    def fr(self) -> float:
        """Return the fragment rate now, in slots of 16 cores."""
        cores = self.free[self.first.open]
        total = int(cores[:, :, CORES].sum())
        rate = Objective().rates[0]
        return 1 - rate.size * int(rate.slots(cores).sum()) / total if total else 0.0

    def snapshot(self, name: str) -> Cluster:
        """Return the cluster as it is now, under a name."""
        first, guests = self.first, self.guests
        index = {guest.planned: vm for vm, guest in enumerate(guests) if guest.planned is not None}
        groups = (
            replace(group, vms=tuple(index[vm] for vm in group.vms if vm in index)) for group in first.groups
        )  # fmt: skip
        return replace(
            first,
            name=name,
            demand=np.array([guest.demand for guest in guests]).reshape(-1, first.demand.shape[1]),
            double=np.array([guest.double for guest in guests], dtype=bool),
            pm=np.array([guest.pm for guest in guests], dtype=np.int32),
            node=np.array([guest.node for guest in guests], dtype=np.int8),
            movable=np.array([guest.planned is None or first.movable[guest.planned] for guest in guests], dtype=bool),
            migration_cost=np.array(
                [1 if guest.planned is None else first.migration_cost[guest.planned] for guest in guests]
            ),
            vm_names=tuple(guest.name for guest in guests),
            groups=tuple(group for group in groups if len(group.vms) > 1),
            vm_type_names=(),
        )

    def carry_out(self, plan: Plan, planned: Cluster) -> int:
        """Carry out what is left of a plan for an earlier snapshot; return how many migrations that was."""
        possible = surviving(self.snapshot(self.first.name), planned, plan)
        for vm, pm, node in possible:
            guest = self.guests[vm]
            self.free[guest.pm, guest.nodes] += guest.demand
            guest.pm, guest.node = pm, node
            self.free[guest.pm, guest.nodes] -= guest.demand
        return len(possible)

    def _arrive(self) -> None:
        vm = int(self._rng.integers(self.first.vms))
        demand, double = self.first.demand[vm], bool(self.first.double[vm])
        place = self._scheduler.place(self.free, demand, double)
        self.arrived += 1
        if place is None:
            self.refused += 1
            return
        guest = Guest(next(self._names), demand, double, *place, None)
        self.guests.append(guest)
        self._occupy(guest, -1)

    def _leave(self) -> None:
        at = int(self._rng.integers(len(self.guests)))
        if not self.first.open[self.guests[at].pm]:
            return
        self.guests[at], self.guests[-1] = self.guests[-1], self.guests[at]
        self._occupy(self.guests.pop(), 1)
        self.left += 1

    def _occupy(self, guest: Guest, sign: int) -> None:
        self.free[guest.pm, guest.nodes] += sign * guest.demand
        self._free_cores += sign * int(guest.demand[CORES]) * (1 + guest.double)

    def _gap_s(self, now_s: float) -> float:
        return float(self._rng.exponential(MINUTE_S / (2 * self._arrivals(now_s))))


def surviving(now: Cluster, planned: Cluster, plan: Plan, rules: Rules = Rules()) -> Plan:
    """Return what can still be carried out of a plan that was made for another snapshot, as a plan for this one.

    A migration is skipped where its VM has left or where it is not legal when its turn comes.
    """
    index = {name: vm for vm, name in enumerate(now.vm_names)}
    placement, kept = Placement(now, rules), []
    for vm, pm, node in plan:
        here = index.get(planned.vm_names[vm])
        migration = None if here is None else Migration(here, pm, node)
        if migration is not None and placement.is_legal(migration):
            placement.apply(migration)
            kept.append(migration)
    return Plan(tuple(kept))


def fr_after(now: Cluster, plan: Plan) -> float:
    """Return the fragment rate after a valid plan."""
    return Score(now, Objective()).rate(Placement(now).apply_plan(plan).free)
