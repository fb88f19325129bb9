"""Bounds from prices in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings

from data import Objective
from solvers import Problem
from solvers.mip.bound import static_bound, static_prices
from solvers.mip.pricing import Pricer
from solvers.mip.reduction import reduce_problem
from solvers.toys import build
from tests.solvers.mip.tools import converge, cores_problems, gainful_problems, most_slots_gained


def test_a_vm_is_worth_the_whole_slots_it_covers():
    """Nothing below a slot, one for 16 cores, two for 32, twice as much for a double; blended with plain cores."""
    cluster = build("sizes", [(88, 88)], [(0, 0, 8), (0, 0, 16), (0, 1, 32), (0, 2, 24), (0, 2, 4)])
    pricer = Pricer(reduce_problem(Problem(cluster, 3)))
    prices = static_prices(pricer, 0.5)
    assert prices.single.tolist() == [0, -1, -2]
    assert prices.double.tolist() == [0, -2]
    assert prices.migration == 0.5
    blended = static_prices(pricer, 0.5, blend=0.5)
    assert blended.single.tolist() == [-0.25, -1, -2]
    assert blended.double.tolist() == [-0.25, -2.5]


@settings(max_examples=40, deadline=None)
@given(cores_problems())
def test_static_bound_is_a_bound(problem):
    """No final placement within the MNL gains more."""
    assert most_slots_gained(problem) <= static_bound(Pricer(reduce_problem(problem))).bound


def test_linear_programme_is_at_least_as_tight():
    """The static prices are some prices, so the best prices that column generation finds bound no worse."""
    for problem in gainful_problems(8):
        _, _, evaluation = converge(problem)
        assert evaluation.bound <= static_bound(Pricer(reduce_problem(problem))).bound + 1e-6


@pytest.mark.parametrize(("mnl", "gain"), [(25, 22), (50, 35), (100, 60)])
def test_static_bound_is_tight_on_medium(medium, mnl, gain):
    """On the released Medium snapshot the closed form alone gives the optimum."""
    assert np.floor(static_bound(Pricer(reduce_problem(Problem(medium, mnl)))).bound) == gain


@pytest.mark.parametrize(("mnl", "gain"), [(50, 34), (100, 59), (200, 68)])
def test_static_bound_is_tight_on_large(large, mnl, gain):
    """On the released Large snapshot as well."""
    assert np.floor(static_bound(Pricer(reduce_problem(Problem(large, mnl)))).bound) == gain


def test_static_bound_is_not_tight_for_odd_sizes():
    """Where fragments must be paired the closed form is loose, which is what the linear programme is for."""
    cluster = build("odd", [(12, 0), (12, 0), (12, 0)], [(0, 0, 7), (1, 0, 7), (2, 0, 7)])
    problem = Problem(cluster, 3, Objective.parse("cores8"))
    _, _, evaluation = converge(problem)
    assert most_slots_gained(problem) == 0
    assert evaluation.bound < 1 <= static_bound(Pricer(reduce_problem(problem))).bound
