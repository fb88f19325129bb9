"""Patterns that serve in few waves."""

import numpy as np
import pytest

from solvers import Problem
from solvers.mip.waves import promising
from solvers.toys import build, crowd
from tests.solvers.mip.tools import converge

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
    values = [_value(small_crowd, waves)[1] for waves in (2, 3, 4, 8)]
    assert values == sorted(values)
    assert values[-1] <= small_crowd[1].value + 1e-6


def test_a_circle_serves_in_no_number_of_waves():
    """Two VMs that can only trade places wait for each other; without waves the trade counts, with any it does not."""
    cluster = build("circle", [(20, 0), (19, 0)], [(0, 0, 8), (1, 0, 4), (0, 0, 8), (1, 0, 12)])
    for problem in (Problem(cluster, 2), Problem(crowd(12), 6)):
        converged = converge(problem)
        assert _value(converged, 6)[1] <= converged[1].value + 1e-6


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
