"""Proximal policy optimisation, in one file.

Schulman et al., 2017, with generalised advantages (Schulman et al., 2016); the two stages of a migration are one
action, whose log-probability is the sum of theirs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rl import rules
from rl.act import Choice, Decision, decide
from rl.env import Env, Ints
from rl.model import VALUE_SLOTS, Policy
from rl.observation import Observation, Section
from rl.parallel import average_gradients
from rl.tokens import Batch, Tokens

Floats = NDArray[np.float32]

HAND = 4
"""Gradient steps whose states are dealt out together."""
SHARPNESS = 0.05
"""Slots of regret that make an option e times less right."""


@dataclass(frozen=True)
class PpoConfig:
    """Knobs of the algorithm."""

    gamma: float = 1.0
    """Discount of a slot that is gained one migration later; 1 where rewards are shaped."""
    lam: float = 0.95
    """Decay of generalised advantages; 1: returns, 0: one-step differences."""
    clip: float = 0.2
    """How far one update may move the ratio of probabilities from 1."""
    epochs: int = 3
    """How often each state is learned from: to play, with a teacher, takes longer than to learn."""
    target_kl: float = float("inf")
    """No further epoch once the policy has moved by more in one, nats on average."""
    minibatch: int = 64
    """States in a gradient step."""
    entropy: float = 0.003
    """Weight of the entropy bonus, nats."""
    fault: float = 10.0
    """Weight of the fault of the next step, its regret and lack of haste (`rl.teacher`), known of all options and not
    just of the one taken, per slot; 0: none."""
    miss: float = 0.3
    """Weight of how unlikely what is right is, per nat: where it is next to impossible, faults move nothing."""
    value_weight: float = 0.5
    """Weight of the critic's loss."""
    max_norm: float = 1.0
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
    vm_lessons, goal_lessons
        Regret and fault of each VM token and each place: two columns, slots; None where nobody teaches.
    """

    seen: Observation
    goals: Section
    token: Ints
    goal: Ints
    logp: Floats
    value: Floats
    advantage: Floats
    vm_lessons: Section | None = None
    goal_lessons: Section | None = None

    @staticmethod
    def join(parts: "list[Rollout]") -> "Rollout":
        """Put the states of all parts one after another."""
        if len(parts) == 1:
            return parts[0]
        return Rollout(
            **{field.name: _join([getattr(part, field.name) for part in parts]) for field in fields(Rollout)}
        )


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

    def update(
        self, rollout: Rollout, learning_rate: float, rng: np.random.Generator, teaching: float = 0.0
    ) -> dict[str, float]:
        """Learn from a roll-out; returns the mean of each metric over the gradient steps.

        Parameters
        ----------
        teaching
            Weight of what the teacher says, if one was there.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        seen: list[dict[str, float]] = []
        for _ in range(self.config.epochs):
            dealt = _minibatches(rollout.seen.node.lengths, self.config.minibatch, rng)
            epoch = [self._step(rollout, states, teaching) for states in dealt]
            seen += epoch
            if np.mean([each["kl"] for each in epoch]) > self.config.target_kl:
                break
        return {key: float(np.mean([each[key] for each in seen])) for key in seen[0]}

    def _step(self, rollout: Rollout, states: Ints, teaching: float) -> dict[str, float]:
        config = self.config
        judged = evaluate(self.policy, rollout.seen.take(states), rollout.goals.take(states), rollout.token[states],
                          rollout.goal[states])  # fmt: skip
        logp, value, entropy = judged.logp, judged.value, judged.entropy
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
        miss = fault = logp.new_zeros(())
        if rollout.vm_lessons is not None and rollout.goal_lessons is not None:
            miss, fault = judged.faults(rollout.vm_lessons.take(states), rollout.goal_lessons.take(states))
            loss = loss + (teaching + config.miss) * miss + config.fault * fault
        norm = descend(self.policy, self.optimiser, loss, config.max_norm)
        with torch.no_grad():
            return {
                "policy_loss": float(policy_loss),
                "value_loss": float(value_loss),
                "entropy": float(entropy.mean()),
                "kl": float((ratio - 1 - log_ratio).mean()),
                "clipped": float(((ratio - 1).abs() > config.clip).float().mean()),
                "explained": float(1 - (returns - value).var() / (returns.var() + 1e-6)),
                "miss": float(miss),
                "fault": float(fault),
                "gradient_norm": norm,
            }


def descend(policy: Policy, optimiser: torch.optim.Optimizer, loss: Tensor, max_norm: float) -> float:
    """Take one gradient step; returns the norm of the gradient before clipping."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    average_gradients(policy)
    norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), max_norm)
    optimiser.step()
    return float(norm)


@dataclass(frozen=True)
class Judged:
    """What the policy thinks of S states and of what was chosen there.

    Attributes
    ----------
    vm_logp : float32 [S, most + 1]
        Log-probabilities of the VM tokens, and of stop, last.
    goal_logp : float32 [S, most]
        Log-probabilities of the places of the chosen VMs.
    logp, value : float32 [S]
        Log-probability of the choice, and the critic's value.
    """

    batch: Batch
    goals: Tokens
    vm_logp: Tensor
    goal_logp: Tensor
    logp: Tensor
    value: Tensor

    @property
    def entropy(self) -> Tensor:
        """Entropy of both stages: nats [S]."""
        return _entropy(self.vm_logp) + _entropy(self.goal_logp)

    def faults(self, vm_lessons: Section, goal_lessons: Section) -> tuple[Tensor, Tensor]:
        """Compare with what a teacher says, both stages added, on average over states.

        Returns
        -------
        miss
            How unlikely the policy thinks it to do something right: minus the logarithm of the sum of all
            probabilities, each of them less by a factor e for every ``SHARPNESS`` of regret; nats.
        fault
            How much worse the policy's next migration is than the best, expected over all options, slots.
        """
        stages = ((self.batch.vm, self.vm_logp, vm_lessons), (self.goals, self.goal_logp, goal_lessons))
        miss, fault = self.value.new_zeros(()), self.value.new_zeros(())
        for tokens, logp, lessons in stages:
            regrets, faults = tokens.pad(torch.from_numpy(lessons.rows).to(logp.device)).unbind(2)
            if not regrets.shape[1]:
                continue
            known = torch.log_softmax(logp[:, : regrets.shape[1]].clamp(min=-1e4), dim=1)  # to stop is no way out
            miss = miss - torch.logsumexp(known - regrets / SHARPNESS, dim=1).mean()
            fault = fault + (known.exp() * faults).sum(dim=1).mean()
        return miss, fault


def evaluate(policy: Policy, seen: Observation, goals: Section, token: Ints, goal: Ints) -> Judged:
    """Let the policy judge states, and what was chosen there."""
    device = policy.device
    batch, places = policy.batch.of(seen, device), Tokens.of(goals, device)
    trunk = policy(batch)
    stop = token >= seen.vm.lengths
    column = torch.from_numpy(np.where(stop, trunk.logits.shape[1] - 1, token)).to(device)
    chosen = torch.from_numpy(np.where(stop, 0, token)).to(device)
    vm_logp = torch.log_softmax(trunk.logits, dim=1)
    goal_logp = torch.log_softmax(policy.goals(batch, trunk, chosen, places), dim=1)
    logp = vm_logp.gather(1, column[:, None]) + goal_logp.gather(1, torch.from_numpy(goal).to(device)[:, None])
    return Judged(batch, places, vm_logp, goal_logp, logp[:, 0], trunk.value)


def collect(
    policy: Policy, env: Env, steps: int, config: PpoConfig, rng: np.random.Generator, renew: "Renew",
    teacher: "Teacher | None" = None,
) -> Rollout:  # fmt: skip
    """Let the policy act for some steps in all problems; ``renew`` replaces those that end, ``teacher`` looks on.

    No VM is moved twice, as in `rl.rollout`.
    """
    observations, decisions, rewards, ends, lessons = [], [], [], [], []
    for _ in range(steps):
        seen = env.observe()
        made = decide(policy, env, seen, [Choice()] * len(env), rng)
        if teacher is not None:
            lessons.append(teacher(env, seen, made))
        gains, migrations = env.step(made.vms, made.hosts, rng.random(len(env)))
        for place, migration in enumerate(migrations):
            if migration is not None:
                rules.settle(env.arrays, place, migration.vm)
        illegal = (made.vms >= 0) & np.array([migration is None for migration in migrations])
        done = (made.vms < 0) | (env.steps_left <= 0)
        observations.append(seen)
        decisions.append(made)
        rewards.append((renew(env, made.vms, gains, done) + env.fine * illegal).astype(np.float32))
        ends.append(done)
    with torch.no_grad():
        last = policy(policy.batch.of(env.observe(), policy.device)).value.cpu().numpy()
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
        vm_lessons=Section.join([each[0] for each in lessons]) if lessons else None,
        goal_lessons=Section.join([each[1] for each in lessons]) if lessons else None,
    )


class Renew(Protocol):
    """What a step is worth, and what comes after the end of an episode."""

    def __call__(self, env: Env, vms: Ints, gains: NDArray[np.float64], done: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the reward [B] of moving ``vms`` (-1: stop), and put the next problem wherever one is done."""


class Teacher(Protocol):
    """Somebody who knows better."""

    def __call__(self, env: Env, seen: Observation, made: Decision) -> tuple[Section, Section]:
        """Judge each VM token, and each place of the chosen VM, before the step is made: regret and fault."""


def _join(parts: list[Any]) -> Any:
    if parts[0] is None:
        return None
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else type(parts[0]).join(parts)


def _flat(decisions: list[Decision], field: str) -> NDArray[Any]:
    return np.concatenate([getattr(made, field) for made in decisions])


def _entropy(logp: Tensor) -> Tensor:
    return -(logp.exp() * logp.clamp(min=-1e4)).sum(dim=1)


def _minibatches(sizes: Ints, count: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Deal the states out at random, those of one hand by size, so that little is padded; groups differ by one."""
    for hand in np.array_split(rng.permutation(len(sizes)), max(1, round(len(sizes) / count / HAND))):
        by_size = hand[np.argsort(sizes[hand], kind="stable")]
        yield from np.array_split(by_size, max(1, round(len(hand) / count)))
