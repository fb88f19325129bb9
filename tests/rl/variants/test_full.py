"""One softmax over all legal pairs."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import relu

from data import Objective, Rules, check
from rl.act import Choice, decide
from rl.model import ModelConfig, Policy
from rl.ppo import evaluate
from rl.rollout import trajectories
from rl.tokens import Batch, Tokens
from rl.variants.full import FullEnv
from rl.variants.model import FullBatch, FullPolicy
from solvers import Problem
from solvers.toys import crowd
from tests.strategies import clusters

CPU = torch.device("cpu")


def lively() -> FullPolicy:
    """Make a policy whose scores differ as much as those of a trained one."""
    torch.manual_seed(3)
    policy = FullPolicy(ModelConfig(blocks=2)).eval()
    for layer in (policy.vm_out, policy.goal_out, policy.goal_vm):
        torch.nn.init.normal_(layer.weight, std=0.5)
    return policy


def pairs(policy: FullPolicy, env: FullEnv) -> tuple[dict[tuple[int, int, int], float], float]:
    """Return the probability of each pair of a VM and a place, one by one, and of stop."""
    seen = env.observe()
    everyone = seen.vm.rows[:, 7].astype(np.int64)
    found = {}
    with torch.no_grad():
        for token, vm in enumerate(everyone):
            vms, goals = np.array([vm]), env.goals(np.array([vm]), np.array([0]))
            for goal, row in enumerate(goals.rows):
                judged = evaluate(policy, seen, goals, np.array([token]), np.array([goal]))
                share = float(judged.logp[0].exp()) / seen.vm.rows[token, 3] / row[1]
                found[int(vms[0]), *divmod(int(row[5]), 2)] = share
        stop = float(torch.softmax(policy(FullBatch.of(seen, CPU)).logits[0], 0)[-1])
    return found, stop


def scores_by_hand(policy: FullPolicy, env: FullEnv) -> dict[tuple[int, int, int], float]:
    """Return the score of each legal pair, worked out for it alone."""
    seen = env.observe()
    batch = Batch.of(seen, CPU)
    found = {}
    with torch.no_grad():
        trunk = Policy.forward(policy, batch)
        for token, vm in enumerate(seen.vm.rows[:, 7].astype(int).tolist()):
            tokens = Tokens.of(env.goals(np.array([vm]), np.array([0])), CPU)
            for row in tokens.rows:
                host = int(row[0])
                double = env.arrays.double[0, env.arrays.kind[0, vm]]
                if double:
                    base = policy.goal_pair(trunk.pair[host])
                else:
                    base = policy.goal_host(trunk.node[int(row[6])]) + policy.goal_beside(trunk.pair[host // 2])
                base = base + policy.arrived_at(row[2].long()) + policy.arrived_at(row[3].long())
                place = relu(policy.goal_hidden(relu(base + policy.goal_own(row[4:5]))))
                asked = policy.goal_vm(trunk.hidden[token]) @ place / len(place) ** 0.5
                score = trunk.logits[0, token] + asked + policy.goal_out(place)[0]
                found[vm, *divmod(int(row[5]), 2)] = float(score)
    return found


def test_all_pairs_share_one_softmax():
    """All legal pairs have e to their score as their share, and together with stop they sum up to 1."""
    policy, problem = lively(), Problem(crowd(4), 20)
    env, placement = FullEnv([problem], merge=False), problem.placement()
    found, stop = pairs(policy, env)
    legal = {(vm, *place) for vm in range(problem.cluster.vms) for place in np.argwhere(placement.legal(vm)).tolist()}
    scores = scores_by_hand(policy, env)
    assert set(found) == legal == set(scores)
    assert sum(found.values()) + stop == pytest.approx(1.0, abs=1e-4)
    wanted = torch.softmax(torch.tensor([scores[pair] for pair in found]), 0).numpy() * (1 - stop)
    np.testing.assert_allclose([*found.values()], wanted, rtol=2e-3, atol=1e-7)


def test_merging_changes_nothing():
    """Merged tokens give every pair the probability that the network on all tokens gives it."""
    policy, problem = lively(), Problem(crowd(4), 20)
    (merged, stop), (single, other) = (pairs(policy, FullEnv([problem], merge=merge)) for merge in (True, False))
    assert stop == pytest.approx(other, rel=1e-3)
    assert len(merged) < len(single)
    np.testing.assert_allclose([*merged.values()], [single[pair] for pair in merged], rtol=2e-3, atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(st.lists(clusters(), min_size=1, max_size=3), st.booleans(), st.sampled_from(("cores16", "memory32")))
def test_no_illegal_pair_is_chosen(snapshots, stay, text):
    """Whatever the clusters, sampled trajectories hold what the checker allows, and gain what they say."""
    snapshots = [each for each in snapshots if each.open.any()]
    problems = [Problem(each, 4, Objective.parse(text), Rules(stay_in_cluster=stay)) for each in snapshots]
    choices = [Choice(may_stop=False)] * len(problems)
    found = trajectories(lively(), FullEnv(problems), choices, np.random.default_rng(0)) if problems else []
    for problem, each in zip(problems, found, strict=True):
        verdict = check(problem.cluster, each.plan, rules=problem.rules, objective=problem.objective)
        assert verdict.valid, verdict.reason
        assert verdict.initial_fr - verdict.final_fr == pytest.approx(each.slots * problem.score.quantum, abs=1e-9)


def test_gradients_reach_every_parameter():
    """No part of the network is left out of learning, and no gradient is lost to a place that is not there."""
    policy = lively()
    env = FullEnv([Problem(crowd(12), 20), Problem(crowd(5), 20)])
    seen, rng = env.observe(), np.random.default_rng(0)
    made = decide(policy, env, seen, [Choice(may_stop=False)] * 2, rng)
    judged = evaluate(policy, seen, made.goals, made.token, made.goal)
    np.testing.assert_allclose(judged.logp.detach(), made.logp, rtol=1e-4)
    (judged.logp.sum() + judged.value.sum() + judged.entropy.sum()).backward()
    assert all(each.grad is not None and each.grad.isfinite().all() for each in policy.parameters())
