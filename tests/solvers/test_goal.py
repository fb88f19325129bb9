"""The fewest migrations to a goal: right on tiny clusters, certified where it says so, with any solver."""

from dataclasses import replace
from fractions import Fraction

import pytest

from data import InputError, Plan, check
from solvers import Deadline, Problem, Solution, create
from solvers.goal import fewest
from solvers.toys import PAIR, PAIR_VMS, build
from tests.solvers.brute_force import best_plan, fewest_migrations
from tests.solvers.tiny import random_tiny

TWICE = build("twice", PAIR + PAIR, [*PAIR_VMS, (2, 0, 4), (3, 0, 12)])
"""FR 1/2, then 1/4 and 0 with one migration each."""


@pytest.fixture(scope="module")
def mip():
    solver = create("mip:workers=1")
    solver.prepare()
    return solver


@pytest.mark.parametrize("seeds", [range(start, start + 8) for start in (0, 12, 24)], ids=str)
def test_brute_force_agrees(mip, seeds):
    """What is called least or impossible is so by brute force, and mip is seldom longer than the shortest plan."""
    longer = 0
    for seed in seeds:
        problem = replace(random_tiny(seed), mnl=3)
        start, best = Fraction(problem.initial_fr).limit_denominator(10**6), best_plan(problem).fr
        for goal in (best, (start + best) / 2, best - Fraction(1, 1000)):
            if goal < 0:
                continue
            truth = fewest_migrations(problem, goal)
            result = fewest(problem, float(goal), mip, Deadline(2.0))
            verdict = check(
                problem.cluster, result.plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective
            )
            assert verdict.valid, f"seed {seed}: {verdict.reason}"
            assert verdict.final_fr == pytest.approx(result.reached_fr, abs=1e-9)
            assert result.least_possible <= (problem.mnl + 1 if truth is None else truth), f"seed {seed}"
            assert result.reached == (result.reached_fr <= float(goal) + 1e-9)
            assert not result.reached or result.migrations >= (truth or 0), f"seed {seed}: fewer than brute force"
            longer += truth is not None and (not result.reached or result.migrations > truth)
    assert longer <= 1


@pytest.mark.parametrize(("goal", "count"), [(0.6, 0), (0.5, 0), (0.4, 1), (0.25, 1), (0.0, 2)])
@pytest.mark.parametrize("name", ["mip", "greedy", "two-step"])
def test_any_solver(name, goal, count):
    """Solvers with and without bounds find the shortest plans where these are plain; only mip proves it."""
    result = fewest(Problem(TWICE, 4), goal, create(name), Deadline(10.0))
    assert (result.reached, result.migrations) == (True, count)
    assert result.proven_fewest or name != "mip"


def test_goal_out_of_reach(mip):
    """Where the limit does not allow the goal it is proven, and the plan with the lowest FR is returned."""
    result = fewest(Problem(TWICE, 1), 0.1, mip, Deadline(10.0))
    assert not result.reached
    assert result.least_possible > 1
    assert (result.migrations, result.reached_fr, result.bound_fr) == (1, 0.25, 0.25)
    assert not fewest(Problem(TWICE, 1), 0.1, create("greedy"), Deadline(10.0)).reached


def test_no_time(mip):
    """Without time there is still an honest answer: not met, and nothing is known but that it takes a migration."""
    result = fewest(Problem(TWICE, 4), 0.0, mip, Deadline(0.0))
    assert (result.reached, result.migrations, result.least_possible) == (False, 0, 1)


def test_illegal_plans_count_for_nothing():
    """The checker decides whether a plan reaches the goal, whatever the solver says."""

    class Cheat:
        name = "cheat"

        def prepare(self):
            """Nothing to do."""

        def solve(self, problem, deadline, seed=0):  # noqa: ARG002 - the contract's signature
            """Move one VM to where it is."""
            return Solution(Plan.of([(0, 0, 0)]), bound=0.0)

    assert not fewest(Problem(TWICE, 4), 0.0, Cheat(), Deadline(1.0)).reached


@pytest.mark.parametrize("goal", [-0.1, 1.5, float("nan")])
def test_a_goal_is_a_rate(mip, goal):
    """What is no FR is refused in a sentence."""
    with pytest.raises(InputError, match="between 0 and 1"):
        fewest(Problem(TWICE, 4), goal, mip, Deadline(1.0))


def test_medium_to_a_goal(mip, medium):
    """Certified on the released Medium snapshot: 45 migrations for FR 0.6, and 200 are not enough for 0.001."""
    result = fewest(Problem(medium, 200), 0.6, mip, Deadline(60.0))
    assert result.proven_fewest
    assert result.migrations == 45
    assert fewest(Problem(medium, 200), 0.001, mip, Deadline(60.0)).least_possible == 201


def test_mip_breaks_ties_by_migrations(large):
    """Among the plans that gain all 68 slots of the released Large snapshot mip finds one that needs no more."""
    problem = Problem(large, 200)
    solver = create("mip:workers=1:fewest=true")
    solver.prepare()
    solution = solver.solve(problem, Deadline(60.0))
    assert solution.status == "optimal"
    assert len(solution.plan) == solution.incumbents[-1].migrations == 126
    shorter = create("mip:workers=1").solve(replace(problem, mnl=125), Deadline(60.0))
    assert shorter.bound > solution.bound + 1e-9
