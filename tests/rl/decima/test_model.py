"""Decima's network: merged tokens, and what reaches what."""

import numpy as np
import torch

from rl.decima.env import LimitedEnv
from rl.decima.model import DecimaPolicy
from rl.model import ModelConfig
from rl.tokens import Batch, Tokens
from solvers import Problem
from solvers.toys import crowd

CPU = torch.device("cpu")


def lively() -> DecimaPolicy:
    """Make a policy whose logits differ as much as those of a trained one."""
    torch.manual_seed(3)
    policy = DecimaPolicy(ModelConfig(blocks=2)).eval()
    for layer in (policy.vm_out, policy.goal_out, policy.stop[2]):
        torch.nn.init.normal_(layer.weight, std=0.5)
    return policy


def shares(policy: DecimaPolicy, env: LimitedEnv):
    """Return the probability of each VM and stop, the value, and the probability of each limit for VM 0."""
    seen = env.observe()
    batch, everyone = Batch.of(seen, CPU), np.arange(env.arrays.size[0, 1])
    tokens = env.tokens(0, everyone, seen, 0)
    with torch.no_grad():
        trunk = policy(batch)
        goals = Tokens.of(env.goals(np.array([0]), np.array([0])), CPU)
        limits = torch.softmax(policy.goals(batch, trunk, torch.tensor([int(tokens[0])]), goals)[0], 0)
    probability = torch.softmax(trunk.logits[0], 0).numpy()
    return probability[tokens] / seen.vm.rows[tokens, 3], probability[-1], float(trunk.value[0]), limits.numpy()


def test_merging_changes_nothing():
    """Merged tokens give every VM and every limit the probability that the network on all tokens gives it."""
    policy, problem = lively(), Problem(crowd(12), 20)
    merged, single = (shares(policy, LimitedEnv([problem], merge=merge)) for merge in (True, False))
    for mine, theirs in zip(merged, single, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=5e-4, atol=1e-6)


def test_gradients_reach_every_parameter():
    """No part of the network is left out of learning."""
    policy, problem = lively(), Problem(crowd(12), 20)
    env = LimitedEnv([problem, problem])
    batch = Batch.of(env.observe(), CPU)
    trunk = policy(batch)
    _, goals = env.choose(np.array([0, 5]), np.zeros(2))
    logits = policy.goals(batch, trunk, torch.tensor([0, 1]), Tokens.of(goals, CPU))
    (trunk.logits[:, 0].sum() + trunk.value.sum() + logits[:, 0].sum()).backward()
    assert not [name for name, each in policy.named_parameters() if each.grad is None]
