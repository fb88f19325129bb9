"""Alpha-VBPP: stages that take out and repack, by hand and on real snapshots."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import AntiAffinity, Migration, Plan, check
from solvers import Deadline, Problem, create
from solvers.toys import build
from tests.solvers.problems import problems


def _plan(problem, solver="vbpp", limit_s=10.0):
    return create(solver).solve(problem, Deadline(limit_s)).plan


def test_one_stage_by_hand():
    """The two VMs whose departure frees most are taken out and go, largest first, where they cost no slot."""
    cluster = build("stage", [(16, 0), (16, 0), (32, 0)], [(0, 0, 4), (1, 0, 6), (2, 0, 6)])
    # free: 12, 10, 26; the 4 and the 6 fit beside the slot on pm_2, which then has 16 left
    assert sorted(_plan(Problem(cluster, 2), "vbpp:alpha=2")) == [Migration(0, 2, 0), Migration(1, 2, 0)]


def test_a_group_member_that_is_taken_out_bars_its_old_place():
    """Fellows never meet, in any stage."""
    cluster = build(
        "fellows",
        [(16, 0), (16, 0), (32, 0)],
        [(0, 0, 4), (1, 0, 6), (2, 0, 6)],
        groups=(AntiAffinity("host", (0, 1)),),
    )
    problem = Problem(cluster, 2)
    verdict = check(cluster, _plan(problem, "vbpp:alpha=2"), mnl=2)
    assert verdict.valid, verdict.reason
    assert verdict.final_fr < verdict.initial_fr


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from([1, 2, 10]))
def test_plans_are_valid_and_no_worse_than_nothing(problem, alpha):
    """On any cluster with every constraint, whatever the size of a stage."""
    plan = _plan(problem, f"vbpp:alpha={alpha}")
    verdict = check(problem.cluster, plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    assert verdict.valid, verdict.reason
    assert verdict.final_fr <= verdict.initial_fr + 1e-12


@pytest.mark.parametrize("name", ["medium", "large"])
def test_vbpp_gains_on_real_snapshots(request, name):
    """Repacking gains at least 14 slots at MNL 50, as much as the heuristics that take one VM at a time."""
    problem = Problem(request.getfixturevalue(name), 50)
    verdict = check(problem.cluster, _plan(problem), mnl=50)
    assert verdict.valid
    assert round(problem.score.slots_of(verdict.final_fr) - problem.score.slots_of(verdict.initial_fr)) >= 14


def test_huge_stages_end_in_time(large):
    """A stage that takes out a thousand VMs does not outlast the deadline."""
    deadline = Deadline(0.5)
    create("vbpp:alpha=1000").solve(Problem(large, 1000), deadline)
    assert deadline.elapsed_s() < 0.5 + 0.25


def test_no_migration_is_an_empty_plan(tiny):
    """A limit of zero is no stage at all."""
    assert _plan(Problem(tiny, 0)) == Plan()
