"""``python -m rl.train``: imitate proven plans, then improve by PPO; resumable, with checkpoints every update."""

import csv
import dataclasses
import sys
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
import tyro
from rich.console import Console
from torch.utils.tensorboard import SummaryWriter

from data import InputError
from rl import imitate
from rl.course import Course
from rl.curriculum import MIXTURE, Curriculum
from rl.env import Env
from rl.model import Attention, ModelConfig, Policy
from rl.ppo import Learner, PpoConfig, collect
from rl.store import save
from rl.yardstick import Yardstick

Preset = Literal["quick", "paper", "full"]


@dataclass(frozen=True)
class Options:
    """Train the policy: first imitate plans that ``mip`` proves, then improve by PPO on a mixture of clusters.

    Stop it at any moment; the same command with --resume goes on to the same numbers.
    """

    preset: Preset = "full"
    """quick: useful in minutes; full: the recipe of the shipped weights, longer; paper: only the published Medium set,
    MNL 50, from nothing.
    Sets the defaults of everything below, which --help then shows."""
    out: Path = Path("results/train")
    """Folder for checkpoint, weights, curve.csv and TensorBoard."""
    resume: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Go on from the checkpoint in --out, with the options of that run."""
    seed: int = 1
    """Of initial weights, problems and sampling."""
    lessons: int = 8
    """Rounds of imitation before PPO; 0: from nothing."""
    demonstrations: int = 48
    """Problems that ``mip`` solves for each lesson; each is replayed in three random orders."""
    lesson_rate: float = 2e-3
    """Learning rate of the first lesson, halved by the last."""
    steps: int = 300_000
    """Migrations made in PPO, over all environments."""
    envs: int = 64
    """Problems side by side."""
    horizon: int = 32
    """Migrations of each problem between two updates."""
    rate: float = 4e-4
    """Learning rate at the start of PPO (Adam), falling linearly."""
    rate_end: float = 3e-5
    """Learning rate at its end."""
    presets: dict[str, float] = field(default_factory=lambda: dict(MIXTURE))
    """Weights of the presets in the mixture."""
    pool: int = 64
    """Clusters in memory; one is renewed every update."""
    mnl: tuple[int, int] = (15, 100)
    """Least and most migrations of a problem."""
    least_pms: int = 40
    """Fewest PMs of a random part of a cluster."""
    whole: float = 0.2
    """Share of problems that are whole clusters (of at most 300 PMs)."""
    width: int = 32
    """Width of the network."""
    heads: int = 2
    """Attention heads."""
    blocks: int = 1
    """Rounds of attention."""
    attention: Attention = "sparse"
    """sparse: tree-local and global; vanilla: global alone; none: sums over all nodes (MLP)."""
    ppo: PpoConfig = field(default_factory=PpoConfig)
    """Knobs of PPO."""
    dev: int = 5
    """Certified clusters of each kind that progress is measured on."""
    dev_every: int = 12
    """Updates between two measurements."""
    threads: int = 1
    """Threads of the network."""
    device: str = "cpu"
    """cpu or cuda."""
    track: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Send the metrics to Weights & Biases too (needs wandb; WANDB_MODE=offline works)."""


PRESETS: dict[Preset, Options] = {
    "quick": Options(preset="quick", lessons=3, steps=20_000, rate_end=1e-4, dev=2, dev_every=5, pool=32, whole=0.05),
    "full": Options(),
    "paper": Options(
        preset="paper", lessons=0, steps=4_000_000, rate=1e-3, presets={"medium": 1.0}, mnl=(50, 50), whole=1.0,
        ppo=PpoConfig(gamma=0.98, lam=0.9, entropy=0.01),
    ),
}  # fmt: skip
"""Defaults of each preset."""

CHECKPOINT = "checkpoint.pt"


class Run:
    """A training run: all that changes while it goes on, which is what a checkpoint holds."""

    def __init__(self, options: Options) -> None:
        self.options = options
        torch.manual_seed(options.seed)
        torch.set_num_threads(options.threads)
        shape = ModelConfig(options.width, options.heads, options.blocks, options.attention)
        self.learner = Learner(Policy(shape).to(options.device), options.ppo)
        curriculum = Curriculum(options.presets, options.pool, options.mnl, options.least_pms, options.whole)
        self.course = Course(curriculum, options.seed)
        self.env: Env | None = None
        self.rng = np.random.default_rng([options.seed, 0])
        self.lesson = 0
        self.update = 0
        self.seconds = 0.0

    @property
    def updates(self) -> int:
        """Number of PPO updates in all."""
        return self.options.steps // (self.options.envs * self.options.horizon)

    def teach(self) -> dict[str, float]:
        """Give one lesson: solve some problems exactly, and imitate the plans in three random orders."""
        options = self.options
        fade = 0.5 ** (self.lesson / max(1, options.lessons - 1))
        problems = [
            self.course.curriculum.draw(self.course.pool, self.course.rng) for _ in range(options.demonstrations)
        ]
        plans = [imitate.demonstrate(problem) for problem in problems]
        for group in self.learner.optimiser.param_groups:
            group["lr"] = options.lesson_rate * fade
        for _ in range(3):
            lesson = imitate.replay(problems, plans, options.ppo.gamma, self.rng)
            metrics = imitate.learn(
                self.learner.policy, self.learner.optimiser, lesson, options.ppo.minibatch, self.rng
            )
        for _ in range(4):
            self.course.refresh()
        self.lesson += 1
        return metrics

    def improve(self) -> dict[str, float]:
        """Make one PPO update."""
        options = self.options
        if self.env is None:
            self.env = self.course.start(options.envs)
        rollout = collect(self.learner.policy, self.env, options.horizon, options.ppo, self.rng, self.course)
        rate = options.rate + (options.rate_end - options.rate) * self.update / self.updates
        metrics = self.learner.update(rollout, rate, self.rng)
        self.course.refresh()
        self.update += 1
        return metrics | {"episode_slots": float(np.mean(self.course.finished or [0.0])), "learning_rate": rate}

    def save(self) -> None:
        """Write the checkpoint in one step."""
        state = {
            "options": self.options, "policy": self.learner.policy.state_dict(),
            "optimiser": self.learner.optimiser.state_dict(), "rng": self.rng, "course_rng": self.course.rng,
            "number": self.course.number, "gained": self.course.gained, "finished": list(self.course.finished),
            "arrays": None if self.env is None else tuple(self.env.arrays), "lesson": self.lesson,
            "update": self.update, "seconds": self.seconds,
        }  # fmt: skip
        path = self.options.out / CHECKPOINT
        beside = path.with_name(path.name + ".tmp")
        torch.save(state, beside)
        beside.replace(path)

    @classmethod
    def load(cls, out: Path) -> "Run":
        """Read a checkpoint.

        Raises
        ------
        InputError
            When there is none.
        """
        path = out / CHECKPOINT
        if not path.exists():
            raise InputError(f"{path}: there is no checkpoint to resume from; start without --resume.")
        state: dict[str, Any] = torch.load(path, weights_only=False)
        run = cls(dataclasses.replace(state["options"], out=out, resume=True))
        run.learner.policy.load_state_dict(state["policy"])
        run.learner.optimiser.load_state_dict(state["optimiser"])
        run.course = Course(run.course.curriculum, run.options.seed, state["number"])
        run.course.rng, run.course.gained = state["course_rng"], state["gained"]
        run.course.finished.extend(state["finished"])
        run.env = None if state["arrays"] is None else Env.restored(state["arrays"])
        run.rng, run.lesson, run.update, run.seconds = state["rng"], state["lesson"], state["update"], state["seconds"]
        return run


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
    if options.track:
        _track(options)
    console.print(f"{sum(each.numel() for each in run.learner.policy.parameters()):,} parameters; certifying ...")
    yardstick = Yardstick.make(options.dev)
    writer = SummaryWriter(options.out / "tensorboard")
    start_s = time.monotonic() - run.seconds
    while run.lesson < options.lessons or run.update < run.updates:
        teaching = run.lesson < options.lessons
        metrics = run.teach() if teaching else run.improve()
        run.seconds = time.monotonic() - start_s
        steps = run.update * options.envs * options.horizon
        for key, value in metrics.items():
            writer.add_scalar(f"{'lesson' if teaching else 'ppo'}/{key}", value, run.lesson if teaching else steps)
        last = (run.lesson == options.lessons) if teaching else (run.update == run.updates)
        if last or (not teaching and run.update % options.dev_every == 0):
            measured = yardstick.measure(run.learner.policy)
            for key, value in measured.items():
                writer.add_scalar(f"dev/{key}", value, steps)
            _note(
                options.out / "curve.csv",
                {"minutes": run.seconds / 60, "lesson": run.lesson, "steps": steps} | measured,
            )
            save(run.learner.policy, options.out / "policy.safetensors")
            console.print("  " + yardstick.describe(measured), highlight=False)
        run.save()
        stage = f"lesson {run.lesson}/{options.lessons}" if teaching else f"update {run.update}/{run.updates}"
        shown = ", ".join(f"{key} {value:.3g}" for key, value in metrics.items())
        console.print(f"{run.seconds / 60:6.1f} min  {stage}  {shown}", highlight=False, soft_wrap=True)
    writer.close()


def _note(path: Path, row: dict[str, float]) -> None:
    """Append a row to a CSV file."""
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if fresh:
            writer.writeheader()
        writer.writerow({key: f"{value:.4f}" if isinstance(value, float) else value for key, value in row.items()})


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
        train(options, Console())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Interrupted. The same command with --resume goes on.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
