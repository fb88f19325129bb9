"""Swap: no worse than the rule it starts from, with chains and fresh starts on top."""

import pytest
from hypothesis import given, settings

from data import check
from solvers import Deadline, Problem, create
from solvers.toys import build, crowd
from tests.solvers.problems import problems


def _final(solver, problem):
    solution = create(solver).solve(problem, Deadline(20.0))
    verdict = check(problem.cluster, solution.plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    assert verdict.valid, verdict.reason
    return verdict.final_fr


def test_chains_are_used():
    """A chain gains where neither one migration nor two from one PM do."""
    line = build("line", [(16, 0), (12, 0), (18, 0)], [(0, 0, 12), (1, 0, 11), (2, 0, 7)])
    problem = Problem(line, 5)
    assert _final("two-step", problem) == problem.initial_fr
    assert _final("swap:patience=0", problem) < problem.initial_fr


@settings(max_examples=40, deadline=None)
@given(problems(min_vms=3))
def test_swap_is_no_worse_than_two_step(problem):
    """On any cluster with every constraint."""
    assert _final("swap:patience=3", problem) <= _final("two-step", problem) + 1e-9


@pytest.mark.parametrize("name", ["medium", "large"])
@pytest.mark.parametrize("mnl", [50, 100])
def test_swap_is_no_worse_than_two_step_on_real_snapshots(request, name, mnl):
    """Also without a fresh start."""
    problem = Problem(request.getfixturevalue(name), mnl)
    assert _final("swap:patience=0", problem) <= _final("two-step", problem)


def test_patience_ends_the_search():
    """A search that finds nothing any more stops long before its deadline."""
    deadline = Deadline(60.0)
    create("swap:patience=2").solve(Problem(crowd(4), 5), deadline)
    assert deadline.elapsed_s() < 10


def test_seeds_search_differently():
    """A seed fixes the search, and another seed is another one."""
    problem = Problem(crowd(10), 10)
    solve = create("swap:patience=4").solve
    plans = [solve(problem, Deadline(60.0), seed).plan for seed in (0, 0, 1)]
    assert plans[0] == plans[1]
    assert plans[0] != plans[2]
