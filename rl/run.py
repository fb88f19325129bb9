"""A training run: all that changes while it goes on, and its checkpoint."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data import InputError
from rl import parallel
from rl.agents import AGENTS
from rl.knobs import Options
from rl.model import ModelConfig
from rl.ppo import Learner, Rollout
from rl.store import grown, load
from rl.team import Team


class Run:
    """One of the processes that train a policy, most often the only one.

    Attributes
    ----------
    update : int
        Updates made.
    seconds : float
        Time spent on them, over all attempts.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        rank = parallel.rank()
        torch.manual_seed(options.seed)
        torch.set_num_threads(options.threads)
        torch.set_flush_denormal(True)  # attention weights next to nothing halve the speed of a processor
        shape = ModelConfig(options.width, options.heads, options.blocks, options.attention)
        policy = grown(load(options.start), options.blocks) if options.start else AGENTS[options.agent](shape)
        self.learner = Learner(policy.train().to(options.device), options.ppo)
        self.team = Team(options, policy, rank * max(1, options.players))
        self.rng = np.random.default_rng([options.seed, rank, 2])
        self.update = 0
        self.seconds = 0.0

    @property
    def updates(self) -> int:
        """Number of updates in all."""
        return max(1, self.options.steps // self._batch)

    @property
    def steps(self) -> int:
        """Migrations made so far, by all processes."""
        return self.update * self._batch

    @property
    def _batch(self) -> int:
        options = self.options
        return options.envs * options.horizon * max(1, options.players) * parallel.processes()

    def improve(self) -> dict[str, float]:
        """Make one update; returns its metrics."""
        options, done = self.options, self.update / self.updates
        rate = options.rate + (options.rate_end - options.rate) * done
        teaching = max(0.0, 1 - done / options.taught) if options.taught else 0.0
        began_s = time.perf_counter()
        played = self.team.play(
            self.learner.policy, taught=teaching > 0 or options.ppo.fault > 0 or options.ppo.miss > 0
        )
        rollout = Rollout.join([rollout for rollout, _ in played])
        played_s = time.perf_counter()
        metrics = self.learner.update(rollout, rate, self.rng, teaching)
        metrics |= {"play_s": played_s - began_s, "learn_s": time.perf_counter() - played_s}
        self.update += 1
        gained, possible = np.mean([finished for _, finished in played], axis=0).tolist()
        return metrics | {"slots": gained, "possible": possible, "learning_rate": rate}

    def save(self) -> None:
        """Write the checkpoint in one step."""
        state = {
            "options": self.options, "policy": self.learner.policy.state_dict(),
            "optimiser": self.learner.optimiser.state_dict(), "rng": self.rng, "team": self.team.state(),
            "update": self.update, "seconds": self.seconds,
        }  # fmt: skip
        path = _path(self.options.out)
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
        path = _path(out)
        if not path.exists():
            raise InputError(f"{path}: there is no checkpoint to resume from; start without --resume.")
        state: dict[str, Any] = torch.load(path, weights_only=False)
        run = cls(dataclasses.replace(state["options"], out=out, resume=True))
        run.learner.policy.load_state_dict(state["policy"])
        run.learner.optimiser.load_state_dict(state["optimiser"])
        run.team.restore(state["team"])
        run.rng, run.update, run.seconds = state["rng"], state["update"], state["seconds"]
        return run


def _path(out: Path) -> Path:
    """Name the checkpoint of this process."""
    rank = parallel.rank()
    return out / (f"checkpoint-{rank}.pt" if rank else "checkpoint.pt")
