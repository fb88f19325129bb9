"""Whole trajectories: greedy or sampled, many at once, and the best prefix of each."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data import Migration, Plan
from rl import rules
from rl.act import Choice, decide
from rl.env import Env
from rl.model import Policy


@dataclass(frozen=True)
class Trajectory:
    """What one problem was led through."""

    moves: Plan
    """All migrations."""
    plan: Plan
    """The prefix after which the most slots were gained, the shortest of equals."""
    slots: float
    """Slots gained by it."""


def trajectories(
    policy: Policy,
    env: Env,
    choices: list[Choice],
    rng: np.random.Generator,
    expired: Callable[[], bool] = lambda: False,
) -> list[Trajectory]:
    """Let the policy act in every problem of ``env`` until it stops, the limit is reached, or time is up.

    No VM is moved twice: best plans hardly ever do that, and a greedy policy could move one back and forth to the end.

    Parameters
    ----------
    choices
        How the actions are taken: one for each problem of the batch.
    expired
        Asked before each step.
    """
    moves: list[list[Migration]] = [[] for _ in range(len(env))]
    slots, best, length = (np.zeros(len(env)) for _ in range(3))
    rows = np.flatnonzero(env.steps_left > 0)
    while len(rows) and not expired():
        seen = env.observe(rows)
        made = decide(policy, env, seen, [choices[row] for row in rows], rng, rows)
        gains, migrations = env.step(made.vms, made.hosts, np.where(made.greedy, 0.0, rng.random(len(rows))), rows)
        slots[rows] += gains
        for row, migration in zip(rows.tolist(), migrations, strict=True):
            if migration is not None:
                rules.settle(env.arrays, row, migration.vm)
                moves[row].append(migration)
                if slots[row] > best[row] + 1e-9:
                    best[row], length[row] = slots[row], len(moves[row])
        rows = rows[(made.vms >= 0) & (env.steps_left[rows] > 0)]
    plans = [Plan(tuple(each)) for each in moves]
    return [
        Trajectory(plan, plan.prefix(int(upto)), float(most))
        for plan, upto, most in zip(plans, length, best, strict=True)
    ]
