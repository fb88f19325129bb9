"""What a training run can be told: the options of ``python -m rl.train``, and its presets."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro

from rl.curriculum import MIXTURE
from rl.model import Attention
from rl.ppo import PpoConfig
from rl.yardstick import SORTS

Preset = Literal["quick", "paper", "full"]
Agent = Literal["vmr2l", "decima", "penalty", "full"]
Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff]


@dataclass(frozen=True)
class Options:
    """Train the policy by PPO on a mixture of clusters, at first with a teacher who knows the regret of every option.

    Stop it at any moment; the same command with --resume goes on to the same numbers. With several processes
    (``torchrun --nproc-per-node 2 -m rl.train -- ...``) each plays its own problems, and gradients are averaged.
    """

    preset: Preset = "full"
    """quick: useful in minutes; full: the recipe of the shipped weights; paper: as published, on the Medium set at MNL
    50, from rewards alone. Sets the defaults of everything below, which --help then shows."""
    agent: Agent = "vmr2l"
    """vmr2l: the two-stage policy; decima: a graph network whose second stage is a limit (`rl.decima`); penalty: two
    stages without masks; full: all legal pairs of VM and place at once (`rl.variants`)."""
    out: Path = Path("results/train")
    """Folder for checkpoint, weights, curve.csv and TensorBoard."""
    resume: Flag = False
    """Go on from the checkpoint in --out, with the options of that run."""
    start: Path | None = None
    """Weights to begin with, random ones if none are given. Their shape counts, but rounds up to --blocks are added,
    which at first change nothing."""
    seed: int = 1
    """Of initial weights, problems and sampling."""
    steps: int = 163_840
    """Migrations made, by all players."""
    envs: int = 64
    """Problems side by side of each player."""
    players: int = 0
    """Processes that play while another one learns, one for each core where a GPU learns; 0: one process does both."""
    horizon: int = 32
    """Migrations of each problem between two updates."""
    rate: float = 1.2e-3
    """Learning rate at the start (Adam), falling linearly."""
    rate_end: float = 1e-5
    """Learning rate at the end."""
    taught: float = 0.12
    """Share of the run with a teacher (`rl.teacher`), whose weight falls linearly from 1 to 0; 0: none."""
    shaped: bool = True
    """Reward slots less what a step costs of the certified bound (`rl.potential`), not slots alone."""
    presets: dict[str, float] = field(default_factory=lambda: dict(MIXTURE))
    """Weights of the presets in the mixture."""
    pool: int = 64
    """Clusters in memory; one is renewed every update."""
    mnl: tuple[int, int] = (15, 100)
    """Least and most migrations of a problem; small ones have fewer."""
    least_pms: int = 40
    """Fewest PMs of a random part of a cluster."""
    whole: float = 0.3
    """Share of problems that are whole clusters."""
    width: int = 32
    """Width of the network."""
    heads: int = 2
    """Attention heads; decima has none."""
    blocks: int = 2
    """Rounds of attention; of messages for decima."""
    attention: Attention = "sparse"
    """sparse: tree-local and global; vanilla: global alone; none: sums over all nodes (MLP); all the same to decima."""
    ppo: PpoConfig = field(default_factory=PpoConfig)
    """Knobs of PPO."""
    dev: int = 5
    """Certified clusters of each sort that progress is measured on."""
    dev_sorts: tuple[str, ...] = SORTS
    """Those sorts: a preset and a migration limit each."""
    dev_every: int = 12
    """Updates between two measurements."""
    threads: int = 1
    """Threads of the network."""
    device: str = "cpu"
    """cpu or cuda."""
    track: Flag = False
    """Send the metrics to Weights & Biases too (needs wandb; WANDB_MODE=offline works)."""


PRESETS: dict[Preset, Options] = {
    "quick": Options(
        preset="quick", steps=20_480, rate_end=5e-5, presets={"medium": 0.5, "scarce": 0.5}, whole=0.1, pool=32, dev=2,
        dev_every=5,
    ),
    "full": Options(),
    "paper": Options(
        preset="paper", steps=4_000_000, envs=8, horizon=250, rate=2.5e-4, rate_end=0.0, taught=0.0, shaped=False,
        presets={"medium": 1.0}, mnl=(50, 50), whole=1.0,
        ppo=PpoConfig(
            gamma=0.99, clip=0.1, epochs=8, target_kl=0.15, minibatch=125, entropy=0.005, max_norm=0.5, fault=0.0,
            miss=0.0,
        ),
    ),
}  # fmt: skip
"""Defaults of each preset."""
