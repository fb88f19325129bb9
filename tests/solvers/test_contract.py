"""Problems and deadlines: what is shared by all solvers."""

import time

import pytest

from data import InputError, Objective, Plan, Rules
from solvers import Deadline, Problem, Solution


def test_problem_binds_objective_and_rules(tiny):
    """A problem's FR is that of its own objective, and its placements follow its own rules."""
    problem = Problem(tiny, 2, Objective.parse("double16"), Rules(stay_in_cluster=True))
    assert problem.initial_fr == pytest.approx(16 / 48)
    assert problem.placement().rules.stay_in_cluster
    assert Problem(tiny, 2).initial_fr == pytest.approx(2 / 3)


def test_placements_of_a_problem_are_fresh(tiny):
    """One solver's work on a placement never reaches the next."""
    problem = Problem(tiny, 2)
    problem.placement().free[:] = 0
    assert problem.placement().free.any()


def test_a_negative_limit_is_refused(tiny):
    """A limit below 0 is a mistake; 0 is a limit."""
    assert Problem(tiny, 0).mnl == 0
    with pytest.raises(InputError, match="give 0 or more"):
        Problem(tiny, -1)


def test_the_worst_solution_is_the_empty_plan():
    """A solution without anything is valid and claims nothing."""
    assert Solution() == Solution(Plan(), None, "feasible", ())


def test_deadline_runs_out():
    """Time starts when the deadline is made; a reserve ends it earlier; nothing is negative."""
    deadline = Deadline(0.05)
    assert not deadline.expired()
    assert deadline.expired(reserve_s=0.05)
    assert 0 < deadline.remaining_s(0.01) < deadline.remaining_s() <= 0.05
    time.sleep(0.06)
    assert deadline.expired()
    assert deadline.remaining_s() == 0.0
    assert deadline.elapsed_s() >= 0.06


def test_deadline_can_be_cancelled():
    """A cancelled deadline is over at once, and still tells how long it ran."""
    deadline = Deadline(60.0)
    deadline.cancel()
    assert deadline.expired()
    assert deadline.remaining_s() == 0.0
    assert deadline.elapsed_s() < 60.0
