"""Toy problems built by hand, each with what it tempts a solver to do wrong and the best FR there is."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from data import AntiAffinity, Cluster, Objective, Rules
from solvers.contract import Problem

PLENTY_MIB = 1000

Node = int | tuple[int, int]
"""Cores of a node, or cores and MiB; 0 for an absent node."""
VM = tuple[int, int, int]
"""PM, node (2 for both), cores on each node it occupies; it wants as many MiB."""


@dataclass(frozen=True)
class Toy:
    """A problem whose answer is known."""

    name: str
    tempts: str
    """What a careless solver would do."""
    problem: Problem
    best_fr: Fraction
    """The lowest FR that any plan within the limit reaches."""


def build(name: str, nodes: list[tuple[Node, Node]], vms: list[VM], **changes: object) -> Cluster:
    """Build a cluster from the nodes of each PM and a line for each VM; ``changes`` replace further fields."""
    capacity = [[node if isinstance(node, tuple) else (node, node and PLENTY_MIB) for node in pm] for pm in nodes]
    cluster = Cluster(
        name=name,
        capacity=np.array(capacity, dtype=np.int64).reshape(-1, 2, 2),
        demand=np.array([(cores, cores) for _, _, cores in vms], dtype=np.int64).reshape(-1, 2),
        double=np.array([node == 2 for _, node, _ in vms], dtype=np.bool_),
        pm=np.array([pm for pm, _, _ in vms], dtype=np.int32),
        node=np.array([node % 2 for _, node, _ in vms], dtype=np.int8),
        pm_names=tuple(f"pm_{pm}" for pm in range(len(nodes))),
        vm_names=tuple(f"vm_{vm}" for vm in range(len(vms))),
        open=np.ones(len(nodes), dtype=np.bool_),
        movable=np.ones(len(vms), dtype=np.bool_),
        pool=np.zeros(len(nodes), dtype=np.int32),
        rack=np.arange(len(nodes), dtype=np.int32),
        pool_names=("a", "b"),
        rack_names=tuple(f"rack_{pm}" for pm in range(len(nodes))),
    )
    return replace(cluster, **changes)  # type: ignore[arg-type]


HALF = Fraction(1, 2)
PAIR: list[tuple[Node, Node]] = [(16, 0), (32, 0)]
PAIR_VMS: list[VM] = [(0, 0, 4), (1, 0, 12)]
"""The paper's worked example: 12 and 20 cores are free; after vm_0 goes to pm_1, or vm_1 to pm_0, nothing is wasted."""


def toys() -> tuple[Toy, ...]:
    """Return all toys; every FR is of 16-core slots where the objective does not say otherwise."""
    pair = build("pair", PAIR, PAIR_VMS)
    return (*_plain(pair), *_degenerate(pair), *_constrained(pair), *_other_objectives())


def _plain(pair: Cluster) -> tuple[Toy, ...]:
    twice = build("twice", PAIR + PAIR, [*PAIR_VMS, (2, 0, 4), (3, 0, 12)])
    flip = build("flip", [(16, 32)], [(0, 0, 4), (0, 1, 12)])
    chain = build("order", [(16, 0), (16, 0), (16, 0)], [(0, 0, 6), (1, 0, 5), (1, 0, 10), (2, 0, 11)])
    double = build("double", [(16, 16), (32, 16)], [(0, 2, 4), (1, 0, 12)])
    halves = build("one_node", [(16, 16), (36, 0)], [(0, 2, 4), (1, 0, 16)])
    pairs = build("only_doubles", [(16, 16), (24, 24)], [(0, 2, 4), (1, 2, 4)])
    return (
        Toy("one_move", "miss the only move there is", Problem(pair, 1), Fraction(0)),
        Toy("limit_binds", "use more migrations than allowed", Problem(twice, 1), Fraction(1, 4)),
        Toy("flip", "leave out moves within a PM", Problem(flip, 2), Fraction(0)),
        Toy("order", "go to pm_1 before it has room", Problem(chain, 2), Fraction(0)),
        Toy("double", "move half a VM, or put both halves on one node", Problem(double, 2), Fraction(12, 60)),
        Toy("only_doubles", "count on single VMs", Problem(pairs, 1), Fraction(0)),
        Toy("one_node", "put half a double VM on a node that is not there", Problem(halves, 2), Fraction(28, 44)),
    )


def _degenerate(pair: Cluster) -> tuple[Toy, ...]:
    little = build("little", [(8, 0), (24, 0)], [(1, 0, 20)])
    bare = build("bare", [(20, 10)], [])
    full = build("full", [(8, 8), (8, 8)], [(0, 0, 8), (0, 1, 8), (1, 2, 8)])
    return (
        Toy("nothing_to_gain", "move all the same, or search until late", Problem(little, 5), Fraction(1)),
        Toy("no_migration_allowed", "move once before looking at the limit", Problem(pair, 0), HALF),
        Toy("no_vms", "take the best of an empty list", Problem(bare, 5), Fraction(14, 30)),
        Toy("all_closed", "divide by the free cores of no PM", _closed(pair, [False, False]), Fraction(0)),
        Toy("nothing_free", "divide by zero free cores", Problem(full, 5), Fraction(0)),
    )


def _closed(cluster: Cluster, is_open: list[bool]) -> Problem:
    return Problem(replace(cluster, open=np.array(is_open)), 5)


def _dear(cluster: Cluster, costs: list[int], max_cost: int) -> Problem:
    return Problem(replace(cluster, migration_cost=np.array(costs)), 5, rules=Rules(max_cost=max_cost))


def _constrained(pair: Cluster) -> tuple[Toy, ...]:
    both = (0, 1)
    twice = build("twice", PAIR + PAIR, [*PAIR_VMS, (2, 0, 4), (3, 0, 12)])
    shut = build("shut", [(16, 0), (32, 0), (3, 0)], PAIR_VMS)
    tight = build("tight", [((16, 8), 0), ((32, 12), 0)], PAIR_VMS)
    rack = build(
        "rack", [(16, 0), (32, 0), (8, 0)], [(0, 0, 4), (2, 0, 8), (1, 0, 12)], rack=np.array([0, 1, 1]),
        groups=(AntiAffinity("rack", both),), movable=np.array([True, True, False]),
    )  # fmt: skip
    chain = build("several", [(16, 0), (32, 0), (24, 0)], [(0, 0, 4), (1, 0, 12), (2, 0, 20)])
    broken = build("broken", [(24, 0), (32, 0)], [(0, 0, 4), (0, 0, 8), (1, 0, 12)])
    apart = (AntiAffinity("host", both),)
    pools = replace(pair, pool=np.array([0, 1]))
    return (
        Toy("pinned", "move a VM that must stay", Problem(replace(pair, movable=np.zeros(2, dtype=bool)), 5), HALF),
        Toy("closed_target", "enter a closed PM", _closed(shut, [True, False, True]), Fraction(1)),
        Toy("closed_source", "empty a closed PM", _closed(pair, [True, False]), Fraction(1)),
        Toy("host_group", "bring two VMs of a group together", Problem(replace(pair, groups=apart), 5), HALF),
        Toy("rack_group", "meet a fellow on another PM of the rack", Problem(rack, 5), HALF),
        Toy(
            "several_groups", "look at a VM's first group only",
            Problem(replace(chain, groups=(AntiAffinity("host", (0, 2)), *apart, AntiAffinity("host", (1, 2)))), 5),
            Fraction(20, 36),
        ),
        Toy(
            "broken_group", "send vm_2 to its fellows, since the rule is broken there already",
            Problem(replace(broken, groups=(AntiAffinity("host", (0, 1, 2)),)), 5), Fraction(1, 2),
        ),
        Toy("memory", "look at cores alone", Problem(tight, 5), HALF),
        Toy("stay_in_cluster", "leave the cluster", Problem(pools, 5, rules=Rules(stay_in_cluster=True)), HALF),
        Toy(
            "drained", "go to a PM that is to be emptied",
            Problem(pair, 1, rules=Rules(drain=frozenset({1}))), Fraction(0),
        ),
        Toy(
            "drained_flip", "stay on a PM that is to be emptied, on its other node",
            Problem(build("drained_flip", [(16, 16), (16, 0)], [(0, 0, 4), (1, 0, 8)]), 1,
                    rules=Rules(drain=frozenset({0}))), Fraction(4, 36),
        ),
        Toy(
            "cost", "move the first VM that gains, whatever it costs",
            _dear(pair, [5, 2], 3), Fraction(0),
        ),
        Toy("costs_add_up", "look at each VM's cost alone", _dear(twice, [2, 9, 2, 9], 3), Fraction(1, 4)),
        Toy("free_of_charge", "count migrations as cost", _dear(twice, [0, 9, 0, 9], 0), Fraction(0)),
        Toy("may_leave_cluster", "stay in the cluster where no rule says so", Problem(pools, 5), Fraction(0)),
    )  # fmt: skip


def _other_objectives() -> tuple[Toy, ...]:
    wide = build("wide", [(16, 16), (20, 0)], [(0, 1, 4), (1, 0, 14)])
    lean = build("lean", [((60, 16), 0), ((60, 32), 0)], PAIR_VMS)
    apart = build("apart", [(16, 16), (32, 0)], [(0, 1, 4), (1, 0, 12)])
    return (
        Toy("double64", "count slots of one node", _measured(wide, "double32"), Fraction(2, 34)),
        Toy("memory_slots", "count cores", _measured(lean, "memory16"), Fraction(0)),
        Toy("mix", "count the first rate only", _measured(apart, "0.5*cores16+0.5*double32"), Fraction(1, 6)),
    )


def _measured(cluster: Cluster, objective: str) -> Problem:
    return Problem(cluster, 3, Objective.parse(objective))


def crowd(pms: int, seed: int = 0) -> Cluster:
    """Fill ``pms`` equal PMs at random to about four fifths: many ties, many ways to go, no known answer."""
    rng = np.random.default_rng(seed)
    free = np.full((pms, 2), 44)
    vms: list[VM] = []
    while free.sum() > 16 * pms:
        cores = int(rng.choice([2, 4, 8, 16]))
        fitting = np.argwhere(free >= cores)
        if len(fitting):
            pm, node = rng.choice(fitting)
            free[pm, node] -= cores
            vms.append((int(pm), int(node), cores))
    return build(f"crowd_{pms}", [(44, 44)] * pms, vms)
