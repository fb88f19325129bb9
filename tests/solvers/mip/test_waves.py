"""Patterns that serve in few waves."""

import numpy as np
import pytest

from data import Rules
from solvers import Problem
from solvers.mip.waves import promising
from solvers.toys import build, crowd
from tests.solvers.mip.tools import converge, emptying_problem

FAR = 60.0


def _value(converged, waves):
    master, _, evaluation = converged
    used, value = promising(master, np.ones(len(master.patterns), dtype=bool), evaluation.prices, waves, FAR)
    return used, value


@pytest.fixture(scope="module")
def small_crowd():
    """Generate columns to the end for a dozen PMs."""
    return converge(Problem(crowd(12), 6))


def test_more_waves_allow_more_and_never_more_than_no_order(small_crowd):
    """The value grows with the waves, up to that of the programme that knows no order."""
    for converged in (small_crowd, converge(emptying_problem([1, 2]))):
        values = [round(_value(converged, waves)[1], 6) for waves in (2, 3, 4, 8)]
        assert values == sorted(values)
        assert values[-1] <= converged[1].value + 1e-6


def test_a_circle_serves_in_no_number_of_waves():
    """Two VMs that can only trade places wait for each other; without waves the trade counts, with any it does not."""
    cluster = build("circle", [(20, 0), (19, 0)], [(0, 0, 8), (1, 0, 4), (0, 0, 8), (1, 0, 12)])
    for problem in (Problem(cluster, 2), Problem(crowd(12), 6)):
        converged = converge(problem)
        assert _value(converged, 6)[1] <= converged[1].value + 1e-6


def test_evacuees_and_costs_count():
    """One PM is emptied whatever else; the slot on the other is there as soon as the one migration can be paid."""
    cluster = build("evacuee", [(16, 0), (24, 0), (12, 0)], [(0, 0, 8), (1, 0, 4), (1, 0, 8)], migration_cost=[0, 1, 1])
    for max_cost, gain in ((0, 0.0), (1, 1.0)):
        master, _, evaluation = converge(Problem(cluster, 2, rules=Rules(drain=frozenset({0}), max_cost=max_cost)))
        _, value = promising(master, np.ones(len(master.patterns), dtype=bool), evaluation.prices, 2, FAR)
        assert value == pytest.approx(gain)


def test_only_those_to_choose_from_are_used(small_crowd):
    """What is left out is not promising, and what is promising carries the value."""
    master, _, evaluation = small_crowd
    used, value = _value(small_crowd, 4)
    again, same = promising(master, used, evaluation.prices, 4, FAR)
    assert not (again & ~used).any()
    assert same == pytest.approx(value)


def test_no_time_gives_nothing(small_crowd):
    """Where the time is over there is no answer and no exception."""
    master, _, evaluation = small_crowd
    keep = np.ones(len(master.patterns), dtype=bool)
    result = promising(master, keep, evaluation.prices, 4, 0.0)
    assert result is None or result[1] > 0
