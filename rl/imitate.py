"""Warm start: imitate plans that are proven optimal.

The order of an optimal plan is one of many, so the target is a set: any migration of the rest of the plan that is
possible now counts as right, for the VM as for the place that it goes to.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data import Plan
from rl import kernels
from rl.env import Env, Ints
from rl.model import VALUE_SLOTS, Policy
from rl.observation import Observation, Section
from rl.ppo import descend
from rl.tokens import Batch, Tokens
from solvers import Deadline, Problem, create

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Lesson:
    """States on the way through optimal plans.

    Attributes
    ----------
    seen, goals
        What was observed in each of S states, and where the VM that went could go.
    right : bool [VM tokens]
        Tokens of which a VM is still to migrate and can.
    token : int64 [S]
        The token that was taken.
    right_goals : bool [goals]
        Where a VM of that token is still to go.
    future : float32 [S]
        Discounted slots that the rest of the plan gained.
    """

    seen: Observation
    goals: Section
    right: Mask
    token: Ints
    right_goals: Mask
    future: NDArray[np.float32]


def demonstrate(problem: Problem, time_limit_s: float = 2.0) -> Plan:
    """Return the best plan of ``mip`` within the time."""
    return create("mip:workers=1").solve(problem, Deadline(time_limit_s)).plan


def replay(problems: list[Problem], plans: list[Plan], gamma: float, rng: np.random.Generator) -> Lesson:
    """Carry the plans out in random order, as far as each comes, and note what was right in each state."""
    env = Env(problems)
    left = [np.array(plan.migrations, dtype=np.int64).reshape(-1, 3) for plan in plans]
    parts: list[tuple[Observation, Section, Mask, Ints, Mask]] = []
    places, gained = [], []
    rows = np.array([row for row, moves in enumerate(left) if len(moves)], dtype=np.int64)
    while len(rows):
        seen = env.observe(rows)
        can = [np.flatnonzero(kernels.possible(env.arrays, row, left[row])) for row in rows.tolist()]
        keep = np.array([len(each) > 0 for each in can])
        if not keep.all():
            rows, can = rows[keep], [each for each in can if len(each)]
            seen = seen.take(np.flatnonzero(keep))
        if not len(rows):
            break
        taken = np.array([rng.choice(each) for each in can])
        tokens = [
            env.tokens(row, left[row][each, 0], seen, i) for i, (row, each) in enumerate(zip(rows, can, strict=True))
        ]
        right = np.zeros(len(seen.vm.rows), dtype=bool)
        for i, each in enumerate(tokens):
            right[seen.vm.starts[i] + each] = True
        vms = np.array([left[row][move, 0] for row, move in zip(rows, taken, strict=True)])
        token = np.array([each[list(moves).index(move)] for each, moves, move in zip(tokens, can, taken, strict=True)])
        goals = env.goals(vms, rows)
        right_goals = np.zeros(len(goals.rows), dtype=bool)
        for i, (row, moves) in enumerate(zip(rows, can, strict=True)):
            alike = left[row][moves[tokens[i] == token[i]]]
            own = slice(goals.starts[i], goals.starts[i + 1])
            right_goals[own] = np.isin(goals.rows[own, 0], env.hosts(row, alike))
        parts.append((seen, goals, right, token, right_goals))
        gains = np.zeros(len(rows))
        for i, (row, move) in enumerate(zip(rows, taken, strict=True)):
            gains[i] = kernels.migrate(env.arrays, row, *left[row][move])
            left[row] = np.delete(left[row], move, axis=0)
        places.append(rows)
        gained.append(gains)
        rows = rows[[len(left[row]) > 0 for row in rows]]
    return Lesson(
        Observation.join([part[0] for part in parts]),
        Section.join([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
        np.concatenate([part[3] for part in parts]),
        np.concatenate([part[4] for part in parts]),
        _futures(places, gained, len(problems), gamma),
    )


def _futures(places: list[Ints], gained: list[NDArray[np.float64]], count: int, gamma: float) -> NDArray[np.float32]:
    ahead = np.zeros(count)
    found = []
    for rows, gains in zip(reversed(places), reversed(gained), strict=True):
        ahead[rows] = gains + gamma * ahead[rows]
        found.append(ahead[rows].astype(np.float32))
    return np.concatenate(found[::-1])


def learn(
    policy: Policy, optimiser: torch.optim.Optimizer, lesson: Lesson, minibatch: int, rng: np.random.Generator
) -> dict[str, float]:
    """Take gradient steps over all states of a lesson once; returns the mean losses."""
    losses = []
    count = len(lesson.token)
    for states in np.array_split(rng.permutation(count), max(1, round(count / minibatch))):
        vm_loss, goal_loss, value_loss = _losses(policy, lesson, states)
        descend(policy, optimiser, vm_loss + goal_loss + 0.5 * value_loss, 0.5)
        losses.append([vm_loss.item(), goal_loss.item(), value_loss.item()])
    return dict(zip(("vm_loss", "goal_loss", "value_loss"), np.mean(losses, axis=0).tolist(), strict=True))


def _losses(policy: Policy, lesson: Lesson, states: Ints) -> Iterator[Tensor]:
    device = next(policy.parameters()).device
    seen, goals = lesson.seen.take(states), lesson.goals.take(states)
    batch = Batch.of(seen, device)
    trunk = policy(batch)
    places = policy.goals(batch, trunk, torch.from_numpy(lesson.token[states]).to(device), Tokens.of(goals, device))
    yield _miss(trunk.logits, batch.vm, _chosen(lesson.right, lesson.seen.vm, states))
    yield _miss(places, Tokens.of(goals, device), _chosen(lesson.right_goals, lesson.goals, states))
    future = torch.from_numpy(lesson.future[states]).to(device)
    yield (((trunk.value - future) / VALUE_SLOTS) ** 2).mean()


def _chosen(mask: Mask, section: Section, states: Ints) -> Mask:
    return np.concatenate([mask[section.starts[state] : section.starts[state + 1]] for state in states])


def _miss(logits: Tensor, tokens: Tokens, right: Mask) -> Tensor:
    """Minus the log of the probability that any right option is taken, on average."""
    marked = tokens.pad(torch.from_numpy(right).to(logits.device).float())
    marked = torch.nn.functional.pad(marked, (0, logits.shape[1] - marked.shape[1]))
    logp = torch.log_softmax(logits, dim=1)
    return -logp.masked_fill(marked == 0, -1e9).logsumexp(dim=1).mean()
