"""NeuPlan: who makes which migrations."""

from functools import partial

import pytest
import torch

from data import check
from rl.model import Policy
from rl.store import save
from solvers import Deadline, Problem, create
from solvers.conformance import checks
from solvers.toys import crowd

PROBLEM = Problem(crowd(12), 10)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Write those of a policy that knows nothing: what it does is its own all the same."""
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "policy.safetensors"
    save(Policy(), path)
    return path


def planned(text, problem=PROBLEM):
    """Let a solver plan, and return what it returns with the checker's verdict."""
    solver = create(text)
    solver.prepare()
    found = solver.solve(problem, Deadline(5.0))
    return found, check(problem.cluster, found.plan, mnl=problem.mnl)


def test_within_the_relax_factor_the_inner_solver_plans_alone(weights):
    """Where the limit is at most the relax factor, the plan and its bound are the inner solver's."""
    found, _ = planned(f"neuplan:relax=10:weights={weights}")
    alone, _ = planned("mip")
    assert (found.plan, found.bound, found.status) == (alone.plan, alone.bound, alone.status)


def test_the_policy_begins_and_the_inner_solver_ends(weights):
    """The first MNL - relax migrations are the policy's own, and at most ``relax`` more follow."""
    alone, _ = planned(f"neuplan:relax=0:weights={weights}")
    for relax in (3, 7):
        found, verdict = planned(f"neuplan:relax={relax}:weights={weights}")
        assert verdict.valid
        first = PROBLEM.mnl - relax
        begun = min(first, len(alone.plan))
        assert found.plan.migrations[:begun] == alone.plan.migrations[:begun]
        assert first < len(found.plan) <= PROBLEM.mnl
        assert found.bound is None


def test_the_policy_moves_no_vm_in_circles(weights):
    """A policy that finds one VM best again and again makes its migrations with others all the same."""
    found, _ = planned(f"neuplan:relax=1:inner=two-step:weights={weights}", Problem(crowd(6), 12))
    vms = [each.vm for each in found.plan.migrations[:11]]
    assert len(vms) == len(set(vms)) == 11


def test_the_inner_solver_has_parameters(weights):
    """What stands after plus signs reaches the inner solver."""
    found, verdict = planned(f"neuplan:relax=4:inner=swap+longest=3:weights={weights}")
    assert verdict.valid
    assert verdict.final_fr <= verdict.initial_fr
    assert found.status == "feasible"


@pytest.mark.parametrize("check", checks(), ids=str)
def test_conforms_where_the_policy_begins(check, weights):
    """The contract holds where both have their part; the toys' limits are within the default relax factor."""
    check(partial(create, f"neuplan:relax=1:inner=two-step:weights={weights}"))
