"""From whole patterns to plans."""

import numpy as np
import pytest

from data import check
from solvers import Problem
from solvers.mip import reduction
from solvers.mip.plans import PlanSearch
from solvers.mip.rounding import round_patterns
from solvers.toys import build, crowd
from tests.solvers.mip.tools import begin, converge, emptying_problem, gainful_problems


def _begin(problem):
    converged, (best, deadline) = converge(problem), begin(problem)
    return PlanSearch(converged[0], best, deadline, "highs", 1, 0), best, converged, deadline


def _whole(converged, deadline):
    master, relaxation, evaluation = converged
    target = np.floor(evaluation.bound + 1e-9)
    return round_patterns(master, relaxation, evaluation, target, "highs", 1, 0, deadline, thorough=True)


def test_plans_are_valid_and_worth_what_is_said():
    """Whatever the constraints, the checker accepts what is offered, and a success is worth what the patterns are."""
    for problem in (*gainful_problems(16), Problem(crowd(12), 6), emptying_problem([1, 2])):
        plans, best, converged, deadline = _begin(problem)
        use = _whole(converged, deadline)
        if use is None:
            continue
        carried_out = plans.carry_out(use)
        worth = np.array(converged[0].programme.cost)[converged[0].slacks :] @ use
        verdict = check(problem.cluster, best.plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
        assert verdict.valid, verdict.reason
        assert best.slots == pytest.approx(problem.score.slots_of(verdict.final_fr))
        if carried_out:
            assert best.slots >= converged[0].pricer.initial_slots + worth - 1e-6
            assert not best.staying


def test_neighbourhoods_go_on_from_what_was_carried_out():
    """From half of the patterns the search finds its way to all that the bound allows."""
    problem = Problem(crowd(16), 8)
    plans, best, converged, deadline = _begin(problem)
    use = _whole(converged, deadline)
    half = use.copy()
    departures = np.array([pattern.leaving.sum() for pattern in converged[0].patterns])
    half[np.flatnonzero(use * departures)[::2]] = 0
    plans.carry_out(np.zeros_like(use))
    before = best.slots
    plans.improve(converged[2], float(np.floor(converged[2].bound)))
    assert best.slots == problem.score.slots(problem.cluster.free) + np.floor(converged[2].bound) > before


def test_neighbourhoods_empty_pms_too():
    """From the worst plan that empties PMs within what it may cost the search finds its way to the bound."""
    problem = emptying_problem([1, 2])
    plans, best, converged, _ = _begin(problem)
    aim, master = float(np.floor(converged[2].bound)), converged[0]
    columns = np.arange(master.programme.columns)
    use = master.programme.solve_integer(
        columns >= master.slacks, 0 * columns, "highs", target=np.inf, penalty=2 * np.array(master.programme.cost),
        time_limit_s=1.0, threads=1, seed=0,
    )  # fmt: skip
    plans.carry_out(use[master.slacks :], hops=False)
    before = best.slots
    plans.improve(converged[2], aim)
    assert not best.staying
    assert problem.placement().apply_plan(best.plan).left >= 0
    assert best.slots == converged[0].pricer.initial_slots + aim > before


def test_what_cannot_be_paid_is_left(monkeypatch):
    """Where costs are rounded down patterns may ask for too much: the plan is valid all the same, if not complete."""
    monkeypatch.setattr(reduction, "COST_KINDS", 8)
    problem = emptying_problem(range(10**6, 2 * 10**6))
    plans, best, converged, deadline = _begin(problem)
    assert not plans.carry_out(_whole(converged, deadline))
    verdict = check(problem.cluster, best.plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    assert verdict.valid, verdict.reason
    assert best.plan.migrations


def test_circles_are_left_alone():
    """Two full nodes whose VMs could only trade places: nothing is offered, and the search ends by itself."""
    cluster = build("circle", [(12, 0), (16, 0)], [(0, 0, 8), (1, 0, 12), (0, 0, 4), (1, 0, 4)])
    problem = Problem(cluster, 2)
    plans, best, converged, deadline = _begin(problem)
    plans.improve(converged[2], 1.0)
    assert best.slots == problem.score.slots(cluster.free)
    assert deadline.remaining_s() > 0.0
