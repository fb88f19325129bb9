"""Train MaskablePPO of sb3-contrib on a small cluster, through the Gymnasium face.

Needs ``pip install sb3-contrib``. Run: ``python examples/maskable_ppo.py --steps 4096``; about a minute.
"""

from dataclasses import dataclass

import numpy as np
import tyro
from gymnasium.wrappers import FlattenObservation
from sb3_contrib import MaskablePPO

from rl.gym_env import FlatActions, VmrEnv
from solvers import Problem
from solvers.toys import crowd


@dataclass(frozen=True)
class Options:
    """Train MaskablePPO on clusters of a few PMs."""

    steps: int = 4096
    """Migrations made in training."""
    pms: int = 4
    """PMs of each cluster."""


def main() -> None:
    """Train, and show the reward before and after."""
    options = tyro.cli(Options, description=Options.__doc__)
    pms = options.pms
    small = VmrEnv(mnl=8, mask="full", size=(pms, 44 * pms), draw=lambda index: Problem(crowd(pms, index), mnl=8))
    env = FlattenObservation(FlatActions(small))
    model = MaskablePPO("MlpPolicy", env, n_steps=256, batch_size=64, verbose=1, seed=0)
    before = score(model, env)
    model.learn(options.steps)
    print(f"slots gained in 8 migrations: {before:.2f} before, {score(model, env):.2f} after training")


def score(model: MaskablePPO, env: FlattenObservation, episodes: int = 20) -> float:
    """Return the mean slots gained."""
    total = 0.0
    for index in range(episodes):
        seen, _ = env.reset(options={"index": index})
        ended = False
        while not ended:
            action, _ = model.predict(seen, action_masks=env.get_wrapper_attr("action_masks")(), deterministic=True)
            seen, reward, ended, _, _ = env.step(np.int64(action))
            total += float(reward)
    return total / episodes


if __name__ == "__main__":
    main()
