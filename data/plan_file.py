"""Plans in files, ``vmr-plan/1``: with names instead of indices, and what is claimed of them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from data.checker import check
from data.cluster import Cluster, Rules
from data.errors import InputError
from data.formats.files import one_line, write_text
from data.formats.typed_json import read_json
from data.objective import Objective
from data.plan import Migration, Plan
from data.waves import assign_waves

Count = Annotated[int, msgspec.Meta(ge=0)]


class Place(msgspec.Struct, frozen=True):
    """A PM, and the nodes of it that the VM occupies: ``[0]``, ``[1]`` or, for a double, ``[0, 1]``."""

    pm: str
    numa: list[Literal[0, 1]]


class PlanStep(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    """One migration, the wave it is in, and the FR after it."""

    vm: str
    source: Place
    target: Place
    wave: Count
    fr_after: float


class PlanFile(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a plan file.

    Raises
    ------
    InputError
        When ``objective`` cannot be read or contradicts ``fragment_cores``.
    """

    format: Literal["vmr-plan/1"] = "vmr-plan/1"
    instance: str
    solver: str
    mnl: Count
    fragment_cores: int | None = None
    """The slot size of the objective's first rate of cores; None where it has none."""
    objective: str = ""
    """What the FRs measure, as ``Objective.parse`` reads it; empty: slots of ``fragment_cores``."""
    stay_in_cluster: bool = False
    max_cost: Count | None = None
    """The most that the migrations may cost together; None for any."""
    drain: list[str] = []
    """PMs that the plan empties as far as it goes: nothing goes there."""
    initial_fr: float
    final_fr: float
    bound_fr: float | None = None
    """Certified lower bound on the FR of any plan within the limit; None where nothing is proven."""
    migrations: list[PlanStep]

    def parsed_objective(self) -> Objective:
        """Return the objective that the file's FRs are about."""
        if not self.objective and self.fragment_cores is None:
            raise InputError("fragment_cores: neither it nor an objective is given; add one of them.")
        objective = Objective.parse(self.objective or f"cores{self.fragment_cores}")
        if self.fragment_cores not in (None, fragment_cores(objective)):
            raise InputError(
                f"fragment_cores: {self.fragment_cores} contradicts the objective {objective}; correct one."
            )
        return objective

    def rules(self, cluster: Cluster) -> Rules:
        """Return the rules that the plan says it respects.

        Raises
        ------
        InputError
            When a PM that it empties is not in the cluster.
        """
        return Rules(self.stay_in_cluster, self.max_cost, pms_named(cluster, self.drain))


def pms_named(cluster: Cluster, names: Iterable[str]) -> frozenset[int]:
    """Return the indices of PMs.

    Raises
    ------
    InputError
        When the cluster has no such PM.
    """
    index = {name: pm for pm, name in enumerate(cluster.pm_names)}
    found = set()
    for name in names:
        if name not in index:
            raise InputError(f"there is no PM {one_line(name)} in {cluster.name} to be emptied; correct the name.")
        found.add(index[name])
    return frozenset(found)


def fragment_cores(objective: Objective) -> int | None:
    """Return the slot size of the first rate of single-node cores; None where there is none."""
    return next((rate.size for rate in objective.rates if rate.kind == "cores"), None)


def make_plan_file(
    cluster: Cluster,
    plan: Plan,
    instance: str,
    solver: str,
    mnl: int,
    objective: Objective,
    bound_fr: float | None = None,
    rules: Rules = Rules(),
) -> PlanFile:
    """Describe a valid plan by names, with the FR after each migration by the checker, and its waves.

    Raises
    ------
    InputError
        When the checker refuses the plan.
    """
    verdict = check(cluster, plan, mnl=mnl, rules=rules, objective=objective)
    if not verdict.valid:
        raise InputError(f"the plan of {solver} for {instance} is not valid: {verdict.reason}; it is not written.")
    here = [(int(pm), int(node)) for pm, node in zip(cluster.pm, cluster.node, strict=True)]
    steps = []
    for migration, wave, fr in zip(plan, assign_waves(cluster, plan, rules), verdict.fr_after[1:], strict=True):
        vm, pm, node = migration
        source, target = _place(cluster, vm, *here[vm]), _place(cluster, vm, pm, node)
        steps.append(PlanStep(vm=cluster.vm_names[vm], source=source, target=target, wave=wave, fr_after=fr))
        here[vm] = pm, node
    return PlanFile(
        instance=instance,
        solver=solver,
        mnl=mnl,
        fragment_cores=fragment_cores(objective),
        objective=str(objective),
        stay_in_cluster=rules.stay_in_cluster,
        max_cost=rules.max_cost,
        drain=[cluster.pm_names[pm] for pm in sorted(rules.drain)],
        initial_fr=verdict.initial_fr,
        final_fr=verdict.final_fr,
        bound_fr=bound_fr,
        migrations=steps,
    )


def write_plan(path: Path, plan_file: PlanFile) -> None:
    """Write a plan file in one step, a line a migration.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    head = msgspec.json.encode(msgspec.structs.replace(plan_file, migrations=[]))
    before, empty, after = msgspec.json.format(head, indent=1).decode().rpartition("[]")
    steps = ",\n  ".join(
        msgspec.json.format(msgspec.json.encode(step), indent=0).decode() for step in plan_file.migrations
    )
    write_text(path, f"{before}[\n  {steps}\n ]{after}\n" if steps else f"{before}{empty}{after}\n")


def read_plan(path: Path) -> PlanFile:
    """Read a plan file, whoever made it; ``to_plan`` turns it into a plan for a cluster.

    Raises
    ------
    InputError
        When it cannot be used: names the place in it.
    """
    plan_file = read_json(path, PlanFile)
    try:
        plan_file.parsed_objective()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return plan_file


def to_plan(plan_file: PlanFile, cluster: Cluster, where: Path | str = "plan") -> Plan:
    """Resolve the names of a plan file; whether the migrations are legal is for the checker to say.

    Parameters
    ----------
    plan_file
        The plan.
    cluster
        The snapshot that it starts from.
    where
        The file it was read from, for messages.

    Raises
    ------
    InputError
        When a VM or PM is not in the cluster, a VM is not where ``from`` says at that step, or the nodes of a place
        do not fit the VM's shape.
    """
    vms = {name: index for index, name in enumerate(cluster.vm_names)}
    pms = {name: index for index, name in enumerate(cluster.pm_names)}
    moved: dict[int, tuple[int, int]] = {}
    migrations = []
    for index, step in enumerate(plan_file.migrations):
        place = f"{where}: migrations[{index}]"
        if step.vm not in vms:
            raise InputError(
                f"{place}.vm: VM {one_line(step.vm)} is not in the cluster; check which snapshot belongs here."
            )
        vm = vms[step.vm]
        source = _resolve(f"{place}.from", step.source, cluster, vm, pms)
        target = _resolve(f"{place}.to", step.target, cluster, vm, pms)
        actual = moved.get(vm, (int(cluster.pm[vm]), int(cluster.node[vm])))
        if source != actual:
            raise InputError(
                f"{place}.from: VM {one_line(step.vm)} is on {_shown(cluster, vm, *actual)} at that step, not on "
                f"{_shown(cluster, vm, *source)}; check which snapshot the plan is for."
            )
        moved[vm] = target
        migrations.append(Migration(vm, *target))
    return Plan(tuple(migrations))


def _place(cluster: Cluster, vm: int, pm: int, node: int) -> Place:
    return Place(pm=cluster.pm_names[pm], numa=[0, 1] if cluster.double[vm] else [1 if node else 0])


def _resolve(where: str, place: Place, cluster: Cluster, vm: int, pms: dict[str, int]) -> tuple[int, int]:
    """Turn a place into PM and node."""
    if place.pm not in pms:
        raise InputError(
            f"{where}.pm: PM {one_line(place.pm)} is not in the cluster; check which snapshot belongs here."
        )
    double = bool(cluster.double[vm])
    if sorted(place.numa) not in ([[0, 1]] if double else [[0], [1]]):
        shape = "occupies both nodes; write [0, 1]" if double else "occupies one node; write [0] or [1]"
        raise InputError(f"{where}.numa: VM {one_line(cluster.vm_names[vm])} {shape}.")
    return pms[place.pm], min(place.numa)


def _shown(cluster: Cluster, vm: int, pm: int, node: int) -> str:
    name = one_line(cluster.pm_names[pm])
    return f"PM {name}" if cluster.double[vm] else f"node {node} of PM {name}"
