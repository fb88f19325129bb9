"""The direct model: exact but for the order of migrations, with every constraint and objective."""

import pytest

from data import check
from solvers import Deadline, Problem
from solvers.mip import direct
from solvers.mip.direct import TooLargeError, solve_direct
from solvers.order import order
from solvers.toys import crowd
from tests.solvers.brute_force import best_final
from tests.solvers.tiny import random_tiny


def _solve(problem, deadline=None):
    """Return the result and the FR of every target that was offered."""
    rates = []

    def offer(target):
        cluster, placement = problem.cluster, problem.placement()
        placement.pm[:], placement.node[:] = target
        free = cluster.capacity.copy()
        for vm, (pm, node) in enumerate(zip(*target, strict=True)):
            free[pm, slice(None) if cluster.double[vm] else node] -= cluster.demand[vm]
        assert (free >= 0).all()
        moved = (target[0] != cluster.pm) | (target[1] != cluster.node)
        assert moved.sum() <= problem.mnl
        assert cluster.may_leave[moved].all()
        plan = order(problem, *target, Deadline(60.0))
        assert check(cluster, plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective).valid
        rates.append(problem.score.rate(free))

    result = solve_direct(problem, deadline or Deadline(60.0), offer, problem.placement(), threads=1, seed=0)
    return result, rates


@pytest.mark.parametrize("first", range(0, 30, 6))
def test_bound_and_optimum_are_the_best_final_placement(first):
    """With every constraint and objective the model's optimum is that of brute force, and so is its bound."""
    for seed in range(first, first + 6):
        problem = random_tiny(seed)
        if problem.mnl > 3 or not problem.score.terms or not problem.cluster.may_leave.any():
            continue
        result, rates = _solve(problem)
        best = float(best_final(problem))
        assert min([problem.initial_fr, *rates]) == pytest.approx(best, abs=1e-9), f"seed {seed}"
        assert problem.score.rate_of(result.bound_slots) <= best + 1e-9, f"seed {seed}"
        assert problem.score.rate_of(result.bound_slots) == pytest.approx(best, abs=1e-4), f"seed {seed}"


def test_a_large_model_is_refused(monkeypatch):
    """What would take seconds to build is refused before it is built."""
    monkeypatch.setattr(direct, "SIZE_LIMIT", 10)
    with pytest.raises(TooLargeError):
        _solve(Problem(crowd(10), 5))


@pytest.mark.parametrize("limit_s", [0.0, 0.02])
def test_what_cannot_be_built_in_time_is_refused(limit_s):
    """A model that is modest, but too large for the time that is left, is not begun: that would end late."""
    with pytest.raises(TooLargeError):
        _solve(Problem(crowd(30), 3), Deadline(limit_s))
