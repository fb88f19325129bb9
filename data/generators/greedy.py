"""The calibration's own one-step greedy: the published behaviour includes where such a planner gets stuck."""

from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from data.cluster import CORES, Cluster
from data.objective import Objective

SLOT_CORES = Objective().rates[0].size


def greedy_slots(cluster: Cluster, mnl: int = 50) -> int:
    """Count the slots that the best joint migration gains, again and again until none gains.

    Ties go to the smallest VM type, then to the lowest source and target; so it gains on the released Medium snapshot
    the 15 slots at which the published heuristic stops. Every VM may move. Memory is not looked at, since it never
    binds in the Medium population.
    """
    free = cluster.free[:, :, CORES].flatten()
    kinds = np.unique(np.column_stack([cluster.demand[:, CORES], cluster.double]), axis=0)
    holders = np.zeros((len(kinds), len(free)), dtype=np.int64)
    for kind, (cores, double) in enumerate(kinds):
        same = (cluster.demand[:, CORES] == cores) & (cluster.double == double)
        np.add.at(holders[kind], 2 * cluster.pm[same] + cluster.node[same], 1)
    gained = 0
    for _ in range(mnl):
        moves = [
            (*_best(free, holders[kind], int(cores), bool(double)), kind) for kind, (cores, double) in enumerate(kinds)
        ]
        gain, source, target, kind = max(moves, key=itemgetter(0))
        if gain <= 0:
            break
        cores, double = kinds[kind]
        for side in range(1 + double):
            free[source + side] += cores
            free[target + side] -= cores
        holders[kind, source] -= 1
        holders[kind, target] += 1
        gained += gain
    return gained


def _best(free: NDArray[np.int64], holders: NDArray[np.int64], cores: int, double: bool) -> tuple[int, int, int]:
    """Find the best migration of one kind of VM: slots gained, source and target among all nodes.

    What leaves and what arrives are independent but for the node itself, so the two best of each suffice.
    """
    slots = free // SLOT_CORES
    freed = (free + cores) // SLOT_CORES - slots
    never = len(free)
    cost = np.where(free >= cores, slots - (free - cores) // SLOT_CORES, never)
    if double:  # counted on node 0
        freed[::2] += freed[1::2]
        cost[::2] += cost[1::2]
        cost[1::2] = never
    sources = np.flatnonzero(holders)
    sources = sources[np.argsort(-freed[sources], kind="stable")[:2]]
    targets = np.argsort(cost, kind="stable")[:2]
    pairs = [(int(freed[x] - cost[y]), int(x), int(y)) for x in sources for y in targets if x != y]
    return max(pairs, key=itemgetter(0), default=(0, 0, 0))
