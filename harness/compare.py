"""Compare solvers on clusters under one clock: ``python -m harness.compare``."""

import dataclasses
import shlex
import signal
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from data import Cluster, InputError, Objective, Rules
from data.instances import resolve
from harness.comparison import Comparison, conclude
from solvers import SOLVERS, parse_solvers

REFERENCES = ("mip-paper",)
"""Solvers that run only when they are named: models that others quote, too slow for a first look."""


@dataclass(frozen=True)
class Options:
    """Compare solvers on clusters under one clock, and write tables, figures and a report.

    Every run is a child process that is ended when it does not answer in time; every plan is replayed by an
    independent checker. Ctrl-C keeps what is finished, and --resume goes on.
    """

    solvers: str = ",".join(name for name in SOLVERS if name not in REFERENCES)
    """Solvers, comma-separated, each with parameters if wanted (mip:workers=2), or a TOML file with a table each."""
    data: str = "medium"
    """Clusters, comma-separated: built-in presets (medium, large, ...), snapshot files, folders of them."""
    clusters: int = 12
    """How many clusters of each preset or folder."""
    split: str = "test"
    """Which clusters of a preset or folder: train, dev or test."""
    mnl: str = "50,100"
    """Migration number limits, comma-separated."""
    time_limit: float = 5.0
    """Seconds a run may take, building its model included; an answer after that is late and does not count."""
    seeds: str = "0"
    """Seeds given to the solvers, comma-separated."""
    jobs: int = 1
    """Runs at a time, each pinned to its own share of the cores; 1 runs them one after another on all cores."""
    objective: str = "cores16"
    """What to minimise: cores16, double64, memory32768 (MiB), or a mix such as 0.5*cores16+0.5*double64."""
    stay_in_cluster: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """VMs may not leave their cluster within a snapshot that has several."""
    max_cost: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """The most that all migrations may cost together; a VM's migration_cost in the snapshot, or 1, is what it costs."""
    out: Path | None = None
    """Folder for the records; results/compare-DATE-TIME if not given."""
    resume: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Go on with the comparison in --out, with the same configuration."""


def compare(options: Options, folder: Path, command: str, console: Console) -> None:
    """Carry out what the options say.

    Raises
    ------
    InputError
        When they cannot be used; nothing has been run then.
    """
    _require_fresh(folder, options.resume)
    comparison = Comparison(
        solvers=parse_solvers(options.solvers),
        clusters={},
        mnls=whole_numbers("--mnl", options.mnl),
        seeds=whole_numbers("--seeds", options.seeds),
        time_limit_s=options.time_limit,
        folder=folder,
        objective=Objective.parse(options.objective),
        rules=Rules(stay_in_cluster=options.stay_in_cluster, max_cost=options.max_cost),
        jobs=options.jobs,
    )
    clusters = load_clusters(options.data, options.clusters, options.split, console)
    dataclasses.replace(comparison, clusters=clusters).run(console, command)


def whole_numbers(option: str, text: str) -> list[int]:
    """Read whole numbers of 0 or more, separated by commas, each once.

    Raises
    ------
    InputError
        When there is something else, or nothing.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise InputError(f"{option} {text!r}: give whole numbers separated by commas, such as 10,20.")
    return list(dict.fromkeys(map(int, parts)))


def load_clusters(text: str, count: int, split: str, console: Console) -> dict[str, Cluster]:
    """Load the clusters that ``--data`` names, by their names."""
    instances = resolve(text, count, split)
    with console.status(f"Loading {len(instances)} clusters"):
        return {instance.name: instance.load() for instance in instances}


def main() -> None:
    """Run the command line."""
    options = tyro.cli(Options, prog="python -m harness.compare")
    folder = options.out or Path("results") / f"compare-{datetime.now():%Y%m%d-%H%M%S}"
    console = Console() if sys.stdout.isatty() else Console(width=120)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # keep what is finished then, too
    complete, sound = True, True
    try:
        try:
            compare(options, folder, shlex.join(["python", "-m", "harness.compare", *sys.argv[1:]]), console)
        except KeyboardInterrupt:
            complete = False
        if (folder / "runs.csv").exists():
            sound = conclude(folder, console)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if not complete:
        resume = f" Go on with: {_resume_command(folder)}" if (folder / "run.json").exists() else ""
        print(f"Interrupted.{resume}", file=sys.stderr)
        sys.exit(130)
    sys.exit(0 if sound else 1)


def _require_fresh(folder: Path, resume: bool) -> None:
    holds_runs = (folder / "run.json").exists() or (folder / "runs.csv").exists()
    if resume and not holds_runs:
        raise InputError(
            f"{folder}: there is nothing to resume; give the folder of an interrupted comparison as --out."
        )
    if holds_runs and not resume:
        raise InputError(f"{folder}: holds a comparison already; add --resume to go on, or choose another --out.")


def _resume_command(folder: Path) -> str:
    arguments = [each for each in sys.argv[1:] if each != "--resume"]
    if not any(each.startswith("--out") for each in arguments):
        arguments += ["--out", str(folder)]
    return shlex.join(["python", "-m", "harness.compare", *arguments, "--resume"])


if __name__ == "__main__":
    main()
