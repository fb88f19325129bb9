"""The command line: ``python -m harness.trajectory CLUSTER PLAN``."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from data import InputError
from data.instances import resolve
from data.plan_file import read_plan
from harness.trajectory import make


@dataclass(frozen=True)
class Options:
    """Show a plan migration by migration: an animated GIF, and a page that steps back and forth and opens offline."""

    cluster: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="CLUSTER")]
    """The snapshot the plan starts from: a JSON file, a folder with pms.csv and vms.csv, or medium-test-0, say."""
    plan: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="PLAN")]
    """The plan file (vmr-plan/1)."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")] = None
    """Where to write trajectory.gif and trajectory.html; results/trajectories/PLAN if not given."""


def main() -> None:
    """Run the command line."""
    options = tyro.cli(Options, prog="python -m harness.trajectory")
    out = options.out or Path("results") / "trajectories" / options.plan.stem
    try:
        cluster = resolve(options.cluster, 1)[0].load()
        for path in make(cluster, read_plan(options.plan), out, options.plan):
            print(path)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Interrupted; nothing is written.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
