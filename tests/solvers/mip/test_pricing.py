"""The dual function: exact, and a certificate at any prices."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.mip import pricing, reduction
from solvers.mip.pricing import GRID, Departures, Pricer, Prices, TooManyPatternsError
from solvers.mip.reduction import reduce_problem
from solvers.mip.worth import expresses
from tests.solvers.brute_force import best_final
from tests.solvers.mip.tools import (
    cores_problem,
    cores_problems,
    draw_prices,
    dual_by_enumeration,
    most_slots_gained,
)
from tests.solvers.problems import problems

VALUES = st.lists(st.floats(-3, 3, allow_subnormal=False), min_size=1, max_size=6)
LIMIT = st.floats(0, 2, allow_subnormal=False)


@settings(max_examples=60, deadline=None)
@given(cores_problems(), VALUES, LIMIT)
def test_no_final_placement_beats_the_bound_at_any_prices(problem, values, migration):
    """The certificate: whatever the prices, no placement within the MNL gains more than L(mu, lambda)."""
    reduced = reduce_problem(problem)
    bound = Pricer(reduced).evaluate(draw_prices(reduced, values, migration)).bound
    assert most_slots_gained(problem) <= bound


@settings(max_examples=60, deadline=None)
@given(cores_problems(), VALUES, LIMIT, st.integers(1, 9))
def test_a_rounded_memory_grid_keeps_the_certificate(problem, values, migration, levels):
    """Where memory is finer than the levels told apart, rounding relaxes and never cuts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "MEMORY_LEVELS", levels)
        reduced = reduce_problem(problem)
        bound = Pricer(reduced).evaluate(draw_prices(reduced, values, migration)).bound
    assert most_slots_gained(problem) <= bound


@settings(max_examples=60, deadline=None)
@given(problems(max_mnl=2, max_pms=3, max_vms=4), VALUES, LIMIT, st.sampled_from([3, 2048]))
def test_the_certificate_holds_for_every_objective_it_is_given_for(problem, values, migration, levels):
    """Slots of memory, slots on both nodes and mixes: no final placement is worth more, on a rounded grid either."""
    if not expresses(problem.score) or not problem.score.terms:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "MEMORY_LEVELS", levels)
        pricer = Pricer(reduce_problem(problem))
        evaluation = pricer.evaluate(draw_prices(pricer.reduction, values, migration))
    best = problem.score.slots_of(float(best_final(problem)))
    assert best <= pricer.initial_slots + evaluation.bound + 1e-6


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_the_dual_function_is_exact(first):
    """L is what enumeration of all that each PM may hold gives, to the last bit: singles, doubles, memory, pools."""
    for seed in range(first, first + 10):
        reduced = reduce_problem(cores_problem(seed))
        pricer, rng = Pricer(reduced), np.random.default_rng(seed)
        for spread in (0.3, 1.0, 3.0):
            prices = draw_prices(reduced, rng.normal(0, spread, size=max(1, reduced.kinds)), rng.uniform(0, 1.5))
            assert pricer.evaluate(prices).bound == dual_by_enumeration(reduced, prices), f"seed {seed}"


def test_the_tiny_problems_have_all_that_pricing_can_meet():
    """The exactness above is not bought by leaving out doubles, binding memory or pools."""
    reduced = [reduce_problem(cores_problem(seed)) for seed in range(40)]
    assert sum(len(each.double) > 0 for each in reduced) >= 10
    assert sum(bool(each.single[:, 1].any()) for each in reduced) >= 10
    assert sum(len(np.unique(each.single_pool)) > 1 for each in reduced) >= 2


def test_class_gains_are_never_negative():
    """Doing nothing is among the patterns, however dear everything is."""
    reduced = reduce_problem(cores_problem(3))
    evaluation = Pricer(reduced).evaluate(draw_prices(reduced, [-9.0], 50.0))
    assert (evaluation.class_gain >= 0).all()


def test_prices_are_rounded_to_the_grid():
    """Prices become multiples of 2^-20, that of a migration not below what was asked, and never negative."""
    third = np.array([1 / 3, -1 / 3])
    prices = Prices.rounded(third, third, 1 / 3)
    for value in (*prices.single, *prices.double, prices.migration):
        assert value * GRID == round(value * GRID)
    assert np.abs(prices.single - third).max() <= 0.5 / GRID
    assert 1 / 3 <= prices.migration < 1 / 3 + 1 / GRID
    assert Prices.rounded(third, third, -1e-9).migration == 0.0


def test_departures_are_all_sub_multisets():
    """Every choice of VMs that may leave a node is listed once, the empty one first, with what it frees."""
    content = np.array([[2, 1, 0], [0, 0, 3], [0, 0, 0]])
    size = np.array([[1, 5], [2, 0], [4, 7]])
    departures = Departures.of(content, size)
    for index, held in enumerate(content.tolist()):
        block = slice(departures.start[index], departures.start[index + 1])
        wanted = sorted(product(*(range(count + 1) for count in held)))
        assert sorted(map(tuple, departures.counts[block].astype(int).tolist())) == wanted
        assert not departures.counts[block][0].any()
        assert (departures.used[block] == departures.counts[block] @ size).all()


def test_too_many_departures_are_refused(monkeypatch):
    """A node with more subsets than can be listed is refused before memory is taken."""
    monkeypatch.setattr(pricing, "PATTERN_LIMIT", 100)
    with pytest.raises(TooManyPatternsError):
        Departures.of(np.full((1, 7), 1), np.ones((7, 2), dtype=np.int64))
    assert len(Departures.of(np.full((1, 6), 1), np.ones((6, 2), dtype=np.int64)).counts) == 64


def test_initial_slots_are_those_of_the_score():
    """What the bound is added to is what the checker counts, closed PMs left out."""
    for seed in range(20):
        problem = cores_problem(seed)
        assert Pricer(reduce_problem(problem)).initial_slots == problem.score.slots(problem.cluster.free)
