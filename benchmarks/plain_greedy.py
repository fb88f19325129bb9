"""Greedy as one would write it first: every VM, every PM, every node, in plain Python. A yardstick for speed."""

from data import Cluster, Migration
from data.cluster import CORES, MEMORY

SLOT = 16


def first_moves(cluster: Cluster, count: int) -> list[Migration]:
    """Return the first ``count`` migrations of greedy for 16-core slots; groups and closed PMs are not looked at."""
    free: list[list[list[int]]] = cluster.free.tolist()
    demand: list[list[int]] = cluster.demand.tolist()
    double: list[bool] = cluster.double.tolist()
    where = list(zip(cluster.pm.tolist(), cluster.node.tolist(), strict=True))
    moves: list[Migration] = []
    for _ in range(count):
        best, best_gain = None, 0
        for vm, (cores, memory) in enumerate(demand):
            home = where[vm]
            mine = (0, 1) if double[vm] else (home[1],)
            _give(free, home[0], mine, cores, memory)
            freed = sum(_change(free[home[0]][side][CORES], -cores) for side in mine)
            for pm, nodes in enumerate(free):
                for node in (0,) if double[vm] else (0, 1):
                    sides = (0, 1) if double[vm] else (node,)
                    if (pm, node) == home or any(
                        nodes[side][CORES] < cores or nodes[side][MEMORY] < memory for side in sides
                    ):
                        continue
                    gain = sum(_change(nodes[side][CORES], -cores) for side in sides) - freed
                    if gain > best_gain:
                        best, best_gain = Migration(vm, pm, node), gain
            _give(free, home[0], mine, -cores, -memory)
        if best is None:
            break
        moves.append(best)
        vm, (home_pm, home_node) = best.vm, where[best.vm]
        _give(free, home_pm, (0, 1) if double[vm] else (home_node,), *demand[vm])
        _give(free, best.pm, (0, 1) if double[vm] else (best.node,), *(-amount for amount in demand[vm]))
        where[vm] = best.pm, best.node
    return moves


def _change(free: int, cores: int) -> int:
    """Return how many slots a node wins when ``cores`` come free there."""
    return (free + cores) // SLOT - free // SLOT


def _give(free: list[list[list[int]]], pm: int, sides: tuple[int, ...], cores: int, memory: int) -> None:
    """Add cores and memory to what is free on nodes of a PM."""
    for side in sides:
        free[pm][side][CORES] += cores
        free[pm][side][MEMORY] += memory
