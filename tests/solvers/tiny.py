"""Seeded random clusters small enough for brute force, tight enough that the order of moves matters."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from data import AntiAffinity, Cluster, Objective, Rules, SlotRate
from solvers.contract import Problem


def random_tiny(seed: int) -> Problem:
    """Draw a problem of at most 4 PMs, 8 VMs and 4 migrations, with any of the constraints there are.

    In every fifth the cost of migrations is limited.

    Nodes get just what their VMs use and a small slack, so that PMs differ, nodes are nearly full, memory binds in
    about a third of the draws, and exchanges need a free corner elsewhere; half of the clusters are good ones,
    scrambled by moves that have to be undone in order. Groups ignore the placement: many rules are broken already.
    One-node PMs, closed PMs, pinned VMs, two clusters and empty nodes come by chance.
    """
    rng = np.random.default_rng(seed)
    pms, vms = int(rng.integers(2, 5)), min(8, int(rng.integers(2, 12)))
    slot = int(rng.choice([4, 6, 7, 8]))
    sizes = rng.choice([1, 2, 3, 4, 5, 8], size=3, replace=False)  # few types: VMs of one type are interchangeable
    cores = rng.choice(sizes, size=vms)
    memory = cores * 2 if rng.random() < 0.6 else cores * rng.integers(1, 4, size=vms)
    two_nodes = rng.random(pms) < 0.85
    pm = rng.integers(0, pms, size=vms)
    double = (rng.random(vms) < 0.2) & two_nodes[pm]
    node = np.where(double | ~two_nodes[pm], 0, rng.integers(0, 2, size=vms))
    demand = np.column_stack([cores, memory])
    scrambled = bool(rng.random() < 0.5)
    capacity = _capacity(rng, slot, demand, double, pm, node, two_nodes, scrambled)
    if scrambled:
        pm, node = _scramble(rng, capacity, demand, double, pm, node)
    cluster = Cluster(
        name=f"tiny_{seed}",
        capacity=capacity,
        demand=demand,
        double=double,
        pm=pm,
        node=node,
        pm_names=tuple(f"pm_{index}" for index in range(pms)),
        vm_names=tuple(f"vm_{index}" for index in range(vms)),
        open=rng.random(pms) < (1.0 if rng.random() < 0.7 else 0.7),
        movable=rng.random(vms) < (1.0 if rng.random() < 0.6 else 0.8),
        pool=rng.integers(0, 2, size=pms),
        rack=rng.integers(0, 2 if rng.random() < 0.5 else pms, size=pms),
        pool_names=("a", "b"),
        rack_names=tuple(f"rack_{index}" for index in range(pms)),
        groups=_groups(rng, vms),
    )
    rules = Rules(stay_in_cluster=bool(rng.random() < 0.2))
    problem = Problem(cluster, int(rng.integers(1, 5)), _objective(rng, slot), rules)
    return _limit_cost(rng, problem) if seed % 5 == 2 else problem


def drained_tiny(seed):
    """Draw a tiny problem of which the PM with the fewest VMs, if any, is to be emptied; in every sixth two."""
    problem = random_tiny(seed)
    held = np.bincount(problem.cluster.pm, minlength=problem.cluster.pms)
    fewest = np.lexsort((held, held == 0))[: 2 if seed % 6 == 0 else 1]
    return replace(problem, mnl=4, rules=replace(problem.rules, drain=frozenset(fewest.tolist())))


def _limit_cost(rng, problem):
    """Give each VM a cost, often none, and a limit that one to three of them reach."""
    cost = rng.choice([[0, 1, 2, 3], [4, 6, 6, 9]][int(rng.integers(2))], size=problem.cluster.vms)
    limit = int(rng.integers(1, 4) * np.median(cost)) + int(rng.integers(0, 3))
    return replace(
        problem,
        cluster=replace(problem.cluster, migration_cost=cost),
        rules=replace(problem.rules, max_cost=limit),
    )


def _capacity(rng, slot, demand, double, pm, node, two_nodes, whole):
    used = np.zeros((len(two_nodes), 2, 2), dtype=np.int64)
    for vm, wants in enumerate(demand):
        used[pm[vm], slice(None) if double[vm] else node[vm]] += wants
    slack = rng.integers(0, slot, size=used.shape[:2])
    if whole:  # whole slots on some nodes, hardly anything on the others
        slack = rng.integers(0, 2, size=used.shape[:2]) + slot * (rng.random(used.shape[:2]) < 0.5)
    scarce = rng.random() < 0.35
    spare = rng.integers(0, 2 * slot, size=used.shape[:2]) if scarce else slack * 3 + used[..., 0]
    capacity = used + np.stack([slack, spare], axis=-1)
    if rng.random() < 0.3:
        capacity[:] = capacity.max(axis=(0, 1))  # equal PMs, as in the paper
    capacity[~two_nodes, 1] = 0
    return capacity


def _scramble(rng, capacity, demand, double, pm, node):
    """Take the VMs apart by random moves that fit: several moves in the right order undo them, and win slots back."""
    pm, node, free = pm.copy(), node.copy(), capacity.copy()
    for vm, wants in enumerate(demand):
        free[pm[vm], slice(None) if double[vm] else node[vm]] -= wants
    for vm in rng.integers(len(demand), size=12):
        here = (pm[vm], slice(None) if double[vm] else node[vm])
        room = (free >= demand[vm]).all(axis=2)
        room = np.column_stack([room.all(axis=1), np.zeros(len(free), dtype=bool)]) if double[vm] else room
        places = np.argwhere(room)
        if len(places):
            free[here] += demand[vm]
            pm[vm], node[vm] = places[rng.integers(len(places))]
            free[pm[vm], slice(None) if double[vm] else node[vm]] -= demand[vm]
    return pm, node


def _groups(rng, vms):
    if rng.random() < 0.4 or vms < 2:
        return ()
    made = []
    for _ in range(int(rng.integers(1, 4))):
        size = int(rng.integers(2, min(vms, 4) + 1))
        members = rng.choice(vms, size=size, replace=False)
        made.append(AntiAffinity("rack" if rng.random() < 0.3 else "host", tuple(int(vm) for vm in members)))
    return tuple(made)


def _objective(rng, slot):
    single, memory = SlotRate("cores", slot), SlotRate("memory", 2 * slot)
    double = SlotRate("double", 2 * int(rng.integers(2, 5)))
    if rng.random() < 0.6:
        return Objective((single,))
    third, rest = Fraction(1, 3), Fraction(2, 3)
    return [
        Objective((double,)),
        Objective((memory,)),
        Objective((SlotRate("cores", slot, third), SlotRate("double", double.size, rest))),
        Objective((SlotRate("cores", slot, rest), SlotRate("memory", memory.size, third))),
        Objective((SlotRate("double", double.size, third), SlotRate("memory", memory.size, rest))),
    ][int(rng.integers(5))]
