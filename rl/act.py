"""Choosing migrations with the policy: first a VM, then where it goes."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rl.env import Env, Ints
from rl.model import Policy
from rl.observation import Observation, Section
from rl.tokens import Batch, Tokens


@dataclass(frozen=True)
class Choice:
    """How actions are taken from the policy's probabilities."""

    greedy: bool = False
    """The most probable one instead of a random one."""
    threshold: float = 0.0
    """Options less probable than this share of the most probable one are never taken; 0 to 1."""
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


@torch.no_grad()
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
    floor = np.log(np.maximum(1e-30, [choice.threshold for choice in choices]))
    device = next(policy.parameters()).device
    batch = Batch.of(seen, device)
    trunk = policy(batch)
    lengths, starts = seen.vm.lengths, seen.vm.starts[:-1]
    scores = trunk.logits.clone()
    going = ~torch.tensor([choice.may_stop for choice in choices]) & torch.from_numpy(lengths > 0)
    scores[going.to(device), -1] = -torch.inf
    column = _draw(scores, greedy, floor, rng)
    last = trunk.logits.shape[1] - 1
    stop = column == last
    token = np.where(stop, lengths, column)
    firsts = np.full(len(seen), -1, dtype=np.int64)
    firsts[~stop] = seen.vm.rows[(starts + token)[~stop], 7]
    vms, goals = env.choose(firsts, np.where(greedy, 0.0, rng.random(len(seen))), rows)
    logits = policy.goals(batch, trunk, torch.from_numpy(np.where(stop, 0, token)).to(device), Tokens.of(goals, device))
    goal = _draw(logits, greedy, floor, rng)
    logp = log_prob(trunk.logits, torch.from_numpy(column)) + log_prob(logits, torch.from_numpy(goal))
    hosts = np.full(len(seen), -1, dtype=np.int64)
    hosts[~stop] = goals.rows[(goals.starts[:-1] + goal)[~stop], 0]
    return Decision(token, goal, vms, hosts, goals, logp.cpu().numpy(), trunk.value.cpu().numpy(), greedy)


def log_prob(logits: Tensor, chosen: Tensor) -> Tensor:
    """Return the log-probability of the chosen column of each row."""
    return torch.log_softmax(logits, dim=1).gather(1, chosen.to(logits.device)[:, None])[:, 0]


def _draw(logits: Tensor, greedy: NDArray[np.bool_], floor: NDArray[np.float64], rng: np.random.Generator) -> Ints:
    """Choose a column of each row of logits [S, N]: the best, or one by its probability if that is not too small."""
    scores = logits.cpu().numpy().astype(np.float64)
    scores[scores < scores.max(axis=1, keepdims=True) + floor[:, None]] = -np.inf
    noise = rng.gumbel(size=scores.shape)
    return np.asarray((scores + np.where(greedy[:, None], 0.0, noise)).argmax(axis=1))
