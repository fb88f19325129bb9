"""``python -m data.check CLUSTER PLAN``: verify any plan file. Only run: ``data.check``, imported, is the checker."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from data.audit import audit
from data.errors import InputError
from data.instances import resolve_one
from data.objective import Objective
from data.plan_file import read_plan


@dataclass(frozen=True)
class Options:
    """Verify a plan file: replay it on its cluster, step by step, and compare every figure that it claims.

    Ends with 0 where the plan is valid, with 1 where it is not, and with 2 where plan or cluster cannot be used.
    """

    cluster: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="CLUSTER")]
    """The snapshot the plan starts from: a JSON file, a folder with pms.csv and vms.csv, or medium-test-0, say."""
    plan: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="PLAN")]
    """The plan file (vmr-plan/1)."""
    mnl: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """The most migrations allowed, if fewer than the plan file says."""
    objective: Annotated[str | None, tyro.conf.arg(metavar="TEXT")] = None
    """Measure this instead of what the plan file says: cores16, double64, memory32768 (MiB), or a weighted mix."""
    stay_in_cluster: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """VMs may not leave their cluster within the snapshot."""
    max_cost: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """The most that the migrations may cost together, if less than the plan file says."""


def run(options: Options) -> int:
    """Print the verdict and return the exit code."""
    objective = Objective.parse(options.objective) if options.objective else None
    cluster = resolve_one(options.cluster).load()
    plan_file = read_plan(options.plan)
    found = audit(
        cluster,
        plan_file,
        options.plan,
        mnl=options.mnl,
        objective=objective,
        stay_in_cluster=options.stay_in_cluster,
        max_cost=options.max_cost,
    )
    if found.objection:
        print(f"invalid: {found.objection}")
        return 1
    migrations, waves = len(plan_file.migrations), len({step.wave for step in plan_file.migrations})
    print(
        f"valid: {migrations} migration{'s' * (migrations != 1)} in {waves} wave{'s' * (waves != 1)}, "
        f"FR {found.verdict.initial_fr:.4f} -> {found.verdict.final_fr:.4f} "
        f"({objective or plan_file.parsed_objective()}), limit {plan_file.mnl}"
    )
    if plan_file.drain:
        left = f"{found.staying} VM{'s' * (found.staying != 1)} left" if found.staying else "empty"
        print(f"{', '.join(plan_file.drain)}: {left}")
    return 0


def main() -> None:
    """Run the command line."""
    options = tyro.cli(Options, prog="python -m data.check")
    try:
        sys.exit(run(options))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
