"""The batched environment against `Placement`, `Score` and the checker, which share no code with its rules."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data import Objective, Plan, Rules, check
from rl import rules
from rl.arrays import Arrays
from rl.env import Env
from rl.observation import SECTIONS, Observation, Section
from solvers import Problem
from solvers.toys import crowd, toys
from tests.strategies import clusters

OBJECTIVES = ("cores16", "double32", "memory32", "0.5*cores8+0.5*memory16")


def random_step(env: Env, rng: np.random.Generator):
    """Let every cluster of the batch make a random legal migration; those that have none stop."""
    seen = env.observe()
    lengths = seen.vm.lengths
    firsts = np.full(len(env), -1)
    some = lengths > 0
    tokens = seen.vm.starts[:-1] + (rng.random(len(env)) * lengths).astype(int)
    firsts[some] = seen.vm.rows[tokens[some], 7]
    vms, goals = env.choose(firsts, rng.random(len(env)))
    assert (goals.lengths[some] > 0).all(), "a VM was offered that can go nowhere"
    picks = goals.starts[:-1] + (rng.random(len(env)) * goals.lengths).astype(int)
    hosts = np.full(len(env), -1)
    hosts[some] = goals.rows[picks[some], 0]
    promised = np.zeros(len(env))
    promised[some] = seen.vm.rows[tokens[some], 6] + goals.rows[picks[some], 4]
    gains, migrations = env.step(vms, hosts, rng.random(len(env)))
    return gains, migrations, promised


@settings(max_examples=60, deadline=None)
@given(
    st.lists(clusters(), min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from([None, 0, 2, 9]),
    st.booleans(),
    st.sampled_from(OBJECTIVES),
    st.integers(0, 99),
)
def test_walks_agree_with_placement_and_checker(snapshots, stay, max_cost, drain, text, seed):
    """Whatever the clusters in a batch: masks, slots gained and plans are those of the slow, plain code."""
    rules_given = Rules(stay_in_cluster=stay, max_cost=max_cost, drain=frozenset({0} if drain else ()))
    problems = [Problem(each, 5, Objective.parse(text), rules_given) for each in snapshots]
    env, rng = Env(problems), np.random.default_rng(seed)
    placements, plans = [problem.placement() for problem in problems], [[] for _ in problems]
    total = np.zeros(len(problems))
    for _ in range(5):
        for place, placement in enumerate(placements):
            for vm in range(placement.cluster.vms):
                mask = rules.legal(env.arrays, place, vm)
                np.testing.assert_array_equal(mask, placement.legal(vm)[: len(mask)])
        gains, migrations, _ = random_step(env, rng)
        total += gains
        for placement, plan, migration in zip(placements, plans, migrations, strict=True):
            if migration is not None:
                assert placement.is_legal(migration)
                placement.apply(migration)
                plan.append(migration)
    for problem, plan, gained in zip(problems, plans, total, strict=True):
        kept = replace(problem.rules, drain=frozenset())  # nothing was emptied, but nothing went there either
        verdict = check(problem.cluster, Plan(tuple(plan)), rules=kept, objective=problem.objective)
        assert verdict.valid, verdict.reason
        np.testing.assert_allclose(verdict.initial_fr - verdict.final_fr, gained * problem.score.quantum, atol=1e-9)


def test_every_vm_that_can_move_is_offered():
    """The VM tokens count exactly the VMs that have a legal migration, on every toy."""
    for toy in toys():
        placement = toy.problem.placement()
        able = sum(bool(placement.legal(vm).any()) for vm in range(placement.cluster.vms))
        assert Env([toy.problem]).observe().vm.rows[:, 3].sum() == able, toy.name


def test_gains_are_known_beforehand():
    """What leaving frees and entering costs, as the policy sees it, adds up to the reward."""
    env, rng = Env([Problem(crowd(6, seed), 9) for seed in range(4)]), np.random.default_rng(0)
    for _ in range(9):
        gains, _, promised = random_step(env, rng)
        np.testing.assert_allclose(gains, promised)


def test_observation_is_true_to_the_state():
    """After many migrations the tokens are those of a fresh environment that starts there."""
    problem = Problem(crowd(8), 30)
    env, rng = Env([problem]), np.random.default_rng(1)
    placement = problem.placement()
    for _ in range(12):
        for migration in random_step(env, rng)[1]:
            placement.apply(migration)
    moved = replace(problem.cluster, pm=placement.pm, node=placement.node)
    assert_same(env.observe(), Env([replace(problem, cluster=moved, mnl=30 - 12)]).observe())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(clusters(min_vms=4), min_size=2, max_size=3),
    st.booleans(),
    st.sampled_from([None, 9]),
    st.sampled_from(OBJECTIVES),
    st.integers(0, 99),
)
def test_what_is_remembered_is_true(snapshots, merge, max_cost, text, seed):
    """After steps, replayed migrations and new problems, all is byte for byte as an environment sees it that is new."""
    problems = [Problem(each, 99, Objective.parse(text), Rules(max_cost=max_cost)) for each in snapshots]
    env, rng = Env(problems, merge=merge), np.random.default_rng(seed)
    for turn in range(6):
        random_step(env, rng)
        if turn % 2:
            replay(env, rng)
        if turn == 4:
            env.reset(0, problems[1])
        fresh = Env.of(Arrays._make(each.copy() for each in env.arrays))
        fresh.merge = merge
        now, seen = env.observe(), fresh.observe()
        assert_same(now, seen)
        firsts, u = np.full(len(env), -1), rng.random(len(env))
        some = now.vm.lengths > 0
        firsts[some] = now.vm.rows[now.vm.starts[1:][some] - 1, 7]
        (vms, goals), (fresh_vms, fresh_goals) = env.choose(firsts, u), fresh.choose(firsts, u)
        np.testing.assert_array_equal(vms, fresh_vms)
        assert goals.rows.tobytes() == fresh_goals.rows.tobytes()


def replay(env: Env, rng: np.random.Generator) -> None:
    """Carry out a few legal migrations in the first place, unobserved."""
    for vm in rng.permutation(env.arrays.size[0, 1])[:3].tolist():
        (places,) = np.nonzero(rules.legal(env.arrays, 0, vm).reshape(-1))
        if len(places):
            rules.migrate(env.arrays, 0, vm, *divmod(int(rng.choice(places)), 2))
            if rng.random() < 0.5:
                rules.settle(env.arrays, 0, vm)


def assert_same(one: Observation, other: Observation) -> None:
    """Compare two observations byte for byte."""
    for name in SECTIONS:
        mine: Section = getattr(one, name)
        theirs: Section = getattr(other, name)
        np.testing.assert_array_equal(mine.starts, theirs.starts)
        assert mine.rows.tobytes() == theirs.rows.tobytes(), name


def test_a_larger_problem_makes_room():
    """A problem that is larger than any before takes its place in a batch, and the others stay as they were."""
    env = Env([Problem(crowd(3), 4), Problem(crowd(4), 4)])
    before = env.observe().take(np.array([1]))
    env.reset(0, Problem(crowd(9), 7))
    after = env.observe()
    np.testing.assert_array_equal(after.take(np.array([1])).vm.rows, before.vm.rows)
    assert after.whole.rows[0, 0] == 7
    assert after.node.rows[: after.node.starts[1], 0].sum() == 18
