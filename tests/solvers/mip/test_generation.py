"""Column generation to its end, and from the prices of a part."""

import pytest

from solvers import Deadline, Problem
from solvers.mip import generation
from solvers.mip.bound import static_bound
from solvers.mip.generation import Generation
from solvers.mip.pricing import Pricer
from solvers.mip.reduction import reduce_problem
from solvers.toys import crowd
from tests.solvers.mip.tools import gainful_problems


def _run(problem, limit_s=20.0):
    pricer = Pricer(reduce_problem(problem))
    run = Generation(pricer, Deadline(limit_s))
    return pricer, run, list(run.run())


def test_it_ends_where_primal_and_dual_meet():
    """The last relaxation is marked, and worth what the bound says; the bound never gets worse than the static one."""
    for problem in (*gainful_problems(6), Problem(crowd(12), 6)):
        pricer, run, found = _run(problem)
        assert [stuck for _, _, stuck in found] == [False] * (len(found) - 1) + [True]
        assert found[-1][1].value == pytest.approx(run.best.bound, abs=1e-3)
        assert run.best.bound <= static_bound(pricer).bound


def test_the_prices_of_a_part_are_a_start_and_no_more(monkeypatch):
    """Where all PMs count as different the start is another and the end the same: the bound is that of the whole."""
    problem, bounds = Problem(crowd(20), 8), []
    for distinct in (2.0, 0.0):
        monkeypatch.setattr(generation, "DISTINCT", distinct)
        _, run, found = _run(problem)
        assert found[-1][1].value == pytest.approx(run.best.bound, abs=1e-3)
        bounds.append(run.best.bound)
    assert bounds[0] == pytest.approx(bounds[1], abs=1e-3)


def test_without_time_the_static_bound_stands():
    """An expired deadline gives no relaxation and no exception."""
    pricer, run, found = _run(Problem(crowd(12), 6), limit_s=0.0)
    assert found == []
    assert run.best.bound <= static_bound(pricer).bound
