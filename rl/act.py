"""Choosing migrations with the policy: first a VM, then where it goes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rl.env import Env, Ints
from rl.model import Policy
from rl.observation import Observation, Section
from rl.tokens import Tokens

Cut = Literal["share", "absolute", "quantile"]


@dataclass(frozen=True)
class Choice:
    """How actions are taken from the policy's probabilities."""

    greedy: bool = False
    """The most probable one instead of a random one."""
    threshold: float = 0.0
    """Improbable options are never taken: those below what ``cut`` makes of this; 0 to 1."""
    cut: Cut = "share"
    """share: of the probability of the best option; absolute: a probability; quantile: of the probabilities of all
    options, so that .98 leaves the best 2 % of them."""
    may_stop: bool = True
    """False: stop is taken only where nothing can move. Where the best prefix counts, stopping early gains nothing."""


@dataclass(frozen=True)
class Decision:
    """What was chosen for S states.

    Attributes
    ----------
    token : int64 [S]
        Chosen VM token within its state; the number of VM tokens stands for stop.
    goal : int64 [S]
        Chosen class of hosts among ``goals``, 0 at a stop.
    vms : int64 [S]
        The VM that goes, -1 at a stop.
    hosts : int64 [S]
        The class of hosts that it goes to.
    goals : Section
        Where it could have gone.
    logp, value : float32 [S]
        Log-probability of the choice, and what the critic expects.
    """

    token: Ints
    goal: Ints
    vms: Ints
    hosts: Ints
    goals: Section
    logp: NDArray[np.float32]
    value: NDArray[np.float32]
    greedy: NDArray[np.bool_]


@torch.inference_mode()
def decide(
    policy: Policy,
    env: Env,
    seen: Observation,
    choices: list[Choice],
    rng: np.random.Generator,
    rows: Ints | None = None,
) -> Decision:
    """Choose one migration, or stop, for each of the clusters in places ``rows`` that were just observed."""
    greedy = np.array([choice.greedy for choice in choices])
    device = policy.device
    batch = policy.batch.of(seen, device)
    trunk = policy(batch)
    lengths, starts = seen.vm.lengths, seen.vm.starts[:-1]
    scores = trunk.logits.cpu().double().numpy()
    going = ~np.array([choice.may_stop for choice in choices]) & (lengths > 0)
    scores[going, -1] = -np.inf
    column = _draw(scores, choices, seen.vm, 3, rng)
    last = trunk.logits.shape[1] - 1
    stop = column == last
    token = np.where(stop, lengths, column)
    firsts = np.full(len(seen), -1, dtype=np.int64)
    firsts[~stop] = seen.vm.rows[(starts + token)[~stop], 7]
    vms, goals = env.choose(firsts, np.where(greedy, 0.0, rng.random(len(seen))), rows)
    logits = policy.goals(batch, trunk, torch.from_numpy(np.where(stop, 0, token)).to(device), Tokens.of(goals, device))
    goal = _draw(logits.cpu().double().numpy(), choices, goals, 1, rng)
    logp = log_prob(trunk.logits, torch.from_numpy(column)) + log_prob(logits, torch.from_numpy(goal))
    hosts = np.full(len(seen), -1, dtype=np.int64)
    hosts[~stop] = goals.rows[(goals.starts[:-1] + goal)[~stop], 0]
    return Decision(token, goal, vms, hosts, goals, logp.cpu().numpy(), trunk.value.cpu().numpy(), greedy)


def log_prob(logits: Tensor, chosen: Tensor) -> Tensor:
    """Return the log-probability of the chosen column of each row."""
    return torch.log_softmax(logits, dim=1).gather(1, chosen.to(logits.device)[:, None])[:, 0]


def _draw(
    scores: NDArray[np.float64], choices: list[Choice], options: Section, count: int, rng: np.random.Generator
) -> Ints:
    """Choose a column of each row of scores [S, N]: the best, or a random one of those that are not cut off.

    Those that are get a score of -inf. ``count`` is the column of ``options`` that says how many equal options each of
    them stands for.
    """
    for row, choice in enumerate(choices):
        if choice.greedy or choice.threshold == 0.0:
            continue
        own = scores[row]
        if choice.cut == "share":
            floor = own.max() + np.log(choice.threshold)
        else:
            likely = own - np.logaddexp.reduce(own)
            many = np.ones(len(own))
            rows = options.rows[options.starts[row] : options.starts[row + 1], count]
            many[: len(rows)] = rows
            each = likely - np.log(many)
            floor = np.log(choice.threshold) if choice.cut == "absolute" else _quantile(each, many, choice.threshold)
            own = each
        scores[row, own < min(floor, own.max())] = -np.inf
    greedy = np.array([choice.greedy for choice in choices])
    noise = np.where(greedy[:, None], 0.0, rng.gumbel(size=scores.shape))
    return np.asarray((scores + noise).argmax(axis=1))


def _quantile(values: NDArray[np.float64], many: NDArray[np.float64], share: float) -> float:
    """Return the value that ``share`` of all lie below, where ``many`` are equal to each; -inf are not counted."""
    there = np.isfinite(values)
    order = np.argsort(values[there])
    below = np.cumsum(many[there][order])
    return float(values[there][order][np.searchsorted(below, share * below[-1], side="right").clip(max=len(order) - 1)])
