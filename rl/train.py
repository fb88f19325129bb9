"""``python -m rl.train``: PPO on a mixture of clusters; resumable, with checkpoints every update."""

import csv
import dataclasses
import sys
import time
from itertools import pairwise
from pathlib import Path

import tyro
from rich.console import Console
from torch.utils.tensorboard import SummaryWriter

from data import InputError
from rl import parallel
from rl.knobs import PRESETS, Options
from rl.run import Run
from rl.store import save
from rl.yardstick import Measured, Yardstick


def train(options: Options, console: Console) -> None:
    """Train to the end.

    Raises
    ------
    InputError
        When there is nothing to resume, or an option cannot be met.
    """
    run = Run.load(options.out) if options.resume else Run(options)
    options = run.options
    options.out.mkdir(parents=True, exist_ok=True)
    records = _Records(run, console) if parallel.rank() == 0 else None
    start_s = time.monotonic() - run.seconds
    while run.update < run.updates:
        metrics = run.improve()
        run.seconds = time.monotonic() - start_s
        if records is not None:
            records.note(metrics)
        run.save()
    if records is not None:
        records.close()


class _Records:
    """What a run leaves behind: TensorBoard, curve.csv, weights, and lines on the terminal."""

    def __init__(self, run: Run, console: Console) -> None:
        self.run = run
        self.console = console
        options = run.options
        if options.track:
            _track(options)
        parameters = sum(each.numel() for each in run.learner.policy.parameters())
        console.print(f"{parameters:,} parameters; certifying ...")
        self.yardstick = Yardstick.make(options.dev, options.dev_sorts)
        self.writer = SummaryWriter(options.out / "tensorboard")

    def note(self, metrics: dict[str, float]) -> None:
        """Record an update, and measure the policy where it is time to."""
        run, options = self.run, self.run.options
        for key, value in metrics.items():
            self.writer.add_scalar(f"ppo/{key}", value, run.steps)
        if run.update % options.dev_every == 0 or run.update == run.updates:
            measured = self.yardstick.measure(run.learner.policy)
            for each in measured:
                self.writer.add_scalar(f"dev/{each.sort}", each.slots, run.steps)
            _append(options.out / "curve.csv", run, measured)
            save(run.learner.policy, options.out / "policy.safetensors")
            self.console.print("  " + self.yardstick.describe(measured), highlight=False, soft_wrap=True)
        shown = ", ".join(f"{key} {value:.3g}" for key, value in metrics.items())
        progress = f"{run.seconds / 60:6.1f} min  update {run.update}/{run.updates}"
        self.console.print(f"{progress}  {shown}", highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Finish writing."""
        self.writer.close()


def _append(path: Path, run: Run, measured: list[Measured]) -> None:
    """Append a row for each sort of development problems to a CSV file."""
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(["minutes", "steps", "clusters", "slots", "fr", "gap"])
        for each in measured:
            writer.writerow([f"{run.seconds / 60:.2f}", run.steps, each.sort, f"{each.slots:.3f}", f"{each.fr:.5f}",
                             f"{each.gap:.5f}"])  # fmt: skip


def _track(options: Options) -> None:
    try:
        import wandb
    except ImportError:
        raise InputError("--track needs the package wandb; install it with pip, or leave --track out.") from None
    wandb.init(project="vmr2l", config=dataclasses.asdict(options), sync_tensorboard=True)


def main() -> None:
    """Run the command line."""
    words = sys.argv[1:]
    chosen = next((word for flag, word in pairwise(words) if flag == "--preset"), "full")
    chosen = next((word.split("=", 1)[1] for word in words if word.startswith("--preset=")), chosen)
    default = next((options for name, options in PRESETS.items() if name == chosen), PRESETS["full"])
    options = tyro.cli(Options, prog="python -m rl.train", default=default)
    try:
        with parallel.joined(options.device):
            train(options, Console())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Interrupted. The same command with --resume goes on.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
