"""From a cluster to what matters for its optimum: node states, PM classes and VM kinds, all counted.

VMs of one kind are interchangeable (where the cost of migrations is limited they cost the same, too), so are nodes with
the same content and free resources, so are PMs with the same nodes. Only distinct ones are kept, with how many there
are. What never changes (pinned VMs, closed PMs) is left out.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from data.cluster import CORES, MEMORY, usage
from data.rows import distinct_rows
from solvers.contract import Problem
from solvers.mip.worth import Worth

ANY_POOL = -1

COST_LEVELS, COST_KINDS = 4096, 128
"""The largest cost of a migration in units, and the most kinds that costs may make: finer costs are rounded down."""

MEMORY_LEVELS = 2048
"""Most memory levels that are told apart; a finer memory grid is rounded, in the direction that keeps bounds valid."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """The counted form of a problem: T1 kinds of singles, T2 kinds of doubles, S node states, C PM classes.

    Where slots on both nodes count, their placeholders are one more kind of doubles, the last (D = T2 + 1; else
    D = T2); every PM holds as many as fit, and what is free is what is left beside them. Cores and memory are in units
    that divide all demands. Memory is dropped (all zero) where it cannot bind. Anti-affinity is left out: the
    reduction is a relaxation of the problem where there are groups.
    """

    problem: Problem
    single: NDArray[np.int64]
    """[T1, 2], units of cores and memory on the node; kind i of the columns of ``content``."""
    single_pool: NDArray[np.int64]
    """[T1], the pool that VMs of the kind must stay in; 0 where they may go anywhere."""
    double: NDArray[np.int64]
    """[D, 2], units of cores and memory on each of the two nodes."""
    double_pool: NDArray[np.int64]
    """[D]; `ANY_POOL` for placeholders."""
    kind: NDArray[np.intp]
    """[V], the kind of each VM: below T1 a single, then the doubles; -1 for VMs that may not or need not move."""
    content: NDArray[np.int64]
    """[K, T1], distinct node contents: how many movable singles of each kind."""
    state: NDArray[np.int64]
    """[S, 4], distinct node states: content, free cores and free memory in units, pool."""
    state_count: NDArray[np.int64]
    """[S], nodes in the state."""
    node_state: NDArray[np.intp]
    """[P, 2], the state of each node; -1 on closed PMs."""
    pm_class: NDArray[np.intp]
    """[P], the class of each PM; -1 for closed PMs."""
    class_states: NDArray[np.int64]
    """[C, 2], the two node states, the lower first: the nodes of a PM may be swapped."""
    class_doubles: NDArray[np.int64]
    """[C, D], movable doubles of each kind."""
    class_count: NDArray[np.int64]
    """[C], PMs in the class."""
    cost: NDArray[np.int64]
    """[T1 + T2], units that migrating a VM of the kind costs; all 0 where no plan can exceed the limit."""
    budget: int
    """Units that migrations may cost together, those off PMs that are to be emptied left out."""
    limit: int
    """Migrations besides those off PMs that are to be emptied; negative where there are too many of these."""
    supply: NDArray[np.int64]
    """[T1 + T2], VMs of each kind on PMs that are to be emptied: they come in addition and have to go somewhere."""
    emptied_slots: float
    """Slots of these PMs, otherwise left out, once they are empty."""
    worth: Worth
    """What free resources are worth."""
    unit: tuple[int, int]
    """Cores and MiB of a unit."""

    @cached_property
    def levels(self) -> tuple[int, int]:
        """Most cores and memory, in units, that a node can have free once all movable VMs have left it."""
        used = self.content[self.state[:, 0]] @ self.single
        top = self.state[:, 1:3] + used
        doubles = self.class_doubles @ self.double
        top_pm = top[self.class_states].max(axis=1) + doubles if len(self.class_states) else top[:0]
        most = np.concatenate([top, top_pm, np.zeros((1, 2), dtype=np.int64)]).max(axis=0)
        return int(most[0]), int(most[1])

    @cached_property
    def kinds(self) -> int:
        """T1 + T2."""
        return len(self.single) + self.doubles

    def part(self, share: float) -> "Reduction":
        """Keep a random share of the classes, 0 to 1, of the limits and of the supply; for prices only.

        VMs and PMs stay what they are.
        """
        classes = np.arange(len(self.class_count))
        kept = np.sort(np.random.default_rng(0).permutation(classes)[: max(1, round(share * len(classes)))])
        states, states_of = np.unique(self.class_states[kept], return_inverse=True)
        states_of = states_of.reshape(-1, 2)
        count = np.zeros(len(states), dtype=np.int64)
        np.add.at(count, states_of, self.class_count[kept, None])
        return replace(
            self,
            budget=ceil(share * self.budget),
            limit=ceil(share * self.limit),
            supply=np.ceil(share * self.supply).astype(np.int64),
            state=self.state[states],
            state_count=count,
            class_states=states_of.astype(np.int64),
            class_doubles=self.class_doubles[kept],
            class_count=self.class_count[kept],
        )

    @property
    def doubles(self) -> int:
        """T2."""
        return len(self.double) - (self.worth.half > 0)


def reduce_problem(problem: Problem) -> Reduction:
    """Count node states and PM classes of a problem; vectorised, so that 200,000 VMs take about a second."""
    cluster = problem.cluster
    vm_cost, budget = _costs(problem)
    kind, shapes, pools, cost = _kinds(problem, vm_cost)
    singles = int((shapes[:, 0] == 0).sum())
    worth = Worth.of(problem.score)
    demand, free, unit = _units(problem, kind, shapes, worth)
    active = np.flatnonzero(cluster.receiving(problem.rules))
    evacuees = np.flatnonzero(problem.evacuees & (kind >= 0))
    supply = np.bincount(kind[evacuees], minlength=len(shapes))
    content_of = np.zeros((cluster.pms, 2, singles), dtype=np.int64)
    vms = np.flatnonzero((kind >= 0) & (kind < singles))
    np.add.at(content_of, (cluster.pm[vms], cluster.node[vms], kind[vms]), 1)
    doubles_of = np.zeros((cluster.pms, len(shapes) - singles), dtype=np.int64)
    vms = np.flatnonzero(kind >= singles)
    np.add.at(doubles_of, (cluster.pm[vms], kind[vms] - singles), 1)
    if worth.half:
        half = worth.half // unit[CORES]
        held = free[..., CORES].min(axis=1) // half
        free[..., CORES] -= half * held[:, None]
        doubles_of = np.column_stack([doubles_of, held])
        demand, pools = np.vstack([demand, [[half, 0]]]), np.append(pools, ANY_POOL)
    pool = cluster.pool.astype(np.int64) if problem.rules.stay_in_cluster else np.zeros(cluster.pms, dtype=np.int64)
    content, content_id = distinct_rows(content_of[active].reshape(2 * len(active), singles))
    rows = np.column_stack([content_id, free[active].reshape(-1, 2), np.repeat(pool[active], 2)])
    state, state_id = distinct_rows(rows)
    pair = np.sort(state_id.reshape(-1, 2), axis=1)
    classes, class_id = distinct_rows(np.column_stack([pair, doubles_of[active]]))
    node_state = np.full((cluster.pms, 2), -1, dtype=np.intp)
    node_state[active] = state_id.reshape(-1, 2)
    pm_class = np.full(cluster.pms, -1, dtype=np.intp)
    pm_class[active] = class_id
    return Reduction(
        problem=problem,
        single=np.ascontiguousarray(demand[:singles]),
        single_pool=pools[:singles].copy(),
        double=np.ascontiguousarray(demand[singles:]),
        double_pool=pools[singles:].copy(),
        kind=kind,
        content=content,
        state=state,
        state_count=np.bincount(state_id, minlength=len(state)),
        node_state=node_state,
        pm_class=pm_class,
        class_states=classes[:, :2].copy(),
        class_doubles=classes[:, 2:].copy(),
        class_count=np.bincount(class_id, minlength=len(classes)),
        cost=cost,
        budget=budget - int(supply @ cost),
        limit=problem.mnl - int(problem.evacuees.sum()),
        supply=supply,
        emptied_slots=_emptied_slots(problem, kind, worth),
        worth=worth,
        unit=unit,
    )


def _emptied_slots(problem: Problem, kind: NDArray[np.intp], worth: Worth) -> float:
    """Count the slots of the PMs that are to be emptied, once they are."""
    pms = [pm for pm in sorted(problem.rules.drain) if problem.cluster.open[pm]]
    room = _room(problem, kind)[pms]
    slots = sum(each * float(rate.slots(room).sum()) for rate, each in worth.node)
    double = next((rate for rate in problem.score.terms if rate.kind == "double"), None)
    return slots + (worth.whole * float(double.slots(room).sum()) if double else 0.0)


def _costs(problem: Problem) -> tuple[NDArray[np.int64], int]:
    """Return what migrating each VM costs [V], and the limit, in units; zeros where no plan can exceed it.

    Costs are cut to as many leading bits as leave few enough kinds of VMs, and left out where one bit is too many. What
    is rounded down allows more, so bounds stay valid, and are exact where costs are few.
    """
    cluster, limit = problem.cluster, problem.rules.max_cost
    cost = cluster.migration_cost
    movers = np.sort(cost[cluster.may_leave])
    if limit is None or movers[max(0, len(movers) - problem.mnl) :].sum() <= limit:
        return np.zeros_like(cost), 0
    unit = int(np.gcd.reduce(movers))
    unit *= max(1, int(movers[-1]) // unit // COST_LEVELS)
    cost = cost // unit
    length = np.frexp(cost.astype(np.float64))[1]
    for bits in range(int(length.max()), 0, -1):
        shift = np.maximum(0, length - bits)
        cut = cost >> shift << shift
        if len(distinct_rows(np.column_stack([cluster.vm_type, cut])[cluster.may_leave])[0]) <= COST_KINDS:
            return cut, limit // unit
    return np.zeros_like(cost), 0


def _kinds(
    problem: Problem, cost: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Find the kinds of movable VMs, singles first: kind [V], shape and demand [T, 3], pool [T], cost [T]."""
    cluster = problem.cluster
    movers = np.flatnonzero(cluster.may_leave & (cluster.demand > 0).any(axis=1))
    home = cluster.pool[cluster.pm[movers]] if problem.rules.stay_in_cluster else np.zeros(len(movers), dtype=np.int32)
    rows = np.column_stack([cluster.types[cluster.vm_type[movers]], home, cost[movers]])
    distinct, inverse = distinct_rows(rows)
    kind = np.full(cluster.vms, -1, dtype=np.intp)
    kind[movers] = inverse
    return kind, distinct[:, :3], distinct[:, 3], distinct[:, 4].copy()


def _units(
    problem: Problem, kind: NDArray[np.intp], shapes: NDArray[np.int64], worth: Worth
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[int, int]]:
    """Express demands [T, 2] and free resources [P, 2, 2] in units; what is no whole unit of room can never be used.

    On a rounded grid it is the room of a node, not what is free on it, that is rounded down with the demands: who
    leaves would else give back less than it takes.
    """
    cluster = problem.cluster
    unit = np.array([max(1, int(np.gcd.reduce(np.append(shapes[:, 1], worth.core_sizes)))), 1])
    demand, room = shapes[:, 1:].copy(), _room(problem, kind)
    if len(worth.memory_sizes) or memory_binds(problem, kind, shapes):
        unit[MEMORY] = max(1, int(np.gcd.reduce(np.append(shapes[:, 2], worth.memory_sizes))))
        unit[MEMORY] *= max(1, int(cluster.capacity[..., MEMORY].max()) // int(unit[MEMORY]) // MEMORY_LEVELS)
    else:
        demand[:, MEMORY] = 0
        room[..., MEMORY] = 0
    demand //= unit
    movers = np.flatnonzero(kind >= 0)
    used = usage(cluster.pms, demand[kind[movers]], cluster.double[movers], cluster.pm[movers], cluster.node[movers])
    return demand, room // unit - used, (int(unit[CORES]), int(unit[MEMORY]))


def memory_binds(problem: Problem, kind: NDArray[np.intp], shapes: NDArray[np.int64]) -> bool:
    """Tell whether some choice of movable VMs could fit a node by cores and not by memory.

    It cannot where every VM asks for less memory a core than every node has, once what is pinned is taken off.
    """
    if not len(shapes):
        return False
    if (shapes[:, 1] == 0).any():
        return True
    room = _room(problem, kind)[problem.cluster.open].reshape(-1, 2)
    worst = int((shapes[:, 2] / shapes[:, 1]).argmax())
    return bool((room[:, CORES] * shapes[worst, 2] > room[:, MEMORY] * shapes[worst, 1]).any())


def _room(problem: Problem, kind: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return what is free on each node once all VMs of any kind have left: int64 [P, 2, R], cores and MiB."""
    cluster = problem.cluster
    movers = np.flatnonzero(kind >= 0)
    return cluster.free + usage(
        cluster.pms, cluster.demand[movers], cluster.double[movers], cluster.pm[movers], cluster.node[movers]
    )
