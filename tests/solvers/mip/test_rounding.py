"""Whole patterns from the linear programme."""

from dataclasses import replace

import numpy as np
import pytest

from solvers import Deadline, Problem
from solvers.mip.bound import static_bound
from solvers.mip.master import Master
from solvers.mip.pricing import Pricer
from solvers.mip.reduction import reduce_problem
from solvers.mip.rounding import round_patterns
from solvers.toys import crowd
from tests.solvers.mip.tools import converge, gainful_problems, most_slots_gained


def _round(converged, target, limit_s=10.0, **changes):
    master, relaxation, evaluation = converged
    options = {"thorough": True} | changes
    return round_patterns(master, relaxation, evaluation, target, "highs", 1, 0, Deadline(limit_s), **options)


def _worth(master, use):
    return np.array(master.programme.cost)[master.slacks :] @ use


@pytest.fixture(scope="module")
def small_crowd():
    """Generate columns to the end for a dozen PMs."""
    return converge(Problem(crowd(12), 6))


def test_whole_patterns_reach_the_bound(small_crowd):
    """On ordinary clusters the whole slots of the bound are reached, within the MNL, and all that leave arrive."""
    master, _, evaluation = small_crowd
    target = np.floor(evaluation.bound)
    use = _round(small_crowd, target)
    leaving = np.array([each.leaving for each in master.patterns])
    arriving = np.array([each.arriving for each in master.patterns])
    assert use.dtype == np.int64
    assert _worth(master, use) >= target
    assert leaving.sum(axis=1) @ use <= 6
    assert ((leaving - arriving).T @ use <= 0).all()


def test_never_worth_more_than_the_bound():
    """Whole patterns are a solution of the relaxation, whatever the target, so none is worth more than the bound."""
    for problem in gainful_problems(8):
        converged = converge(problem)
        use = _round(converged, np.floor(converged[2].bound + 1e-9))
        assert use is None or _worth(converged[0], use) <= converged[2].bound + 1e-6


def test_reaches_what_brute_force_reaches_without_groups():
    """On tiny clusters the columns hold the optimum in most cases; where groups are in play it may be less."""
    met = 0
    for problem in gainful_problems(12):
        problem = replace(problem, mnl=min(problem.mnl, 2))
        converged = converge(problem)
        use = _round(converged, np.floor(converged[2].bound + 1e-9))
        met += use is not None and _worth(converged[0], use) >= most_slots_gained(problem)
    assert met >= 10


def test_no_time_gives_nothing(small_crowd):
    """With the time over there is no answer, and no exception."""
    assert _round(small_crowd, 1.0, limit_s=0.0) is None


def test_no_patterns_give_nothing():
    """A cluster on which no pattern gains, though the bound does not know, has no answer and no exception."""
    pricer = Pricer(reduce_problem(Problem(crowd(12), 6)))
    evaluation = static_bound(pricer)
    master = Master(pricer, evaluation.prices)
    assert _round((master, master.solve(10.0), evaluation), 1.0) is None
