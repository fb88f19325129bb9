"""One who plays: problems of its own, and the policy of the moment."""

import pickle
import zlib
from typing import Any

import numpy as np

from rl.course import Course
from rl.curriculum import Curriculum
from rl.knobs import Options
from rl.model import Policy
from rl.ppo import Rollout, collect


class Player:
    """Lets a policy act in the problems of a curriculum; those of two numbers differ.

    Parameters
    ----------
    kind
        What the policies will be.
    """

    def __init__(self, options: Options, kind: type[Policy], number: int) -> None:
        self.options = options
        curriculum = Curriculum(options.presets, options.pool, options.mnl, options.least_pms, options.whole)
        self.course = Course(curriculum, (options.seed, number), shaped=options.shaped)
        self.env = self.course.start(options.envs, kind.environment)
        self.rng = np.random.default_rng([options.seed, number])

    def play(self, policy: Policy, *, taught: bool) -> tuple[Rollout, tuple[float, float]]:
        """Play on for a horizon, with a teacher looking on or not.

        Returns
        -------
        rollout
            What happened.
        finished
            Slots gained in the last episodes, and the certified bound on them: means.
        """
        teacher = self.course.teach if taught else None
        rollout = collect(policy, self.env, self.options.horizon, self.options.ppo, self.rng, self.course, teacher)
        self.course.refresh()
        gained, possible = np.mean(self.course.finished or [(0.0, 0.0)], axis=0).tolist()
        return rollout, (gained, possible)

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs, for a checkpoint."""
        arrays = zlib.compress(pickle.dumps(tuple(self.env.arrays)), level=1)  # for the most part zeros
        return {"course": self.course.state(), "arrays": arrays, "rng": self.rng}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where another player stopped."""
        self.course.restore(state["course"])
        self.env = type(self.env).restored(pickle.loads(zlib.decompress(state["arrays"])))  # noqa: S301 - our own
        self.rng = state["rng"]
