"""The network: merged tokens, batches, and the ablations."""

import numpy as np
import pytest
import torch

from rl.env import Env
from rl.model import ModelConfig, Policy
from rl.tokens import Batch, Tokens
from solvers import Problem
from solvers.toys import crowd, toys


def lively(**shape) -> Policy:
    """Make a policy whose logits differ as much as those of a trained one."""
    torch.manual_seed(3)
    policy = Policy(ModelConfig(**shape)).eval()
    for layer in (policy.vm_out, policy.goal_out, policy.stop[2]):
        torch.nn.init.normal_(layer.weight, std=0.5)
    return policy


def shares(policy: Policy, env: Env):
    """Return the probability of each VM, that of stop, the value, and those of the places that VM 0 can go to."""
    seen = env.observe()
    batch = Batch.of(seen, torch.device("cpu"))
    with torch.no_grad():
        trunk = policy(batch)
        probability = torch.softmax(trunk.logits[0], 0).numpy()
        tokens = env.tokens(0, np.arange(env.arrays.size[0, 1]), seen, 0)
        single = probability[tokens] / seen.vm.rows[tokens, 3]
        goals = env.goals(np.array([0]), np.array([0]))
        logits = policy.goals(batch, trunk, torch.tensor([int(tokens[0])]), Tokens.of(goals, torch.device("cpu")))
        share = torch.softmax(logits[0], 0).numpy()
    pms = int(env.arrays.size[0, 0])
    places = np.array([(0, pm, node) for pm in range(pms) for node in (0, 1)])
    hosts = env.hosts(0, places)
    found = [share[goals.rows[:, 0] == host].sum() / goals.rows[goals.rows[:, 0] == host, 1].sum() for host in hosts
             if (goals.rows[:, 0] == host).any()]  # fmt: skip
    return single, probability[-1], float(trunk.value[0]), np.sort(found)


@pytest.mark.parametrize("attention", ["sparse", "vanilla", "none"])
def test_merging_changes_nothing(attention):
    """Merged tokens give every VM the probability that the network on all tokens one by one gives it."""
    policy = lively(attention=attention, blocks=2)
    problem = Problem(crowd(12), 20)
    merged, single = (shares(policy, Env([problem], merge=merge)) for merge in (True, False))
    assert Env([problem]).observe().vm.lengths[0] < Env([problem], merge=False).observe().vm.lengths[0]
    for mine, theirs in zip(merged[:3], single[:3], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=1e-6)
    np.testing.assert_allclose(np.unique(merged[3].round(7)), np.unique(single[3].round(7)), rtol=2e-3, atol=2e-6)


def test_a_batch_is_its_parts():
    """Problems of different sizes do not see each other."""
    policy = lively()
    problems = [Problem(crowd(4), 5), Problem(crowd(15, seed=2), 50), toys()[0].problem]
    seen = Env(problems).observe()
    with torch.no_grad():
        together = policy(Batch.of(seen, torch.device("cpu")))
        for place in range(len(problems)):
            alone = policy(Batch.of(seen.take(np.array([place])), torch.device("cpu")))
            count = seen.vm.lengths[place]
            np.testing.assert_allclose(together.logits[place, :count], alone.logits[0, :count], rtol=1e-3, atol=1e-5)
            np.testing.assert_allclose(together.value[place], alone.value[0], rtol=1e-3, atol=1e-5)


def test_gradients_reach_every_parameter():
    """No part of the network is left out of learning."""
    policy = lively()
    problem = Problem(crowd(12), 20)
    env = Env([problem, problem])
    batch = Batch.of(env.observe(), torch.device("cpu"))
    trunk = policy(batch)
    vms, goals = env.choose(np.array([0, 5]), np.zeros(2))
    assert (vms >= 0).all()
    logits = policy.goals(batch, trunk, torch.tensor([0, 1]), Tokens.of(goals, torch.device("cpu")))
    (trunk.logits[:, 0].sum() + trunk.value.sum() + logits[:, 0].sum()).backward()
    silent = [name for name, each in policy.named_parameters() if each.grad is None and each.numel()]
    assert not silent
