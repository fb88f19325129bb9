"""What is still to be done on the way to a target placement."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from data import Migration
from data.rows import distinct_rows
from solvers.contract import Problem

RESCUE = 1e6
"""Slots that it is worth to get a VM off a PM that is to be emptied: more than all others together."""

Place = tuple[int, int]
"""A PM and a node (0 for doubles)."""

Free = list[list[int]]
"""Cores and MiB that are free on both nodes of a PM: [2][R]."""


def interchange_classes(problem: Problem) -> NDArray[np.intp]:
    """Return the interchange class of each VM: intp [V]; a VM in a group or that may not move is alone.

    Where the cost of migrations is limited, interchangeable VMs cost the same.
    """
    cluster = problem.cluster
    pool = cluster.pool[cluster.pm] if problem.rules.stay_in_cluster else np.zeros(cluster.vms, dtype=np.int32)
    alone = np.where(cluster.grouped | ~cluster.may_leave, np.arange(cluster.vms) + 1, 0)
    cost = cluster.migration_cost * (problem.rules.max_cost is not None)
    return distinct_rows(np.column_stack([cluster.vm_type, pool, alone, cost]))[1]


class Agenda:
    """Departures and arrivals by class of interchangeable VMs: any departing VM of a class may fill any of its places.

    Attributes
    ----------
    moves : list of Migration
        What was carried out so far; every one was legal.
    unfinished : int
        How many arrivals are still to come.
    slots : list of float
        What has been gained after each of them.
    """

    def __init__(
        self, problem: Problem, pm: NDArray[np.int32], node: NDArray[np.int8], rng: np.random.Generator | None = None
    ) -> None:
        cluster = problem.cluster
        self.moves: list[Migration] = []
        self.slots: list[float] = []
        self._demand: list[list[int]] = cluster.demand.tolist()
        self._double: list[bool] = cluster.double.tolist()
        self._cost: list[int] = cluster.migration_cost.tolist()
        self._problem = problem
        self._rng = rng
        self._placement = problem.placement()
        self._classes = interchange_classes(problem)
        self._departing: dict[int, set[int]] = {}
        self._arriving: dict[int, Counter[Place]] = {}
        self._gather(np.flatnonzero((pm != cluster.pm) | (node != cluster.node)), pm, node)
        self._free: dict[int, Free] = {}
        self._leavers: dict[int, set[int]] = defaultdict(set)
        self._awaited: dict[int, list[tuple[int, Place]]] = defaultdict(list)
        for key, vms in self._departing.items():
            for vm in vms:
                self._leavers[int(cluster.pm[vm])].add(vm)
            for place in self._arriving[key].elements():
                self._awaited[place[0]].append((key, place))
        for changed in set(self._leavers) | set(self._awaited):
            self._learn(changed)
        self._final = self._final_free()
        self.unfinished = sum(counts.total() for counts in self._arriving.values())
        self._version: dict[int, int] = defaultdict(int)
        self._exits: dict[int, list[tuple[float, float, int, int, int]]] = defaultdict(list)
        self._entries: dict[int, list[tuple[float, Place, int]]] = defaultdict(list)
        self._hopped: set[int] = set()
        self._rank(set(self._leavers) | set(self._awaited))

    def carry_out_next(self) -> bool:
        """Carry out the migration that unblocks most, then gains most; False where none is possible."""
        candidates = []
        for key in self._arriving:
            entry, leaver = self._top_entry(key), self._top_exit(key)
            if entry is not None and leaver is not None:
                candidates.append((leaver[0], leaver[1] + entry[0], key, leaver[3], entry[1]))
        for _, _, key, vm, place in sorted(candidates):
            grouped, cost = self._problem.cluster.grouped[vm], self._cost[vm]
            if cost <= self._placement.left and (not grouped or self._placement.allowed(vm)[place[0]]):
                self._finish(key, vm, place)
                self._move(vm, place)
                return True
        return False

    def hop(self) -> bool:
        """Break a circle: send departing VMs of one PM aside so that an arrival fits; False where that is impossible.

        Fewest hops first; every hop counts as a migration, and a VM hops once.
        """
        spare = self._problem.mnl - len(self.moves) - self.unfinished
        committed = sum(self._cost[vm] for vms in self._departing.values() for vm in vms)
        affordable = self._placement.left - committed
        blocking = [
            (len(vms), pm, vms)
            for pm in sorted(self._awaited)
            for key, place in self._awaited[pm]
            if (vms := self._in_the_way(key, place)) and len(vms) <= spare
            if sum(self._cost[vm] for vm in vms) <= affordable
        ]
        return any(self._send_aside(vms) for _, _, vms in sorted(blocking))

    def give_up_one(self) -> None:
        """Drop the arrival, and let the VM of its class stay, that cost least in the end."""
        best: tuple[float, int, Place, int] | None = None
        for key, places in self._arriving.items():
            some = next(iter(self._departing[key]))
            gain, place = min((-self._change(self._final, some, place, 1), place) for place in places)
            loss, vm = min(
                (self._rescue(vm) - self._change(self._final, vm, self._home(vm), -1), vm)
                for vm in self._departing[key]
            )
            candidate = (gain + loss, key, place, vm)
            best = candidate if best is None else min(best, candidate)
        assert best is not None
        _, key, place, vm = best
        touched = {place[0], self._home(vm)[0]}
        self._adjust(self._final, vm, place, 1)
        self._adjust(self._final, vm, self._home(vm), -1)
        self._finish(key, vm, place)
        self._rank(touched)

    def _gather(self, changed: NDArray[np.intp], pm: NDArray[np.int32], node: NDArray[np.int8]) -> None:
        """Collect departures and arrivals; an arrival where a VM of its class departs cancels both."""
        homes: dict[tuple[int, Place], list[int]] = defaultdict(list)
        for vm in changed.tolist():
            homes[int(self._classes[vm]), self._home(vm)].append(vm)
        for vm in changed.tolist():
            key, place = int(self._classes[vm]), (int(pm[vm]), int(node[vm]))
            if homes.get((key, place)):
                homes[key, place].pop()
            else:
                self._arriving.setdefault(key, Counter())[place] += 1
        for (key, _), vms in homes.items():
            if vms:
                self._departing.setdefault(key, set()).update(vms)

    def _final_free(self) -> dict[int, Free]:
        """Return what is free on each PM that changes, once everything has been carried out."""
        final = {pm: [list(node) for node in free] for pm, free in self._free.items()}
        for key, vms in self._departing.items():
            some = next(iter(vms))
            for vm in vms:
                self._adjust(final, vm, self._home(vm), 1)
            for place in self._arriving[key].elements():
                self._adjust(final, some, place, -1)
        return final

    def _home(self, vm: int) -> Place:
        return int(self._placement.pm[vm]), int(self._placement.node[vm])

    def _nodes(self, vm: int, place: Place) -> tuple[int, ...]:
        return (0, 1) if self._double[vm] else (place[1],)

    def _adjust(self, free: dict[int, Free], vm: int, place: Place, sign: int) -> None:
        """Give the VM's demand back (1) or take it (-1) at a place."""
        for node in self._nodes(vm, place):
            for resource, amount in enumerate(self._demand[vm]):
                free[place[0]][node][resource] += sign * amount

    def _change(self, free: dict[int, Free], vm: int, place: Place, sign: int) -> float:
        """Return the slots that giving back (1) or taking (-1) the VM's demand at a place would gain."""
        score, here = self._problem.score, free[place[0]]
        before = score.one_pm_slots(here)
        self._adjust(free, vm, place, sign)
        after = score.one_pm_slots(here)
        self._adjust(free, vm, place, -sign)
        return after - before

    def _fits(self, vm: int, place: Place) -> bool:
        """Tell whether a VM like ``vm`` has room at a place."""
        free, demand = self._free[place[0]], self._demand[vm]
        return all(
            left >= amount for node in self._nodes(vm, place) for left, amount in zip(free[node], demand, strict=True)
        )

    def _fits_without(self, vm: int, place: Place, leavers: Iterable[int]) -> bool:
        """Tell whether a VM like ``vm`` would have room at a place once some VMs of that PM had left."""
        gone = list(leavers)
        for leaver in gone:
            self._adjust(self._free, leaver, self._home(leaver), 1)
        fits = self._fits(vm, place)
        for leaver in gone:
            self._adjust(self._free, leaver, self._home(leaver), -1)
        return fits

    def _in_the_way(self, key: int, place: Place) -> list[int]:
        """Return the fewest departing VMs, largest first, without which a blocked arrival has room; or none."""
        some = next(iter(self._departing[key]))
        if self._fits(some, place):
            return []
        vms: list[int] = []
        for vm in sorted(self._leavers[place[0]] - self._hopped, key=lambda vm: (-self._demand[vm][0], vm)):
            if self._double[vm] or self._double[some] or self._home(vm)[1] == place[1]:
                vms.append(vm)
                if self._fits_without(some, place, vms):
                    return vms
        return []

    def _send_aside(self, vms: list[int]) -> bool:
        """Hop all of some VMs, or none where one has nowhere to go."""
        done, spent = len(self.moves), self._placement.spent
        backs: list[Migration] = []
        for vm in vms:
            aside = self._aside(vm)
            if aside is None:
                break
            backs.append(Migration(vm, *self._home(vm)))
            self._move(vm, aside)
        else:
            self._hopped.update(vms)
            return True
        for back in reversed(backs):
            self._move(back.vm, (back.pm, back.node))
        del self.moves[done:], self.slots[done:]
        self._placement.spent = spent
        return False

    def _unblocks(self, vm: int) -> bool:
        """Tell whether an arrival at the VM's PM has no room now and would have once the VM has left."""
        for key, place in self._awaited[self._home(vm)[0]]:
            some = next(iter(self._departing[key]))
            if not self._fits(some, place) and self._fits_without(some, place, (vm,)):
                return True
        return False

    def _aside(self, vm: int) -> Place | None:
        """Find the place for a temporary hop: legal now, preferably on a PM where nothing is awaited."""
        places = np.argwhere(self._placement.legal(vm))
        if not len(places):
            return None
        awaited = [bool(self._awaited.get(int(pm))) for pm in places[:, 0]]
        pm, node = places[int(np.argmin(awaited))]
        return int(pm), int(node)

    def _move(self, vm: int, place: Place) -> None:
        source = self._home(vm)
        self._learn(place[0])
        self._final.setdefault(place[0], [list(node) for node in self._free[place[0]]])  # a hop leaves what was known
        gain = self._change(self._free, vm, source, 1) + self._rescue(vm)
        self._adjust(self._free, vm, source, 1)
        gain += self._change(self._free, vm, place, -1)
        self._adjust(self._free, vm, place, -1)
        self.moves.append(Migration(vm, *place))
        self.slots.append((self.slots[-1] if self.slots else 0.0) + gain)
        self._placement.apply(self.moves[-1])
        self._leavers[source[0]].discard(vm)
        if vm in self._departing.get(int(self._classes[vm]), ()):
            self._leavers[place[0]].add(vm)
        self._rank({source[0], place[0]})

    def _rescue(self, vm: int) -> float:
        """Return what it is worth that a VM leaves where it is."""
        return RESCUE if self._home(vm)[0] in self._problem.rules.drain else 0.0

    def _learn(self, pm: int) -> None:
        """Keep what is free on a PM as plain integers, which single PMs are handled with far faster than arrays."""
        if pm not in self._free:
            self._free[pm] = self._placement.free[pm].tolist()

    def _finish(self, key: int, vm: int, place: Place) -> None:
        """Strike one departure and one arrival off the agenda."""
        self._departing[key].discard(vm)
        self._leavers[self._home(vm)[0]].discard(vm)
        self.unfinished -= 1
        self._arriving[key][place] -= 1
        if not self._arriving[key][place]:
            del self._arriving[key][place]
        self._awaited[place[0]].remove((key, place))
        if not self._awaited[place[0]]:
            del self._awaited[place[0]]
        if not self._arriving[key]:
            del self._arriving[key], self._departing[key]

    def _rank(self, pms: Iterable[int]) -> None:
        """Put the departures and arrivals of some PMs, whose free resources changed, back into the queues."""
        for pm in pms:
            self._version[pm] += 1
            version = self._version[pm]
            for vm in self._leavers[pm]:
                cost = self._whim(-self._change(self._free, vm, self._home(vm), 1))
                heapq.heappush(
                    self._exits[int(self._classes[vm])], (self._need(vm), cost, -len(self.moves), vm, version)
                )
            for key, place in self._awaited.get(pm, ()):
                some = next(iter(self._departing[key]))
                if self._fits(some, place):
                    cost = self._whim(-self._change(self._free, some, place, -1))
                    heapq.heappush(self._entries[key], (cost, place, version))

    def _need(self, vm: int) -> float:
        """Rank a departure: first what makes room for an arrival, then what leaves a PM where one waits, then the rest.

        The rest are the ends of chains, which are kept for last since they wait for nobody.
        """
        pm = self._home(vm)[0]
        if not self._awaited.get(pm):
            return 0.0
        if self._unblocks(vm):
            return -2.0
        waits = any(not self._fits(next(iter(self._departing[key])), place) for key, place in self._awaited[pm])
        return -1.0 if waits else 0.0

    def _whim(self, value: float) -> float:
        """Return the value, or a random one where the order among equals is to be random."""
        return value if self._rng is None else float(self._rng.random())

    def _top_exit(self, key: int) -> tuple[float, float, int, int, int] | None:
        """Return the best current departure of a class; entries of an older state of their PM are thrown away."""
        queue = self._exits[key]
        while queue and (
            queue[0][3] not in self._departing[key] or queue[0][4] != self._version[self._home(queue[0][3])[0]]
        ):
            heapq.heappop(queue)
        return queue[0] if queue else None

    def _top_entry(self, key: int) -> tuple[float, Place, int] | None:
        """Return the best current arrival of a class; entries of an older state of their PM are thrown away."""
        queue = self._entries[key]
        while queue and (queue[0][1] not in self._arriving[key] or queue[0][2] != self._version[queue[0][1][0]]):
            heapq.heappop(queue)
        return queue[0] if queue else None
