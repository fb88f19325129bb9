"""The mutable state of a cluster while migrations are applied to it, and the one legality mask."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from data.cluster import Cluster, Rules
from data.plan import Migration, Plan

ALL = slice(None)


class Placement:
    """Who sits where right now, and which migrations are legal.

    Attributes
    ----------
    free : int64 [P, 2, R]
        Cores and MiB that are free on each node.
    pm : int32 [V]
        The PM that holds each VM.
    node : int8 [V]
        The node that holds each VM, 0 for doubles.
    receiving : bool [P]
        PMs that VMs may go to: open, and not to be emptied.
    spent : int
        What the migrations so far cost.
    """

    def __init__(self, cluster: Cluster, rules: Rules = Rules()) -> None:
        self.cluster = cluster
        self.rules = rules
        self.free: NDArray[np.int64] = cluster.free.copy()
        self.pm: NDArray[np.int32] = cluster.pm.copy()
        self.node: NDArray[np.int8] = cluster.node.copy()
        self.spent = 0
        self.receiving = cluster.receiving(rules)

    def copy(self) -> Self:
        """Return an independent placement in the same state."""
        twin = type(self).__new__(type(self))
        twin.cluster, twin.rules = self.cluster, self.rules
        twin.free, twin.pm, twin.node = self.free.copy(), self.pm.copy(), self.node.copy()
        twin.spent, twin.receiving = self.spent, self.receiving
        return twin

    def legal(self, vm: int) -> NDArray[np.bool_]:
        """Tell where ``vm`` may migrate to now: bool [P, 2]; a double's column 1 is False."""
        mask = self.allowed(vm)[:, None] & self.fits(vm) & bool(self.cluster.migration_cost[vm] <= self.left)
        mask[self.pm[vm], self.node[vm]] = False
        return mask

    @property
    def left(self) -> float:
        """What further migrations may cost together; infinite where the rules set no limit."""
        return np.inf if self.rules.max_cost is None else self.rules.max_cost - self.spent

    def fits(self, vm: int, pms: slice = ALL) -> NDArray[np.bool_]:
        """Tell which nodes of ``pms`` have room for ``vm``: bool [P, 2]; a double needs both and uses column 0."""
        room: NDArray[np.bool_] = (self.free[pms] >= self.cluster.demand[vm]).all(axis=2)
        if self.cluster.double[vm]:
            room[:, 0] &= room[:, 1]
            room[:, 1] = False
        return room

    def allowed(self, vm: int, pms: slice = ALL) -> NDArray[np.bool_]:
        """Tell which of ``pms`` the rules leave to ``vm``, whatever room they have: bool [P].

        A VM that is pinned or on a closed PM may go nowhere. A PM (for rack groups: any PM of the rack) where a
        fellow of one of the VM's groups sits may not be entered; where they share one already, it may stay.
        """
        cluster = self.cluster
        if not cluster.may_leave[vm]:
            return np.zeros_like(cluster.open[pms])
        mask = self.receiving[pms].copy()
        if self.rules.stay_in_cluster:
            mask &= cluster.pool[pms] == cluster.pool[self.pm[vm]]
        for index in cluster.groups_of.get(vm, ()):
            mask &= ~self._taken(vm, index)[pms]
        return mask

    def _taken(self, vm: int, index: int) -> NDArray[np.bool_]:
        """Tell which PMs group ``index`` bars to ``vm``: bool [P]."""
        cluster = self.cluster
        group = cluster.groups[index]
        fellows = self.pm[[other for other in group.vms if other != vm]]
        barred = np.zeros(cluster.pms, dtype=bool)
        if group.granularity == "host":
            barred[fellows] = True
            barred[self.pm[vm]] = False
        else:
            racks = np.zeros(len(cluster.rack_names), dtype=bool)
            racks[cluster.rack[fellows]] = True
            racks[cluster.rack[self.pm[vm]]] = False
            barred = racks[cluster.rack]
        return barred

    def apply(self, migration: Migration) -> Migration:
        """Carry out a migration, which must be legal, and return the one that `undo` takes."""
        vm, pm, node = migration
        back = Migration(vm, int(self.pm[vm]), int(self.node[vm]))
        demand = self.cluster.demand[vm]
        if self.cluster.double[vm]:
            self.free[back.pm] += demand
            self.free[pm] -= demand
        else:
            self.free[back.pm, back.node] += demand
            self.free[pm, node] -= demand
        self.pm[vm] = pm
        self.node[vm] = node
        self.spent += int(self.cluster.migration_cost[vm])
        return back

    def undo(self, back: Migration) -> None:
        """Take a migration back, as if it had not been: ``back`` is what `apply` returned."""
        self.apply(back)
        self.spent -= 2 * int(self.cluster.migration_cost[back.vm])

    def is_legal(self, migration: Migration) -> bool:
        """Tell whether one migration is legal now; looks at its destination only, however many PMs there are."""
        vm, pm, node = migration
        here = slice(pm, pm + 1)
        stays = pm == self.pm[vm] and node == self.node[vm]
        affordable = self.cluster.migration_cost[vm] <= self.left
        return not stays and bool(affordable and self.allowed(vm, here)[0] and self.fits(vm, here)[0, node])

    def apply_plan(self, plan: Plan) -> Self:
        """Carry out every migration of a plan, each of which must be legal when its turn comes."""
        for migration in plan:
            self.apply(migration)
        return self
