"""The network: merged tokens, batches, and the ablations."""

import numpy as np
import pytest
import torch

from rl.env import Env
from rl.model import ModelConfig, Policy
from rl.store import grown
from rl.tokens import Batch, Tokens
from solvers import Problem
from solvers.toys import Node, build, crowd, toys

SIBLINGS: list[tuple[Node, Node]] = [(24, 24), (24, 20), (8, 8), (24, 24)]
"""With a double of 8 cores on each of the first two PMs, their first nodes look alike, and not what leaving gives."""


def lively(**shape) -> Policy:
    """Make a policy whose logits differ as much as those of a trained one."""
    torch.manual_seed(3)
    policy = Policy(ModelConfig(**shape)).eval()
    for layer in (policy.vm_out, policy.goal_out, policy.stop[2]):
        torch.nn.init.normal_(layer.weight, std=0.5)
    for embedding in (policy.joint, policy.joint_left, policy.joint_arrived):
        torch.nn.init.normal_(embedding.weight)
    torch.nn.init.normal_(policy.vm_beside.weight, std=0.2)
    torch.nn.init.constant_(policy.gates, 0.5)
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
    return single, probability[-1], float(trunk.value[0]), np.sort(share / goals.rows[:, 1])


@pytest.mark.parametrize("attention", ["sparse", "vanilla", "none"])
@pytest.mark.parametrize("snapshot", [crowd(12), build("siblings", SIBLINGS, [(0, 2, 8), (1, 2, 8), (2, 0, 8)])])
def test_merging_changes_nothing(attention, snapshot):
    """Merged tokens give every VM the probability that the network on all tokens one by one gives it."""
    policy = lively(attention=attention, blocks=2)
    problem = Problem(snapshot, 20)
    merged, single = (shares(policy, Env([problem], merge=merge)) for merge in (True, False))
    assert Env([problem]).observe().node.lengths[0] < Env([problem], merge=False).observe().node.lengths[0]
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


def test_places_are_told_apart_by_their_siblings():
    """Two nodes that look alike are two places to go if the other nodes of their PMs differ."""
    problem = Problem(build("siblings", SIBLINGS[:3], [(0, 2, 8), (1, 2, 8), (2, 0, 8)]), 3)
    env = Env([problem])
    env.observe()
    goals = env.goals(np.array([2]), np.array([0]))
    assert goals.rows[:, 1].tolist() == [1, 1, 1, 1, 1]
    assert len(np.unique(goals.rows[:, 6])) < 5


def test_a_grown_policy_does_the_same():
    """More rounds of attention change nothing until they are trained."""
    policy = lively()
    larger = grown(policy, 3).eval()
    batch = Batch.of(Env([Problem(crowd(12), 20)]).observe(), torch.device("cpu"))
    with torch.no_grad():
        assert torch.equal(policy(batch).logits, larger(batch).logits)
    assert len(larger.blocks) == 3
    assert grown(policy, 1) is policy
