"""The model of the paper, built for PuLP as fast as PuLP allows: expressions from dicts, never operator sums."""

from pulp import LpAffineExpression, LpConstraint, LpMaximize, LpProblem, LpVariable
from pulp.constants import LpConstraintEQ, LpConstraintGE, LpConstraintLE

from solvers.mip_paper.task import Mover, Task

Row = dict[LpVariable, float]


class Model:
    """Binary ``x[mover][place]`` and whole slots ``y``; all slots of the open PMs are maximised."""

    def __init__(self, task: Task) -> None:
        self.lp = LpProblem("vm_rescheduling", LpMaximize)
        self.x: list[dict[int, LpVariable]] = [
            {place: LpVariable(f"x_{mover}_{place}", cat="Binary") for place in task.choices[vm.choice]}
            for mover, vm in enumerate(task.movers)
        ]
        self._task = task
        self._used = self._use()
        self._assign()
        self._keep_apart()
        self._count_slots()

    def _add(self, row: Row, sense: int, right: float) -> None:
        if row:
            self.lp.addConstraint(LpConstraint(LpAffineExpression(row), sense, rhs=right))

    def _use(self) -> list[tuple[Row, Row]]:
        """Sum what the movers use at each place: cores and MiB."""
        used: list[tuple[Row, Row]] = [({}, {}) for _ in self._task.room]
        for vm, places in zip(self._task.movers, self.x, strict=True):
            for place, x in places.items():
                for side in sides(vm, place):
                    if vm.cores:
                        used[side][0][x] = vm.cores
                    if vm.memory_mib:
                        used[side][1][x] = vm.memory_mib
        return used

    def _assign(self) -> None:
        """Put each mover on one place, and keep all where they are but for MNL of them, and what may be spent."""
        for places in self.x:
            self._add(dict.fromkeys(places.values(), 1), LpConstraintEQ, 1)
        stay = {places[vm.start]: 1.0 for vm, places in zip(self._task.movers, self.x, strict=True)}
        self._add(stay, LpConstraintGE, len(stay) - self._task.mnl)
        if self._task.max_cost is not None:
            kept = {places[vm.start]: float(vm.cost) for vm, places in zip(self._task.movers, self.x, strict=True)}
            self._add(kept, LpConstraintGE, sum(kept.values()) - self._task.max_cost)

    def _keep_apart(self) -> None:
        for meeting in self._task.meetings:
            row: Row = {}
            for mover, weight in zip(meeting.movers, meeting.weights, strict=True):
                places = self.x[mover]
                for pm in meeting.pms:
                    row.update((places[place], weight) for place in (2 * pm, 2 * pm + 1) if place in places)
            self._add(row, LpConstraintLE, meeting.limit)

    def _count_slots(self) -> None:
        """Let slots and VMs share what each place has; a place without slots keeps a plain capacity row."""
        room, gain = self._task.room, {}
        plain = {(2 * pm + node, column) for pm in self._task.open_pms for node in (0, 1) for column in (0, 1)}
        for index, rate in enumerate(self._task.rates):
            column, double = int(rate.kind == "memory"), rate.kind == "double"
            size = rate.size // 2 if double else rate.size
            for pm in self._task.open_pms:
                for shared in [(2 * pm, 2 * pm + 1)] if double else [(2 * pm,), (2 * pm + 1,)]:
                    most = min(room[side][column] // size for side in shared)
                    if not most:
                        continue
                    y = LpVariable(f"y_{index}_{shared[0]}", 0, most, cat="Integer")
                    gain[y] = rate.worth
                    for side in shared:
                        self._add({**self._used[side][column], y: size}, LpConstraintLE, room[side][column])
                        plain.discard((side, column))
        for side, column in sorted(plain):
            self._add(self._used[side][column], LpConstraintLE, room[side][column])
        self.lp.setObjective(LpAffineExpression(gain))

    def places(self) -> list[int] | None:
        """Read where each mover goes; None unless the values are those of a whole solution."""
        found = []
        for places in self.x:
            chosen = [place for place, x in places.items() if x.varValue is not None and x.varValue > 0.5]
            if len(chosen) != 1 or any(min(abs(x.varValue), abs(1 - x.varValue)) > 1e-4 for x in places.values()):
                return None
            found.append(chosen[0])
        return found


def sides(vm: Mover, place: int) -> tuple[int, ...]:
    """List the places that the VM occupies when it is put on ``place``."""
    return (place, place + 1) if vm.double else (place,)
