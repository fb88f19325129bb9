"""The independent checker: replays a plan from the snapshot, in plain Python.

It shares no code with `Placement` or `Score` on purpose. Whatever a solver claims, only this verdict counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from data.cluster import Cluster, Rules
from data.objective import Objective, SlotRate
from data.plan import Plan


@dataclass(frozen=True)
class Verdict:
    """What the checker found.

    Attributes
    ----------
    valid
        Every migration was legal when its turn came, and there were not too many.
    reason
        One sentence on the first illegal migration; empty for a valid plan.
    fr_after
        FR before the first migration and after each legal one, so ``len(plan) + 1`` values for a valid plan.
    """

    valid: bool
    reason: str
    fr_after: tuple[float, ...]

    @property
    def initial_fr(self) -> float:
        """FR of the snapshot."""
        return self.fr_after[0]

    @property
    def final_fr(self) -> float:
        """FR that counts: after the last migration of a valid plan, of the snapshot otherwise."""
        return self.fr_after[-1] if self.valid else self.fr_after[0]


def check(
    cluster: Cluster,
    plan: Plan,
    *,
    mnl: int | None = None,
    rules: Rules = Rules(),
    objective: Objective = Objective(),
    waves: Sequence[int] | None = None,
) -> Verdict:
    """Replay ``plan`` on ``cluster`` and judge every step.

    Parameters
    ----------
    cluster
        The snapshot from which the plan starts.
    plan
        The migrations, in order.
    mnl
        The most migrations allowed; None for any number.
    rules, objective
        What must be respected, and what is measured.
    waves
        The wave of each migration, to be checked as well: wave numbers never fall, and the migrations of one wave
        fit in any order and all at once, each VM counted at its source and its destination.
    """
    replay = _Replay(cluster, rules, objective)
    rates = [replay.rate()]
    if mnl is not None and len(plan) > mnl:
        return Verdict(False, f"the plan has {len(plan)} migrations but the limit is {mnl}", tuple(rates))
    for step, (vm, pm, node) in enumerate(plan):
        reason = replay.objection(vm, pm, node)
        if reason:
            return Verdict(False, f"migration {step}: {reason}", tuple(rates))
        replay.move(vm, pm, node)
        rates.append(replay.rate())
    reason = _wave_objection(_Replay(cluster, rules, objective), plan, waves) if waves is not None else ""
    return Verdict(not reason, reason, tuple(rates))


class _Replay:
    """The state of the cluster as nested lists of integers."""

    def __init__(self, cluster: Cluster, rules: Rules, objective: Objective) -> None:
        self.cluster = cluster
        self.stay_in_cluster = rules.stay_in_cluster
        self.max_cost = rules.max_cost
        self.drain = rules.drain
        self.cost = cluster.migration_cost.tolist()
        self.spent = 0
        self.demand = cluster.demand.tolist()
        self.double = cluster.double.tolist()
        self.pm = cluster.pm.tolist()
        self.node = cluster.node.tolist()
        self.rack = cluster.rack.tolist()
        self.free = cluster.capacity.tolist()
        for vm in range(cluster.vms):
            self.take(vm, self.pm[vm], self.node[vm], -1)
        self.groups: dict[int, list[tuple[str, tuple[int, ...]]]] = {}
        for group in cluster.groups:
            for vm in group.vms:
                self.groups.setdefault(vm, []).append((group.granularity, group.vms))
        self.rates = objective.rates
        self.active = [pm for pm in range(cluster.pms) if bool(cluster.open[pm])]
        self.total = [sum(self.free[pm][side][column] for pm in self.active for side in (0, 1)) for column in (0, 1)]
        self.slots = [sum(self._slots(rate, pm) for pm in self.active) for rate in self.rates]

    def take(self, vm: int, pm: int, node: int, sign: int) -> None:
        """Add ``sign`` times the VM's demand to what is free there."""
        for side in (0, 1) if self.double[vm] else (node,):
            for resource, amount in enumerate(self.demand[vm]):
                self.free[pm][side][resource] += sign * amount

    def _slots(self, rate: SlotRate, pm: int) -> int:
        first, second = self.free[pm]
        if rate.kind == "double":
            half = rate.size // 2
            return int(min(first[0] // half, second[0] // half))
        column = 1 if rate.kind == "memory" else 0
        return int(first[column] // rate.size + second[column] // rate.size)

    def rate(self) -> float:
        """Return the weighted fragment rate of the open PMs; a resource with nothing free counts 0."""
        result = 0.0
        for rate, slots in zip(self.rates, self.slots, strict=True):
            total = self.total[1 if rate.kind == "memory" else 0]
            if total:
                result += float(rate.weight) * (total - rate.size * slots) / total
        return result

    def objection(self, vm: int, pm: int, node: int) -> str:
        """Say why the migration is illegal now, or return an empty string."""
        cluster = self.cluster
        if not 0 <= vm < cluster.vms or not 0 <= pm < cluster.pms or node not in (0, 1):
            return f"vm {vm}, pm {pm}, node {node} do not all exist"
        name, target, source = cluster.vm_names[vm], cluster.pm_names[pm], self.pm[vm]
        if self.double[vm] and node:
            return f"VM {name} occupies both nodes and has no node to choose"
        if source == pm and self.node[vm] == node:
            return f"VM {name} is already there"
        if not cluster.movable[vm]:
            return f"VM {name} is pinned"
        if not cluster.open[source] or not cluster.open[pm]:
            return f"VM {name} cannot go from PM {cluster.pm_names[source]} to {target}: one of them is closed"
        if pm in self.drain:
            return f"VM {name} cannot go to PM {target}, which is to be emptied"
        if self.stay_in_cluster and cluster.pool[source] != cluster.pool[pm]:
            return f"VM {name} would leave its cluster for PM {target}"
        if self.max_cost is not None and self.spent + self.cost[vm] > self.max_cost:
            return f"VM {name} would bring the cost to {self.spent + self.cost[vm]} but the limit is {self.max_cost}"
        return self._meeting(vm, pm) or self._shortage(vm, pm, node)

    def _meeting(self, vm: int, pm: int) -> str:
        """Say which fellow of a group the migration would newly meet, or return an empty string."""
        names = self.cluster.vm_names
        for granularity, members in self.groups.get(vm, ()):
            for fellow in members:
                if fellow != vm and self.meets(granularity, self.pm[vm], pm, self.pm[fellow]):
                    target = self.cluster.pm_names[pm]
                    return f"VM {names[vm]} would join {names[fellow]} of its {granularity} group on {target}"
        return ""

    def _shortage(self, vm: int, pm: int, node: int) -> str:
        """Say what the destination lacks, or return an empty string."""
        name, target = self.cluster.vm_names[vm], self.cluster.pm_names[pm]
        for side in (0, 1) if self.double[vm] else (node,):
            for resource, amount in enumerate(self.demand[vm]):
                left = self.free[pm][side][resource]
                if left < amount:
                    unit = ("cores", "MiB")[resource]
                    return f"VM {name} needs {amount} {unit} on node {side} of PM {target}, where {left} are free"
        return ""

    def meets(self, granularity: str, source: int, target: int, fellow: int) -> bool:
        """Tell whether going to ``target`` newly meets a fellow; a domain already shared is not made worse."""
        if granularity == "host":
            return fellow == target and source != target
        return bool(self.rack[fellow] == self.rack[target] and self.rack[source] != self.rack[target])

    def move(self, vm: int, pm: int, node: int) -> None:
        """Carry the migration out."""
        touched = {self.pm[vm], pm}
        before = [sum(self._slots(rate, each) for each in touched) for rate in self.rates]
        self.take(vm, self.pm[vm], self.node[vm], 1)
        self.take(vm, pm, node, -1)
        self.pm[vm], self.node[vm] = pm, node
        self.spent += self.cost[vm]
        for index, rate in enumerate(self.rates):
            self.slots[index] += sum(self._slots(rate, each) for each in touched) - before[index]


def _wave_objection(replay: _Replay, plan: Plan, waves: Sequence[int]) -> str:
    """Say why the waves are not independent, or return an empty string."""
    if len(waves) != len(plan) or list(waves) != sorted(waves):
        return "waves must be one number a migration and never fall"
    for wave in sorted(set(waves)):
        members = [migration for migration, own in zip(plan, waves, strict=True) if own == wave]
        if len({migration.vm for migration in members}) < len(members):
            return f"wave {wave} moves one VM twice"
        for vm, pm, node in members:  # arrivals only: what leaves frees nothing for its own wave
            reason = replay.objection(vm, pm, node) or _arrive_together(replay, members, vm, pm)
            if reason:
                return f"wave {wave}: {reason}"
            replay.take(vm, pm, node, -1)
        for vm, pm, node in members:
            replay.take(vm, pm, node, 1)
            replay.move(vm, pm, node)
    return ""


def _arrive_together(replay: _Replay, members: Sequence[tuple[int, int, int]], vm: int, pm: int) -> str:
    """Say whether a fellow arrives in the same domain in the same wave, or return an empty string."""
    if vm not in replay.groups:
        return ""
    arriving = {other: target for other, target, _ in members}
    for granularity, group in replay.groups.get(vm, ()):
        for fellow in group:
            if fellow != vm and fellow in arriving and replay.meets(granularity, replay.pm[vm], pm, arriving[fellow]):
                names = replay.cluster.vm_names
                return f"VMs {names[vm]} and {names[fellow]} of one group arrive together"
    return ""
