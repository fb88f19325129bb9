"""The best plan of a tiny problem by trying them all; shares no code with `Placement`, `Score` or the checker.

A state is a tuple of places, one a VM: place ``2 * pm + node``, and ``2 * pm`` for a double. Plans to one state may
cost different amounts, so the search goes over states with what was spent on the way (0 where that is not limited).
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product
from typing import NamedTuple

from data import Plan
from solvers.contract import Problem

State = tuple[int, ...]
Reached = tuple[State, int]
"""A state, and what the migrations to it cost."""
Origins = dict[Reached, tuple[Reached, tuple[int, int]] | None]
"""From where, by which VM going to which place."""


class Best(NamedTuple):
    """The lowest FR that can be reached, exactly, and a shortest plan that reaches it."""

    fr: Fraction
    plan: Plan


def best_plan(problem: Problem) -> Best:
    """Search all ordered plans within the MNL, breadth first over the distinct states they lead to."""
    tiny = _Tiny(problem)
    origins: Origins = {}
    best, best_fr = (tiny.start, 0), tiny.rate(tiny.start)
    for layer in _layers(tiny, problem.mnl, origins):
        for reached in layer:
            if (fr := tiny.rate(reached[0])) < best_fr:
                best, best_fr = reached, fr
    steps: list[tuple[int, int, int]] = []
    while (origin := origins[best]) is not None:
        best, (vm, place) = origin
        steps.append((vm, place // 2, place % 2))
    return Best(best_fr, Plan.of(reversed(steps)))


def best_emptied(problem: Problem) -> Fraction | None:
    """Return the lowest FR of all ordered plans that empty the PMs which are to be emptied; None where none does."""
    tiny = _Tiny(problem)
    return min(
        (
            tiny.rate(state)
            for layer in _layers(tiny, problem.mnl, {})
            for state, _ in layer
            if not any(place // 2 in problem.rules.drain for place in state)
        ),
        default=None,
    )


def fewest_migrations(problem: Problem, goal: Fraction) -> int | None:
    """Return with how few migrations some ordered plan reaches an FR of at most ``goal``; None where none does."""
    tiny = _Tiny(problem)
    for count, layer in enumerate(_layers(tiny, problem.mnl, {})):
        if any(tiny.rate(state) <= goal for state, _ in layer):
            return count
    return None


def _layers(tiny: "_Tiny", mnl: int, origins: Origins) -> Iterator[list[Reached]]:
    """Yield what takes 0, 1, ... migrations to reach, and note where each comes from."""
    layer: list[Reached] = [(tiny.start, 0)]
    origins[layer[0]] = None
    yield layer
    for _ in range(mnl):
        following = []
        for state, spent in layer:
            for vm, place in tiny.migrations(state):
                reached = (*state[:vm], place, *state[vm + 1 :]), spent + tiny.cost[vm]
                if reached[1] <= tiny.budget and reached not in origins:
                    origins[reached] = (state, spent), (vm, place)
                    following.append(reached)
        layer = following
        yield layer


def best_final(problem: Problem) -> Fraction:
    """Search all final placements that differ in at most MNL VMs, whether or not an order of moves leads there."""
    tiny = _Tiny(problem)
    best = tiny.rate(tiny.start)
    for moves in range(1, min(problem.mnl, len(tiny.movers)) + 1):
        for chosen in combinations(tiny.movers, moves):
            if sum(tiny.cost[vm] for vm in chosen) > tiny.budget:
                continue
            for places in product(*(tiny.places[vm] for vm in chosen)):
                state = list(tiny.start)
                for vm, place in zip(chosen, places, strict=True):
                    state[vm] = place
                if tiny.fits_all(state) and tiny.keeps_groups(state):
                    best = min(best, tiny.rate(tuple(state)))
    return best


class _Tiny:
    """The problem in plain integers."""

    def __init__(self, problem: Problem) -> None:
        cluster = problem.cluster
        self.capacity: list[list[int]] = cluster.capacity.reshape(-1, 2).tolist()
        self.demand: list[list[int]] = cluster.demand.tolist()
        self.double: list[bool] = cluster.double.tolist()
        self.rack: list[int] = cluster.rack.tolist()
        self.open: list[bool] = cluster.open.tolist()
        self.start: State = tuple(2 * p + n for p, n in zip(cluster.pm.tolist(), cluster.node.tolist(), strict=True))
        self.groups = [(group.granularity, group.vms) for group in cluster.groups]
        movable, pool = cluster.movable.tolist(), cluster.pool.tolist()
        self.movers = [vm for vm, place in enumerate(self.start) if movable[vm] and self.open[place // 2]]
        self.places = {
            vm: [
                place
                for place in range(0, len(self.capacity), 2 if self.double[vm] else 1)
                if self.open[place // 2]
                and place // 2 not in problem.rules.drain
                and not (problem.rules.stay_in_cluster and pool[place // 2] != pool[self.start[vm] // 2])
            ]
            for vm in self.movers
        }
        limit = problem.rules.max_cost
        self.budget = 0 if limit is None else limit
        self.cost = [0 if limit is None else cost for cost in cluster.migration_cost.tolist()]
        self.rates = [(rate.kind, rate.size, rate.weight) for rate in problem.objective.rates]
        room = self.free(self.start)
        self.total = [sum(free[r] for place, free in enumerate(room) if self.open[place // 2]) for r in (0, 1)]

    def sides(self, vm: int, place: int) -> tuple[int, ...]:
        return (place, place + 1) if self.double[vm] else (place,)

    def free(self, state: State | list[int]) -> list[list[int]]:
        room = [list(node) for node in self.capacity]
        for vm, place in enumerate(state):
            for side in self.sides(vm, place):
                room[side][0] -= self.demand[vm][0]
                room[side][1] -= self.demand[vm][1]
        return room

    def rate(self, state: State) -> Fraction:
        room, result = self.free(state), Fraction(0)
        for kind, size, weight in self.rates:
            column = 1 if kind == "memory" else 0
            if not self.total[column]:
                continue
            slots = 0
            for pm, is_open in enumerate(self.open):
                first, second = room[2 * pm][column], room[2 * pm + 1][column]
                if is_open and kind == "double":
                    slots += min(first // (size // 2), second // (size // 2))
                elif is_open:
                    slots += first // size + second // size
            result += weight * (1 - Fraction(size * slots, self.total[column]))
        return result

    def migrations(self, state: State) -> Iterator[tuple[int, int]]:
        room = self.free(state)
        for vm in self.movers:
            cores, memory = self.demand[vm]
            for place in self.places[vm]:
                if (
                    place != state[vm]
                    and all(room[side][0] >= cores and room[side][1] >= memory for side in self.sides(vm, place))
                    and self.may_meet(state, vm, place)
                ):
                    yield vm, place

    def may_meet(self, state: State, vm: int, place: int) -> bool:
        """Tell whether no fellow sits in the domain it goes to, or the VM is in that domain already."""
        for granularity, members in self.groups:
            if vm in members:
                goal, origin = self.domain(granularity, place), self.domain(granularity, state[vm])
                if goal != origin and any(
                    self.domain(granularity, state[other]) == goal for other in members if other != vm
                ):
                    return False
        return True

    def domain(self, granularity: str, place: int) -> int:
        return place // 2 if granularity == "host" else self.rack[place // 2]

    def fits_all(self, state: list[int]) -> bool:
        return all(cores >= 0 and memory >= 0 for cores, memory in self.free(state))

    def keeps_groups(self, state: list[int]) -> bool:
        """Whoever came last to a domain found it empty: a newcomer is alone there."""
        for granularity, members in self.groups:
            homes: dict[int, list[int]] = {}
            for vm in set(members):
                homes.setdefault(self.domain(granularity, state[vm]), []).append(vm)
            for home, there in homes.items():
                newcomers = [vm for vm in there if self.domain(granularity, self.start[vm]) != home]
                if newcomers and len(there) > 1:
                    return False
        return True
