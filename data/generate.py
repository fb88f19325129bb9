"""Command line: write built-in clusters to files, or check them against the published figures."""

import dataclasses
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import joblib
import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from data.errors import InputError
from data.generators import Split
from data.generators.calibration import measure_one, table
from data.generators.files import file_of, write_one
from data.generators.recipe import seed_key

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Options:
    """Make built-in clusters, or check how close they come to the published ones.

    Clusters are seeded: the same preset, split and number give the same file on every machine. Files that exist are
    kept, so an interrupted command goes on where it stopped.

    Presets: medium (the paper's Medium set, high workload), middle, low, large (the paper's Large set),
    multi (memory binds too); and our own, harder: scarce (half of medium, where good moves run out), tight (the real
    Medium population placed anew), memory (here memory binds, there cores do).
    """

    preset: Annotated[str, tyro.conf.Positional]
    """medium, middle, low, large, multi, scarce, tight or memory."""
    split: Split = "test"
    """Splits never share a cluster."""
    count: int = 200
    """How many clusters, 1 or more."""
    start: int = 0
    """The first of them, counted from 0 in its split."""
    out: Path = Path("results/data")
    """Files are OUT/PRESET/SPLIT/flex_vm_ID.json; IDs count from 0 (train), 6000 (dev) or 6200 (test)."""
    jobs: int = dataclasses.field(default_factory=joblib.cpu_count)
    """Clusters made at once, 1 or more."""
    check: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print the calibration table (published figure, ours, difference) instead of writing files."""

    def indices(self) -> range:
        """Say which clusters are meant.

        Raises
        ------
        InputError
            When an option is out of range.
        """
        if self.count < 1 or self.jobs < 1:
            raise InputError(f"--count {self.count} --jobs {self.jobs}: give 1 or more of each.")
        indices = range(self.start, self.start + self.count)
        for index in (indices[0], indices[-1]):
            seed_key(self.preset, self.split, index)
        return indices


def run(options: Options, console: Console) -> None:
    """Do what the options say.

    Raises
    ------
    InputError
        When an option is out of range or a file cannot be written.
    """
    indices = options.indices()
    if options.check:
        calls = [joblib.delayed(measure_one)(options.preset, options.split, index) for index in indices]
        console.print(table(options.preset, list(_progress(calls, options.jobs, "Measuring"))))
        return
    missing = [
        index for index in indices if not file_of(options.out, options.preset, options.split, index).exists()
    ]  # fmt: skip
    calls = [joblib.delayed(write_one)(options.out, options.preset, options.split, index) for index in missing]
    for _ in _progress(calls, options.jobs, "Writing"):
        pass
    folder = file_of(options.out, options.preset, options.split, 0).parent
    kept = len(indices) - len(missing)
    console.print(f"{folder}: wrote {len(missing)} clusters, kept {kept} that were there.", soft_wrap=True)


def _progress(
    calls: list[tuple[Callable[..., T], tuple[object, ...], dict[str, object]]], jobs: int, verb: str
) -> Iterator[T]:
    """Run the calls in parallel and yield what they return as it comes, under a progress bar."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        parallel = joblib.Parallel(n_jobs=min(jobs, len(calls) or 1), return_as="generator_unordered")
        yield from progress.track(parallel(calls), total=len(calls), description=verb)


def main() -> None:
    """Run the command line."""
    options = tyro.cli(Options, prog="python -m data.generate")
    try:
        run(options, Console())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Interrupted. The same command goes on: finished files are kept.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
