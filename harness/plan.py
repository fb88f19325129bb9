"""Make one plan for one cluster: ``python -m harness.plan FILE --solver mip --mnl 50``."""

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated

import tyro
from rich.console import Console
from rich.table import Table

from data import Cluster, InputError, Objective, Plan, Rules, check
from data.instances import resolve
from data.plan_file import Place, PlanFile, make_plan_file, pms_named, write_plan
from harness import hardware
from harness.aims import Remote, emptied, verdict
from harness.process import Worker
from harness.records import file_name
from solvers import Deadline, Problem, SolverSpec
from solvers.drain import drain
from solvers.goal import fewest
from solvers.mip import Mip


@dataclass(frozen=True)
class Options:
    """Make one plan: show what moves where, and write the plan file.

    Ctrl-C ends the search early and gives the best plan so far. The plan is replayed by an independent checker.
    """

    file: tyro.conf.Positional[str]
    """The snapshot: a JSON file, a folder with pms.csv and vms.csv, or a built-in cluster (medium, large, ...)."""
    solver: str = "mip"
    """The solver, with parameters if wanted: mip:workers=2."""
    mnl: int = 50
    """The most migrations the plan may have."""
    goal: Annotated[float | None, tyro.conf.arg(metavar="FR")] = None
    """Look for the fewest migrations, of at most --mnl, that bring the FR down to this."""
    time_limit: float = 5.0
    """Seconds to plan."""
    objective: str = "cores16"
    """What to minimise: cores16, double64, memory32768 (MiB), or a mix such as 0.5*cores16+0.5*double64."""
    stay_in_cluster: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """VMs may not leave their cluster within a snapshot that has several."""
    max_cost: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """The most that all migrations may cost together; a VM's migration_cost in the snapshot, or 1, is what it costs."""
    seed: int = 0
    """Seed given to the solver."""
    drain: Annotated[str, tyro.conf.arg(metavar="PM,PM")] = ""
    """PMs to be emptied, by name: all VMs off them first, then the lowest FR with the migrations that are left."""
    out: Path | None = None
    """The plan file; results/plans/CLUSTER-SOLVER-mnlMNL-seedSEED.json if not given."""


@dataclass(frozen=True)
class Found:
    """What the solver found."""

    plan: Plan
    bound_fr: float | None
    solve_s: float
    remark: str = ""
    """What else is to be said: of the goal, or that the plan is late."""


def make_plan(options: Options, console: Console) -> PlanFile:
    """Plan, check, and write the plan file.

    Raises
    ------
    InputError
        When the options or the file cannot be used, or the solver gave no valid plan.
    """
    spec = SolverSpec.parse(options.solver)
    if not 0 < options.time_limit < float("inf"):
        raise InputError(f"--time-limit {options.time_limit}: give a positive number of seconds.")
    instance = resolve(options.file, 1)[0]
    cluster = instance.load()
    pms = pms_named(cluster, filter(None, map(str.strip, options.drain.split(","))))
    if pms and options.goal is not None:
        raise InputError("--goal and --drain: give one of them; to empty PMs comes before any goal.")
    rules = Rules(options.stay_in_cluster, options.max_cost, pms)
    problem = Problem(cluster, options.mnl, Objective.parse(options.objective), rules)
    found = find(spec, problem, options)
    checked = check(cluster, found.plan, mnl=options.mnl, rules=rules, objective=problem.objective)
    if not checked.valid:
        raise InputError(f"the checker refuses the plan of {spec}: {checked.reason}; nothing is written.")
    plan_file = make_plan_file(
        cluster, found.plan, instance.name, str(spec), options.mnl, problem.objective, found.bound_fr, rules
    )
    name = f"{instance.name}-{file_name(str(spec))}-mnl{options.mnl}-seed{options.seed}.json"
    path = options.out or Path("results") / "plans" / name
    write_plan(path, plan_file)
    console.print(steps_table(plan_file, cluster))
    console.print(summary(plan_file, found, problem), highlight=False, markup=False, soft_wrap=True)
    source = str(instance.source) if isinstance(instance.source, Path) else instance.name
    verify = shlex.join(["python", "-m", "data.check", source, str(path)])
    console.print(f"Plan file: {path}\nVerify it: {verify}", highlight=False, markup=False, soft_wrap=True)
    return plan_file


def find(spec: SolverSpec, problem: Problem, options: Options) -> Found:
    """Let the solver plan, in a process of its own.

    Raises
    ------
    InputError
        When it gives no plan, or the goal is no FR.
    """
    exact = Mip()
    if problem.rules.drain and spec.name != exact.name:
        exact.prepare()
    with planning(spec, options.time_limit) as (worker, deadline):
        if problem.rules.drain:
            drained = drain(problem, Remote(worker), exact, deadline, options.seed)
            remark = emptied(drained, problem)
            return Found(drained.solution.plan, drained.solution.bound, deadline.elapsed_s(), remark)
        if options.goal is not None:
            result = fewest(problem, options.goal, Remote(worker), deadline, options.seed)
            remark = verdict(result, options.goal, problem.mnl)
            return Found(result.plan, result.bound_fr, deadline.elapsed_s(), remark)
        answer = worker.solve(problem, options.time_limit, options.seed)
    if answer.solution is None:
        raise InputError(f"{spec} gave no plan: {answer.message}; try another solver or a longer --time-limit.")
    late = "It came after the time limit." if answer.status == "late" else ""
    return Found(answer.solution.plan, answer.solution.bound, answer.solve_s, late)


@contextmanager
def planning(spec: SolverSpec, time_limit_s: float) -> Iterator[tuple[Worker, Deadline]]:
    """Hold a prepared solver, and the time it has; Ctrl-C ends the deadline, a second one the program."""
    worker = Worker(spec, hardware.lanes(1)[0])
    try:
        worker.start()
        worker.wait_prepared()
        deadline = Deadline(time_limit_s)

        def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the form of a handler
            signal.signal(signal.SIGINT, signal.default_int_handler)
            deadline.cancel()
            worker.cancel()

        print("Planning; Ctrl-C for the best plan so far", file=sys.stderr, flush=True)
        previous = signal.signal(signal.SIGINT, interrupt)
        try:
            yield worker, deadline
        finally:
            signal.signal(signal.SIGINT, previous)
    finally:
        worker.close()


def steps_table(plan_file: PlanFile, cluster: Cluster) -> Table:
    """Return the plan as a table: what moves, from, to, and FR after each step."""
    index = {name: vm for vm, name in enumerate(cluster.vm_names)}
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("step", "wave", "VM", "type", "cores", "from", "to", "FR after"):
        table.add_column(name, justify="right" if name in ("step", "wave", "cores", "FR after") else "left")
    for number, step in enumerate(plan_file.migrations, start=1):
        vm = index[step.vm]
        cores = int(cluster.demand[vm, 0]) * (2 if cluster.double[vm] else 1)
        kind = cluster.vm_type_names[vm] if cluster.vm_type_names else ("double" if cluster.double[vm] else "single")
        table.add_row(
            str(number),
            str(step.wave),
            step.vm,
            kind,
            str(cores),
            _shown(step.source),
            _shown(step.target),
            f"{step.fr_after:.4f}",
        )
    return table


def summary(plan_file: PlanFile, found: Found, problem: Problem) -> str:
    """Say in a few sentences what the plan achieves and how good that is."""
    count = len(plan_file.migrations)
    waves = len({step.wave for step in plan_file.migrations})
    in_waves = f"{waves} wave{'' if waves == 1 else 's'}"
    cost = sum(int(problem.cluster.migration_cost[migration.vm]) for migration in found.plan)
    spent = "" if plan_file.max_cost is None else f" that cost {cost} of {plan_file.max_cost}"
    text = f"{plan_file.instance}: FR {plan_file.initial_fr:.4f} -> {plan_file.final_fr:.4f} ({problem.objective}) "
    text += f"with {count} of {problem.mnl} migrations{spent} in {in_waves}, "
    text += f"by {plan_file.solver} in {found.solve_s:.2f} s."
    if plan_file.bound_fr is None:
        text += " No bound is known."
    elif plan_file.final_fr - plan_file.bound_fr < 1e-9:
        text += f" Certified bound {plan_file.bound_fr:.4f}: no plan within the limit is better."
    else:
        gap = plan_file.final_fr - plan_file.bound_fr
        text += f" Certified bound {plan_file.bound_fr:.4f}: at most {gap:.4f} better is possible."
    remark = f" {found.remark}" if found.remark else ""
    return f"{text}{remark} Checked: valid."


def _shown(place: Place) -> str:
    return f"{place.pm} " + ("both nodes" if len(place.numa) == 2 else f"node {place.numa[0]}")


def main() -> None:
    """Run the command line."""
    options = tyro.cli(Options, prog="python -m harness.plan")
    console = Console() if sys.stdout.isatty() else Console(width=120)
    try:
        make_plan(options, console)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Interrupted; no plan is written.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
