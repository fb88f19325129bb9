"""From whole patterns to plans."""

import numpy as np
import pytest

from data import check
from solvers import Problem
from solvers.mip.plans import PlanSearch
from solvers.mip.rounding import round_patterns
from solvers.toys import build, crowd
from tests.solvers.mip.tools import begin, converge, gainful_problems


def _begin(problem):
    converged, (best, deadline) = converge(problem), begin(problem)
    return PlanSearch(converged[0], best, deadline, "highs", 1, 0), best, converged, deadline


def _whole(converged, deadline):
    master, relaxation, evaluation = converged
    target = np.floor(evaluation.bound + 1e-9)
    return round_patterns(master, relaxation, evaluation, target, "highs", 1, 0, deadline, thorough=True)


def test_plans_are_valid_and_worth_what_is_said():
    """Whatever the constraints, the checker accepts what is offered, and a success is worth what the patterns are."""
    for problem in (*gainful_problems(16), Problem(crowd(12), 6)):
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
            assert best.slots >= problem.score.slots(problem.cluster.free) + worth - 1e-6


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


def test_circles_are_left_alone():
    """Two full nodes whose VMs could only trade places: nothing is offered, and the search ends by itself."""
    cluster = build("circle", [(12, 0), (16, 0)], [(0, 0, 8), (1, 0, 12), (0, 0, 4), (1, 0, 4)])
    problem = Problem(cluster, 2)
    plans, best, converged, deadline = _begin(problem)
    plans.improve(converged[2], 1.0)
    assert best.slots == problem.score.slots(cluster.free)
    assert deadline.remaining_s() > 0.0
