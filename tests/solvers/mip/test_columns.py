"""The search by columns, from the bound to a plan that can be carried out."""

from dataclasses import replace

import pytest

from data import Objective, check
from solvers import Problem
from solvers.mip import pricing
from solvers.mip.columns import ColumnSearch, certified_bound
from solvers.mip.pricing import TooManyPatternsError
from solvers.mip.worth import expresses
from solvers.toys import crowd, toys
from tests.solvers.mip.tools import begin, gainful_problems, most_slots_gained

CORES = [toy for toy in toys() if expresses(toy.problem.score) and toy.problem.score.terms]


def _search(problem, limit_s=10.0, seed=0):
    best, deadline = begin(problem, limit_s)
    search = ColumnSearch(problem, best, deadline, "highs", 1, seed)
    search.run()
    return search, best


@pytest.mark.parametrize("toy", CORES, ids=lambda toy: toy.name)
def test_toys(toy):
    """The bound is never below the best there is, the plan never above it and always valid."""
    search, best = _search(toy.problem)
    known = toy.problem.score.slots_of(float(toy.best_fr))
    assert best.slots <= known + 1e-6 <= search.bound + 2e-6
    verdict = check(toy.problem.cluster, best.plan, mnl=toy.problem.mnl, rules=toy.problem.rules)
    assert verdict.valid, verdict.reason


def test_tiny_problems():
    """The bound holds on tiny clusters with every constraint, and is met in most where nobody is in a group."""
    closed = 0
    for problem in gainful_problems(12):
        problem = replace(problem, mnl=min(problem.mnl, 2))
        search, _ = _search(problem)
        assert search.bound >= problem.score.slots(problem.cluster.free) + most_slots_gained(problem)
        lone = replace(problem, cluster=replace(problem.cluster, groups=()))
        closed += _search(lone)[0].closed()
    assert closed >= 8


def test_a_crowd_is_closed():
    """A cluster without surprises is solved to the bound, by a plan as good as it says."""
    problem = Problem(crowd(20), 10)
    search, best = _search(problem)
    assert search.closed()
    assert best.slots == search.bound == problem.score.slots(problem.placement().apply_plan(best.plan).free)
    assert search.bound == int(search.bound)


def test_without_time_there_is_still_a_bound():
    """The static prices bound the gain before any linear programme; an expired deadline adds no plan."""
    problem = Problem(crowd(20), 10)
    search, best = _search(problem, limit_s=0.0)
    assert best.plan.migrations == ()
    assert search.bound >= _search(problem)[0].bound
    assert not search.closed()


def test_the_seed_casts_and_the_bound_does_not_care():
    """Other seeds may cast the same patterns differently, but prove the same bound."""
    problem = Problem(crowd(20), 10)
    assert len({_search(problem, seed=seed)[0].bound for seed in range(3)}) == 1


def test_nodes_with_too_many_vms_are_refused(monkeypatch):
    """What cannot be priced in memory is said at once, so that the solver can go another way."""
    monkeypatch.setattr(pricing, "PATTERN_LIMIT", 3)
    with pytest.raises(TooManyPatternsError):
        _search(Problem(crowd(20), 10))


def test_the_bound_by_itself():
    """It is the bound of the search, for whoever planned; the FR itself where nothing can be done."""
    problem = Problem(crowd(20), 10)
    alone, (search, _) = begin(problem)[1], _search(problem)
    assert certified_bound(problem, alone) == problem.score.rate_of(search.bound)
    assert certified_bound(replace(problem, mnl=0), alone) == problem.initial_fr
    assert certified_bound(replace(problem, objective=Objective.parse("0.5*cores7+0.5*double16")), alone) is None
