"""The exact solver as a whole: published optima, certificates, odd clusters, time and repetition."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data import Objective, Plan, check
from solvers import Deadline, Problem, create
from solvers.toys import build, crowd

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def mip():
    solver = create("mip:workers=1")
    solver.prepare()
    return solver


def _checked(problem, solution):
    """Return the slots that the checker counts, after asking it whether the plan is valid."""
    verdict = check(problem.cluster, solution.plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    assert verdict.valid, verdict.reason
    assert solution.bound is None or solution.bound <= verdict.final_fr + 1e-9
    return problem.score.slots_of(verdict.final_fr)


@pytest.mark.parametrize(("mnl", "slots"), [(25, 24), (50, 37), (100, 62)])
def test_medium_is_solved_with_proof(mip, medium, mnl, slots):
    """The released Medium snapshot: the known optima, as plans that the checker accepts, and bounds that they meet."""
    problem = Problem(medium, mnl)
    solution = mip.solve(problem, Deadline(60.0))
    assert solution.status == "optimal"
    assert _checked(problem, solution) == pytest.approx(slots)
    assert problem.score.slots_of(solution.bound) == pytest.approx(slots)


@pytest.mark.parametrize(("mnl", "slots"), [(50, 503), (100, 528), (200, 537)])
def test_large_is_solved_with_proof(mip, large, mnl, slots):
    """The released Large snapshot as well."""
    problem = Problem(large, mnl)
    solution = mip.solve(problem, Deadline(60.0))
    assert solution.status == "optimal"
    assert _checked(problem, solution) == pytest.approx(slots)
    assert problem.score.slots_of(solution.bound) == pytest.approx(slots)


@pytest.mark.parametrize("engine", ["highs", "cp-sat", "scip"])
def test_every_engine(engine):
    """Each engine solves an ordinary cluster to the bound."""
    problem = Problem(crowd(20), 10)
    solution = create(f"mip:engine={engine}:workers=1").solve(problem, Deadline(60.0))
    assert solution.status == "optimal"
    _checked(problem, solution)


DOUBLES = build("doubles", [(16, 16), (24, 24), (20, 20)], [(0, 2, 4), (1, 2, 4), (2, 2, 6)])
ODD = {
    "only doubles": Problem(DOUBLES, 2),
    "only singles": Problem(build("singles", [(16, 16), (24, 24)], [(0, 0, 4), (1, 1, 4), (0, 1, 7)]), 3),
    "one-node PMs": Problem(build("halves", [(16, 0), (0, 24), (20, 0)], [(0, 0, 4), (1, 1, 8), (2, 0, 4)]), 3),
    "no VM may move": Problem(replace(DOUBLES, movable=np.zeros(3, dtype=bool)), 2),
    "all closed": Problem(replace(DOUBLES, open=np.zeros(3, dtype=bool)), 2),
    "nothing free": Problem(build("full", [(8, 8), (8, 8)], [(0, 0, 8), (0, 1, 8), (1, 2, 8)]), 3),
    "VMs that take nothing": Problem(
        build("air", [(12, 0), (20, 0)], [(0, 0, 0), (0, 0, 4), (1, 0, 8)],
              demand=np.array([(0, 0), (4, 4), (8, 8)])), 3,
    ),
    "VMs of memory alone": Problem(
        build("ram", [((12, 9), 0), ((20, 9), 0)], [(0, 0, 0), (0, 0, 4), (1, 0, 8)],
              demand=np.array([(0, 5), (4, 4), (8, 1)])), 3,
    ),
    "slots of 7": Problem(crowd(4), 3, Objective.parse("cores7")),
    "slots of 1": Problem(crowd(4), 3, Objective.parse("cores1")),
    "slots larger than a node": Problem(crowd(4), 3, Objective.parse("cores500")),
    "more migrations than VMs": Problem(DOUBLES, 1000),
    "no VMs": Problem(build("bare", [(20, 10)], []), 5),
    "no PMs": Problem(build("none", [], []), 5),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_clusters(mip, name):
    """Whatever is missing or does not divide: a valid plan with a proven optimum."""
    problem = ODD[name]
    solution = mip.solve(problem, Deadline(30.0))
    assert solution.status == "optimal"
    _checked(problem, solution)


def test_the_same_seed_gives_the_same_plan(mip):
    """Where the deadline does not bite the answer is repeated, plan and bound; another seed proves the same."""
    problem = Problem(crowd(30), 15)
    first, again, other = (mip.solve(problem, Deadline(30.0), seed) for seed in (7, 7, 8))
    assert (first.plan, first.bound) == (again.plan, again.bound)
    assert other.bound == first.bound
    assert first.status == other.status == "optimal"


def test_the_hash_seed_does_not_matter():
    """Two interpreters that shuffle their sets differently find the same plan."""
    code = (
        "from solvers import Deadline, Problem, create; from solvers.toys import crowd;"
        "print(create('mip:workers=1').solve(Problem(crowd(25), 12), Deadline(30.0)).plan)"
    )
    plans = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(plans) == 1
    assert "Migration" in plans.pop()


def test_no_time_at_all(mip):
    """A limit of zero gives the empty plan and claims nothing."""
    solution = mip.solve(Problem(crowd(20), 10), Deadline(0.0))
    assert solution.plan == Plan()
    assert solution.bound is None
    assert solution.status == "feasible"


def test_a_cancelled_run_ends_at_once(mip):
    """A run that nobody wants any more returns what it has, valid, long before its limit."""
    problem = Problem(crowd(30), 15)
    deadline = Deadline(60.0)
    deadline.cancel()
    solution = mip.solve(problem, deadline)
    assert deadline.elapsed_s() < 1.0
    assert solution.plan == Plan()


def test_no_migration_allowed(mip):
    """With an MNL of 0 the empty plan is optimal, and said to be."""
    problem = Problem(crowd(10), 0)
    solution = mip.solve(problem, Deadline(1.0))
    assert (solution.plan, solution.status) == (Plan(), "optimal")
    assert solution.bound == pytest.approx(problem.initial_fr)
