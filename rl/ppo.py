"""Proximal policy optimisation, in one file.

Schulman et al., 2017, with generalised advantages (Schulman et al., 2016); the two stages of a migration are one
action, whose log-probability is the sum of theirs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rl.act import Choice, Decision, decide, log_prob
from rl.env import Env, Ints
from rl.model import VALUE_SLOTS, Policy
from rl.observation import Observation, Section
from rl.tokens import Batch, Tokens

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class PpoConfig:
    """Knobs of the algorithm."""

    gamma: float = 0.98
    """Discount of a slot that is gained one migration later."""
    lam: float = 0.9
    """Decay of generalised advantages; 1: returns, 0: one-step differences."""
    clip: float = 0.2
    """How far one update may move the ratio of probabilities from 1."""
    epochs: int = 1
    """How often each state is learned from."""
    minibatch: int = 128
    """States in a gradient step."""
    entropy: float = 0.01
    """Weight of the entropy bonus, nats."""
    value_weight: float = 0.5
    """Weight of the critic's loss."""
    max_norm: float = 0.5
    """Gradients are clipped to this norm."""


@dataclass(frozen=True)
class Rollout:
    """T steps of B problems; states are numbered step by step.

    Attributes
    ----------
    seen, goals
        What was observed in each of T * B states, and where the chosen VM could go.
    token, goal : int64 [T * B]
        What was chosen.
    logp, value, advantage : float32 [T * B]
    """

    seen: Observation
    goals: Section
    token: Ints
    goal: Ints
    logp: Floats
    value: Floats
    advantage: Floats


def advantages(rewards: Floats, values: Floats, done: NDArray[np.bool_], last: Floats, config: PpoConfig) -> Floats:
    """Compute generalised advantages.

    Parameters
    ----------
    rewards, values, done
        [T, B]; ``done``: the episode ended with this step.
    last
        [B], value of the state after the last step.
    """
    result = np.zeros_like(rewards)
    ahead = np.zeros_like(last)
    following = last
    for step in reversed(range(len(rewards))):
        alive = ~done[step]
        delta = rewards[step] + config.gamma * following * alive - values[step]
        ahead = delta + config.gamma * config.lam * alive * ahead
        result[step] = ahead
        following = values[step]
    return result


class Learner:
    """A policy and its optimiser."""

    def __init__(self, policy: Policy, config: PpoConfig) -> None:
        self.policy = policy
        self.config = config
        self.optimiser = torch.optim.Adam(policy.parameters(), lr=1e-3, eps=1e-5)

    def update(self, rollout: Rollout, learning_rate: float, rng: np.random.Generator) -> dict[str, float]:
        """Learn from a roll-out; returns the mean of each metric over the gradient steps."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        seen = [
            self._step(rollout, states)
            for _ in range(self.config.epochs)
            for states in _minibatches(len(rollout.token), self.config.minibatch, rng)
        ]
        return {key: float(np.mean([each[key] for each in seen])) for key in seen[0]}

    def _step(self, rollout: Rollout, states: Ints) -> dict[str, float]:
        config = self.config
        logp, entropy, value = evaluate(self.policy, rollout.seen.take(states), rollout.goals.take(states),
                                        rollout.token[states], rollout.goal[states])  # fmt: skip
        old = torch.from_numpy(rollout.logp[states]).to(logp.device)
        raw = torch.from_numpy(rollout.advantage[states]).to(logp.device)
        returns = raw + torch.from_numpy(rollout.value[states]).to(logp.device)
        advantage = (raw - raw.mean()) / (raw.std() + 1e-6)
        log_ratio = logp - old
        ratio = log_ratio.exp()
        clipped = ratio.clamp(1 - config.clip, 1 + config.clip)
        policy_loss = -torch.minimum(ratio * advantage, clipped * advantage).mean()
        value_loss = (((value - returns) / VALUE_SLOTS) ** 2).mean()
        loss = policy_loss + config.value_weight * value_loss - config.entropy * entropy.mean()
        norm = descend(self.policy, self.optimiser, loss, config.max_norm)
        with torch.no_grad():
            return {
                "policy_loss": float(policy_loss),
                "value_loss": float(value_loss),
                "entropy": float(entropy.mean()),
                "kl": float((ratio - 1 - log_ratio).mean()),
                "clipped": float(((ratio - 1).abs() > config.clip).float().mean()),
                "explained": float(1 - (returns - value).var() / (returns.var() + 1e-6)),
                "gradient_norm": norm,
            }


def descend(policy: Policy, optimiser: torch.optim.Optimizer, loss: Tensor, max_norm: float) -> float:
    """Take one gradient step; returns the norm of the gradient before clipping."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), max_norm)
    optimiser.step()
    return float(norm)


def evaluate(
    policy: Policy, seen: Observation, goals: Section, token: Ints, goal: Ints
) -> tuple[Tensor, Tensor, Tensor]:
    """Return log-probability of what was chosen, entropy, and value of each state: three [S] tensors."""
    device = next(policy.parameters()).device
    batch = Batch.of(seen, device)
    trunk = policy(batch)
    lengths = seen.vm.lengths
    stop = token >= lengths
    column = torch.from_numpy(np.where(stop, trunk.logits.shape[1] - 1, token)).to(device)
    chosen = torch.from_numpy(np.where(stop, 0, token)).to(device)
    places = policy.goals(batch, trunk, chosen, Tokens.of(goals, device))
    logp = log_prob(trunk.logits, column) + log_prob(places, torch.from_numpy(goal))
    return logp, _entropy(trunk.logits) + _entropy(places), trunk.value


def collect(
    policy: Policy, env: Env, steps: int, config: PpoConfig, rng: np.random.Generator, renew: "Renew"
) -> Rollout:
    """Let the policy act for some steps in all problems; ``renew`` replaces those that end."""
    observations, decisions, rewards, ends = [], [], [], []
    for _ in range(steps):
        seen = env.observe()
        made = decide(policy, env, seen, [Choice()] * len(env), rng)
        gains, _ = env.step(made.vms, made.hosts, rng.random(len(env)))
        done = (made.vms < 0) | (env.steps_left <= 0)
        observations.append(seen)
        decisions.append(made)
        rewards.append(gains.astype(np.float32))
        ends.append(done)
        renew(env, gains, done)
    with torch.no_grad():
        last = policy(Batch.of(env.observe(), next(policy.parameters()).device)).value.cpu().numpy()
    values = np.stack([made.value for made in decisions])
    advantage = advantages(np.stack(rewards), values, np.stack(ends), last, config)
    return Rollout(
        seen=Observation.join(observations),
        goals=Section.join([made.goals for made in decisions]),
        token=_flat(decisions, "token"),
        goal=_flat(decisions, "goal"),
        logp=_flat(decisions, "logp"),
        value=values.reshape(-1),
        advantage=advantage.reshape(-1),
    )


class Renew(Protocol):
    """What happens at the end of an episode: overridden by training to put the next problem in its place."""

    def __call__(self, env: Env, gains: NDArray[np.float64], done: NDArray[np.bool_]) -> None:
        """Note the slots gained by the step, and replace the problems that are done."""


def _flat(decisions: list[Decision], field: str) -> NDArray[Any]:
    return np.concatenate([getattr(made, field) for made in decisions])


def _entropy(logits: Tensor) -> Tensor:
    logp = torch.log_softmax(logits, dim=1)
    return -(logp.exp() * logp.clamp(min=-1e4)).sum(dim=1)


def _minibatches(count: int, size: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Deal the states out at random; groups differ in size by one at most."""
    yield from np.array_split(rng.permutation(count), max(1, round(count / size)))
