"""The record of the best plan so far."""

import pytest

from data import Plan
from solvers import Deadline, Problem, Solution
from solvers.incumbents import Incumbents

ONE = Plan.of([(0, 1, 1)])
TWO = Plan.of([(0, 1, 1), (2, 1, 0)])


@pytest.fixture
def best(tiny):
    """Return incumbents of a problem that starts with 1 slot of 3, worth FR 1/3 each."""
    return Incumbents(Problem(tiny, 3), Deadline(5.0))


def test_starts_with_the_empty_plan(best):
    """Without an offer the solution is the empty plan, with no record."""
    assert best.slots == 1.0
    assert best.solution() == Solution()


def test_takes_what_is_better(best):
    """More slots win; as many with fewer migrations win too; anything else is left."""
    assert best.offer(TWO, 2.0)
    assert not best.offer(TWO, 2.0)
    assert best.offer(ONE, 2.0)
    assert not best.offer(Plan(), 1.0)
    assert not best.offer(TWO, 2.0 + 1e-12)
    assert best.offer(TWO, 3.0)
    record = best.solution().incumbents
    assert [(each.migrations, each.fr) for each in record] == [
        (2, pytest.approx(1 / 3)),
        (1, pytest.approx(1 / 3)),
        (2, pytest.approx(0.0)),
    ]
    assert [each.seconds for each in record] == sorted(each.seconds for each in record)


def test_does_not_take_a_plan_that_gains_nothing(best):
    """Moving for nothing is no better than staying."""
    assert not best.offer(ONE, 1.0)
    assert best.plan == Plan()


@pytest.mark.parametrize(
    ("bound_slots", "bound", "status"),
    [(None, None, "feasible"), (3.0, 0.0, "feasible"), (2.0, 1 / 3, "optimal"), (1.0, 2 / 3, "optimal")],
)
def test_optimal_means_that_the_plan_meets_the_bound(best, bound_slots, bound, status):
    """A bound is passed on as an FR, as it is: one that the plan disproves must not be hidden by moving it."""
    best.offer(ONE, 2.0)
    solution = best.solution(bound_slots)
    assert solution.bound == (None if bound is None else pytest.approx(bound))
    assert solution.status == status
