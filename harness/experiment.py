"""Repeat the paper's evaluation: ``python -m harness.experiment NAME``, ``all`` for every experiment."""

import shlex
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from data import InputError
from harness.compare import Options as CompareOptions
from harness.experiments import EXPERIMENTS, create
from harness.experiments.bench import Bench
from harness.experiments.conduct import Result, conduct
from harness.experiments.report import write_report
from harness.hardware import available_cores


@dataclass(frozen=True)
class Options:
    """Repeat an experiment of the paper, or all, and write tables, figures and findings beside the published numbers.

    What is finished is never run again: the same command goes on after an interruption, and draws again when all is
    done. Experiments in one --out share the runs that they have in common. The page docs/experiments.md lists them.
    """

    name: Annotated[
        str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME", help=f"One of {', '.join(EXPERIMENTS)}; or all.")
    ]
    solvers: str = CompareOptions.solvers
    """Solvers, comma-separated, each with parameters if wanted (mip:workers=2), or a TOML file with a table each."""
    clusters: int | None = None
    """Clusters of each kind; as many as each experiment wants if not given."""
    time_limit: float = 5.0
    """Seconds a run may take."""
    jobs: int | None = None
    """Runs at a time, each pinned to its own share of the cores; 1, or one a core with --quick, if not given."""
    quick: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Few clusters and few points: a look in minutes."""
    out: Path | None = None
    """Folder of all experiments; results/experiments, or results/experiments-quick with --quick, if not given."""


def experiment(options: Options, command: str, console: Console) -> list[Result]:
    """Carry out what the options say, and return what came of each experiment.

    Raises
    ------
    InputError
        When they cannot be used.
    """
    names = list(EXPERIMENTS) if options.name == "all" else [options.name]
    minutes = [create(name).minutes[0 if options.quick else 1] for name in names]
    folder = options.out or Path("results") / ("experiments-quick" if options.quick else "experiments")
    jobs = options.jobs or (len(available_cores()) if options.quick else 1)
    bench = Bench(folder, console, command, options.solvers, options.clusters, options.time_limit, jobs, options.quick)
    bench.specs()
    results = []
    for number, name in enumerate(names):
        console.rule(f"{number + 1}/{len(names)} {name}: about {minutes[number]:g} of {sum(minutes):g} minutes")
        results.append(conduct(name, bench))
        if results[-1].reason:
            console.print(f"  Not tested: {results[-1].reason}", highlight=False, markup=False, soft_wrap=True)
    report = write_report(folder, results, options.quick) if options.name == "all" else folder / names[0]
    console.print(f"Results: {report}", highlight=False, markup=False, soft_wrap=True)
    return results


def main() -> None:
    """Run the command line."""
    options = tyro.cli(Options, prog="python -m harness.experiment")
    console = Console() if sys.stdout.isatty() else Console(width=120)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # keep what is finished then, too
    command = shlex.join(["python", "-m", "harness.experiment", *sys.argv[1:]])
    try:
        results = experiment(options, command, console)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(f"Interrupted; what is finished is kept. Go on with: {command}", file=sys.stderr)
        sys.exit(130)
    sys.exit(2 if options.name != "all" and results[0].reason else 0)


if __name__ == "__main__":
    main()
