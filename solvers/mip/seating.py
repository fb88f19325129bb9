"""Trading places among VMs of one kind until no fellows of an anti-affinity group meet."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from solvers.mip.reduction import Reduction

Place = tuple[int, int]
"""A PM and a node (0 for doubles)."""

ROUNDS = 5
"""Passes over the VMs that meet a fellow; each pass that helps is followed by another."""


def seat_apart(
    reduction: Reduction, pm: NDArray[np.int32], node: NDArray[np.int8], rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Trade target places of VMs of one kind where that parts fellows of groups: the patterns stay what they are.

    A VM that would meet a fellow trades with any other that moves, or lets one that stays on its node go instead.

    Returns
    -------
    pm : int32 [V]
    node : int8 [V]
        The target, with as few meetings as were found; it may still have some.
    """
    if not reduction.problem.cluster.groups:
        return pm, node
    seating = _Seating(reduction, pm, node)
    for _ in range(ROUNDS):
        meeting = seating.meeting()
        rng.shuffle(meeting)
        if not sum(seating.part(vm, rng) for vm in meeting):
            break
    places = np.array(seating.place).reshape(-1, 2)
    return places[:, 0].astype(np.int32), places[:, 1].astype(np.int8)


class _Seating:
    """Who ends where, and how many members of each group end in each of its domains."""

    def __init__(self, reduction: Reduction, pm: NDArray[np.int32], node: NDArray[np.int8]) -> None:
        cluster = reduction.problem.cluster
        self._kind: list[int] = reduction.kind.tolist()
        self._home: list[Place] = list(zip(cluster.pm.tolist(), cluster.node.tolist(), strict=True))
        self.place: list[Place] = list(zip(pm.tolist(), node.tolist(), strict=True))
        self._groups = cluster.groups_of
        self._domain = [
            list(range(cluster.pms)) if group.granularity == "host" else cluster.rack.tolist()
            for group in cluster.groups
        ]
        self._members: list[Counter[int]] = [Counter() for _ in cluster.groups]
        for vm in self._groups:
            self._count(vm, 1)
        self._movers: dict[int, list[int]] = defaultdict(list)
        self._at: dict[tuple[int, Place], list[int]] = defaultdict(list)
        for vm, kind in enumerate(self._kind):
            if kind >= 0:
                self._at[kind, self._home[vm]].append(vm)
                if self.place[vm] != self._home[vm]:
                    self._movers[kind].append(vm)

    def meeting(self) -> list[int]:
        """List the VMs that come to a domain where they meet a fellow."""
        return [vm for vm in self._groups if self._meets(vm)]

    def part(self, vm: int, rng: np.random.Generator) -> bool:
        """Trade the place of a VM that meets a fellow for one where fewer meet; tell whether there was one."""
        if not self._meets(vm):
            return False
        for other in self._partners(vm, rng):
            if self.place[other] == self.place[vm]:
                continue
            before = self._meets(vm) + self._meets(other)
            self._trade(vm, other)
            if self._meets(vm) + self._meets(other) < before:
                return True
            self._trade(vm, other)
        return False

    def _partners(self, vm: int, rng: np.random.Generator) -> Iterator[int]:
        """Yield VMs of the same kind: those that stay where it comes from, then those that move, at random."""
        kind, home = self._kind[vm], self._home[vm]
        yield from (other for other in self._at[kind, home] if self.place[other] == home)
        movers = self._movers[kind]
        yield from (movers[index] for index in rng.permutation(len(movers)).tolist())

    def _trade(self, one: int, other: int) -> None:
        for vm in (one, other):
            self._count(vm, -1)
        self.place[one], self.place[other] = self.place[other], self.place[one]
        for vm in (one, other):
            self._count(vm, 1)

    def _count(self, vm: int, sign: int) -> None:
        for group in self._groups.get(vm, ()):
            self._members[group][self._domain[group][self.place[vm][0]]] += sign

    def _meets(self, vm: int) -> bool:
        """Tell whether a VM comes to a domain where a fellow of a group is or comes, too."""
        for group in self._groups.get(vm, ()):
            domain = self._domain[group]
            goal = domain[self.place[vm][0]]
            if goal != domain[self._home[vm][0]] and self._members[group][goal] > 1:
                return True
        return False
