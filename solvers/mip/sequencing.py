"""An order for departures and places, by many quick attempts.

What patterns ask for is VMs that leave and places that wait, more of these than of those, with each place open as soon
as it has room. A migration closes one place and makes room at its source, which may open others. An attempt always
takes the departure that opens most, and keeps for last what opens nothing; where it gets stuck, those left behind go
earlier in the next one ("squeaky wheel" optimisation, Joslin & Clements 1999). A compiled attempt takes well under a
millisecond, so that a hundred cost less than one integer programme.
"""

import numpy as np

from data import Migration, Plan
from solvers.contract import Problem
from solvers.deadline import Deadline
from solvers.mip.attempt import Ints, attempt
from solvers.mip.decode import Place

ATTEMPTS = 100
"""Orders tried before patterns count as waiting for each other in a circle."""

NOISE = 0.5
"""How much of what decides is random, from the second attempt on."""

BLAME, FORGET = 0.2, 0.9
"""What being left behind adds to a departure's urgency, and the share of it that stays for the next attempt."""


def sequence(
    problem: Problem, leavers: dict[int, list[int]], places: dict[int, list[Place]], deadline: Deadline, seed: int
) -> Plan:
    """Find an order in which every leaver migrates to a place of its kind, each step legal.

    Parameters
    ----------
    leavers, places
        By kind, as `decode.Casting` finds them. Nobody may be in an anti-affinity group, and all can be afforded.

    Returns
    -------
    Plan
        The longest found; where all leavers migrate, it is as good as the patterns say.
    """
    cluster, rng = problem.cluster, np.random.default_rng(seed)
    kinds = np.zeros((len(leavers), 5), dtype=np.int64)
    leaving: list[tuple[int, ...]] = []
    arriving: list[tuple[int, ...]] = []
    for index, kind in enumerate(kind for kind, vms in leavers.items() if vms):
        vm = leavers[kind][0]
        kinds[index, :3] = *cluster.demand[vm], cluster.double[vm]
        leaving += [(int(cluster.pm[vm]), index, int(cluster.node[vm]), vm) for vm in leavers[kind]]
        arriving += [(pm, index, node, -1) for pm, node in places[kind]]
    vms = [vm for *_, vm in sorted(leaving)]
    departures, departure_start = _table(leaving, cluster.pms)
    arrivals, arrival_start = _table(arriving, cluster.pms)
    urgency, longest = np.zeros(len(vms)), np.zeros((0, 2), dtype=np.int64)
    for number in range(ATTEMPTS):
        noise = NOISE * (number > 0)
        order = attempt(
            cluster.free.copy(), kinds.copy(), departures.copy(), departure_start, arrivals.copy(), arrival_start,
            urgency + noise * rng.random(len(vms)), noise / 2 * rng.random(len(arrivals)),
        )  # fmt: skip
        if len(order) > len(longest):
            longest = order
        if len(order) == len(vms) or deadline.expired(0.02):
            break
        behind = np.ones(len(vms), dtype=np.bool_)
        behind[order[:, 0]] = False
        urgency = FORGET * urgency + BLAME * behind
    steps = ((vms[who], arrivals[where]) for who, where in longest.tolist())
    return Plan(tuple(Migration(vm, int(pm), int(node)) for vm, (_, pm, node, _, _) in steps))


def _table(rows: list[tuple[int, ...]], pms: int) -> tuple[Ints, Ints]:
    """Sort (PM, kind, node, ...) into a table for `attempt`, with where each PM's rows begin."""
    ordered = np.array(sorted(rows), dtype=np.int64).reshape(-1, 4)
    table = np.zeros((len(ordered), 5), dtype=np.int64)
    table[:, :3] = ordered[:, [1, 0, 2]]
    return table, np.searchsorted(ordered[:, 0], np.arange(pms + 1)).astype(np.int64)
