"""The direct model: how many VMs of each class end on each node, solved by CP-SAT.

It states every constraint and objective in full, so it is exact but for the order of migrations, and it is the engine
for tiny clusters and for whatever the column formulation does not express. On large clusters its relaxation is weak.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from data import Placement
from data.cluster import CORES, MEMORY
from solvers.agenda import Place, interchange_classes
from solvers.contract import Problem
from solvers.deadline import Deadline

SIZE_LIMIT = 40_000
"""Most counts that are modelled; beyond it building alone outlasts a few seconds."""

COUNT_S = 2e-4
"""Seconds without which a count is not worth modelling: to build it takes an eighth, on a busy machine half of that."""

RESERVE_S, OVERRUN_S = 0.15, 5e-5
"""Seconds kept for the hand-over, and seconds a count by which CP-SAT outlasts its time limit on a busy machine."""

SCALE = 1 << 20
"""Integer units of a slot where the objective mixes rates."""

Target = tuple[NDArray[np.int32], NDArray[np.int8]]
"""A placement: PM int32 [V], node int8 [V]."""


class TooLargeError(Exception):
    """The model would have more variables than can be built in time."""


@dataclass(frozen=True)
class DirectResult:
    """What CP-SAT proved."""

    bound_slots: float
    """No placement within the limit has more slots; -inf where none empties the PMs that are to be emptied."""


def solve_direct(
    problem: Problem,
    deadline: Deadline,
    offer: Callable[[Target], None],
    hint: Placement,
    *,
    threads: int,
    seed: int,
) -> DirectResult:
    """Solve the count model, handing every improving placement to ``offer``.

    Parameters
    ----------
    offer
        Called from the search with each improving target placement.
    hint
        The placement to start from.

    Raises
    ------
    TooLargeError
        When the model is not worth building, or not in the time that is left.
    """
    model = _Model(problem, hint, min(SIZE_LIMIT, int(deadline.remaining_s() / COUNT_S)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = threads
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = deadline.remaining_s(RESERVE_S + OVERRUN_S * model.size)
    if solver.parameters.max_time_in_seconds <= 0.0:
        return DirectResult(float("inf"))
    status = solver.solve(model.model, _Reporter(model, offer, deadline))
    if status == cp_model.INFEASIBLE:  # met only where PMs are to be emptied
        return DirectResult(float("-inf"))
    proven = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return DirectResult(solver.best_objective_bound / model.unit if proven else float("inf"))


@dataclass
class _Class:
    """Interchangeable VMs and where they may be."""

    vms: list[int]
    home: dict[Place, int]
    count: dict[Place, cp_model.IntVar]


class _Model:
    """Variables and constraints; ``count[place]`` of each class is how many of its VMs end there."""

    def __init__(self, problem: Problem, hint: Placement, most: int) -> None:
        self.problem = problem
        self.model = cp_model.CpModel()
        cluster = problem.cluster
        self.classes = self._gather(interchange_classes(problem), most)
        self.size = sum(len(each.count) for each in self.classes)
        self._hint(hint)
        self._load: dict[tuple[int, int, int], list[tuple[cp_model.IntVar, int]]] = defaultdict(list)
        arrivals: list[cp_model.IntVar] = []
        costs: list[Any] = []
        for each in self.classes:
            self.model.add(sum(each.count.values()) == len(each.vms))
            demand, double = cluster.demand[each.vms[0]].tolist(), bool(cluster.double[each.vms[0]])
            cost, known = int(cluster.migration_cost[each.vms[0]]), len(arrivals)
            for (pm, node), count in each.count.items():
                for side in (0, 1) if double else (node,):
                    for resource in (CORES, MEMORY):
                        if demand[resource]:
                            self._load[pm, side, resource].append((count, demand[resource]))
                stayed = each.home.get((pm, node), 0)
                if stayed == 0:
                    arrivals.append(count)
                elif stayed < len(each.vms):
                    more = self.model.new_int_var(0, len(each.vms) - stayed, "")
                    self.model.add(more >= count - stayed)
                    arrivals.append(more)
            costs += [cost * count for count in arrivals[known:]]
        self.model.add(sum(arrivals) <= problem.mnl)
        if problem.rules.max_cost is not None:
            self.model.add(sum(costs) <= problem.rules.max_cost)
        self._empty = self._free_without_movable()
        for key, terms in self._load.items():
            self.model.add(sum(count * amount for count, amount in terms) <= int(self._empty[key]))
        self._add_groups()
        self.unit = self._add_objective()

    def _gather(self, classes: NDArray[np.intp], most: int) -> list[_Class]:
        """Collect the classes of VMs that may leave, and ``most`` counts at most: of each, one for every place."""
        cluster, problem = self.problem.cluster, self.problem
        members: dict[int, list[int]] = defaultdict(list)
        for vm in np.flatnonzero(cluster.may_leave).tolist():
            members[int(classes[vm])].append(vm)
        roomy = problem.placement()
        roomy.free = self._free_without_movable()
        room: dict[tuple[int, int], list[Place]] = {}
        found = []
        for vms in members.values():
            home: dict[Place, int] = defaultdict(int)
            for vm in vms:
                home[int(cluster.pm[vm]), int(cluster.node[vm])] += 1
            kind = int(cluster.vm_type[vms[0]]), int(cluster.pool[cluster.pm[vms[0]]])
            if kind not in room:
                near = cluster.pool == kind[1] if problem.rules.stay_in_cluster else cluster.open
                mask = roomy.fits(vms[0]) & (cluster.receiving(problem.rules) & near)[:, None]
                room[kind] = [(pm, node) for pm, node in np.argwhere(mask).tolist()]
            found.append((vms, home, room[kind]))
        if sum(len(places) for _, _, places in found) > most:
            raise TooLargeError
        return [
            _Class(vms, home, {place: self.model.new_int_var(0, len(vms), "") for place in places})
            for vms, home, places in found
        ]

    def _free_without_movable(self) -> NDArray[np.int64]:
        """Return what would be free if all VMs that may leave were gone: int64 [P, 2, R]."""
        cluster = self.problem.cluster
        free = cluster.free.copy()
        vms = np.flatnonzero(cluster.may_leave)
        np.add.at(free, (cluster.pm[vms], cluster.node[vms]), cluster.demand[vms])
        doubles = vms[cluster.double[vms]]
        np.add.at(free[:, 1], cluster.pm[doubles], cluster.demand[doubles])
        return free

    def _hint(self, hint: Placement) -> None:
        for each in self.classes:
            there: dict[Place, int] = defaultdict(int)
            for vm in each.vms:
                there[int(hint.pm[vm]), int(hint.node[vm])] += 1
            for place, count in each.count.items():
                self.model.add_hint(count, there[place])

    def _add_groups(self) -> None:
        """Forbid what no sequence of legal migrations reaches: a domain ends with some of its own, or one newcomer."""
        cluster = self.problem.cluster
        where = {each.vms[0]: each.count for each in self.classes if cluster.grouped[each.vms[0]]}
        for group in cluster.groups:
            domain = np.arange(cluster.pms) if group.granularity == "host" else cluster.rack
            own: dict[int, list[int]] = defaultdict(list)
            for vm in group.vms:
                own[int(domain[cluster.pm[vm]])].append(vm)
            present: dict[int, dict[int, list[cp_model.IntVar]]] = defaultdict(dict)
            for vm in group.vms:
                for (pm, _), count in where.get(vm, {}).items():
                    present[int(domain[pm])].setdefault(vm, []).append(count)
            for key, by_vm in present.items():
                locals_ = [vm for vm in own[key] if vm in by_vm]
                fixed = len(own[key]) - len(locals_)
                weight = max(1, len(own[key]))
                terms: list[cp_model.LinearExpr] = [var for vm in locals_ for var in by_vm[vm]]
                terms += [weight * var for vm, found in by_vm.items() if vm not in own[key] for var in found]
                self.model.add(sum(terms) + fixed <= weight)

    def _add_objective(self) -> int:
        """Maximise slots; return how many units of the objective are one slot."""
        cluster, score = self.problem.cluster, self.problem.score
        unit = 1 if len(score.terms) <= 1 else SCALE
        total: list[Any] = []
        for rate, coefficient in zip(score.terms, score.coefficients, strict=True):
            weight = math.ceil(coefficient * unit)  # upwards, so that the bound stays one
            for pm in np.flatnonzero(cluster.open).tolist():
                if rate.kind == "double":
                    slots = self._slot_count(pm, (0, 1), rate.resource, rate.size // 2)
                    total.append(weight * slots)
                else:
                    first, second = (self._slot_count(pm, (side,), rate.resource, rate.size) for side in (0, 1))
                    total.append(weight * (first + second))
        self.model.maximize(sum(total))
        return unit

    def _slot_count(self, pm: int, sides: Sequence[int], resource: int, size: int) -> Any:
        """Return how many slots of ``size`` fit on every one of the sides."""
        most = min(int(self._empty[pm, side, resource]) // size for side in sides)
        loaded = [side for side in sides if self._load.get((pm, side, resource))]
        if most <= 0 or not loaded:
            return max(0, most)
        slots = self.model.new_int_var(0, most, "")
        for side in loaded:
            load = sum(count * amount for count, amount in self._load[pm, side, resource])
            self.model.add(size * slots + load <= int(self._empty[pm, side, resource]))
        return slots

    def target(self, value: Callable[[cp_model.IntVar], int]) -> Target:
        """Turn counts into a placement: who may stay stays, the others fill what is left."""
        cluster = self.problem.cluster
        pm, node = cluster.pm.copy(), cluster.node.copy()
        for each in self.classes:
            wanted = {place: value(count) for place, count in each.count.items()}
            leaving = []
            for vm in each.vms:
                place = (int(cluster.pm[vm]), int(cluster.node[vm]))
                if wanted.get(place, 0) > 0:
                    wanted[place] -= 1
                else:
                    leaving.append(vm)
            places = [place for place, count in wanted.items() for _ in range(count)]
            for vm, place in zip(leaving, places, strict=True):
                pm[vm], node[vm] = place
        return pm, node


class _Reporter(cp_model.CpSolverSolutionCallback):
    """Hands improving placements on, and stops the search when the deadline is cancelled."""

    def __init__(self, model: _Model, offer: Callable[[Target], None], deadline: Deadline) -> None:
        super().__init__()
        self._model = model
        self._offer = offer
        self._deadline = deadline

    def on_solution_callback(self) -> None:
        """Decode the solution and offer it."""
        self._offer(self._model.target(self.value))
        if self._deadline.expired(0.1):
            self.stop_search()
