"""The published filter-and-score heuristic: what is known of it, and each of its rules by hand."""

import pytest

from data import AntiAffinity, Migration, Plan, check
from solvers import Deadline, Problem, create
from solvers.toys import build


def _plan(problem):
    return create("ha").solve(problem, Deadline(10.0)).plan


@pytest.mark.parametrize(
    ("name", "migrations", "points"),
    [("medium", 14, {5: 0.908, 10: 0.851, 14: 0.805}), ("large", 16, {5: 0.596, 10: 0.592, 15: 0.587})],
)
def test_ha_reproduces_its_published_course(request, name, migrations, points):
    """FR after each migration, and where the heuristic stops, are those of the released snapshots."""
    cluster = request.getfixturevalue(name)
    plan = _plan(Problem(cluster, 50))
    verdict = check(cluster, plan, mnl=50)
    assert verdict.valid
    assert len(plan) == migrations
    assert {step: round(verdict.fr_after[step], 3) for step in points} == points


def _blind(*more):
    """Free: 12, 14, 20 and ``more``. vm_1 (2) would leave 16 behind, but its fellows sit on pm_0 and pm_2."""
    groups = (AntiAffinity("host", (0, 1)), AntiAffinity("host", (1, 2)))
    nodes = [(16, 0), (16, 0), (32, 0), *((cores, 0) for cores in more)]
    return Problem(build("blind", nodes, [(0, 0, 4), (1, 0, 2), (2, 0, 12)], groups=groups), 5)


def test_the_vm_is_chosen_before_its_destination():
    """vm_1 relieves its PM most and gains nothing where it may go, so the heuristic stops; greedy moves vm_0."""
    assert len(_plan(_blind(16))) == 0
    assert create("greedy").solve(_blind(16), Deadline(10.0)).plan == Plan((Migration(0, 2, 0),))


def test_a_vm_without_destination_is_passed_over():
    """Where vm_1 may go nowhere the next best VM moves."""
    assert _plan(_blind()) == Plan((Migration(0, 2, 0),))


def test_no_flips():
    """The published heuristic looks at other PMs only."""
    flip = Problem(build("flip", [(16, 20)], [(0, 0, 4)]), 5)
    assert len(create("greedy").solve(flip, Deadline(10.0)).plan) == 1
    assert len(_plan(flip)) == 0


@pytest.mark.parametrize(
    ("source", "target", "vm", "moves"),
    [
        ((16, 0), (31, 0), (0, 0, 15), 1),
        ((32, 0), (33, 0), (0, 0, 17), 0),
        ((16, 16), (24, 24), (0, 2, 8), 1),
        ((16, 16), (25, 25), (0, 2, 9), 0),
    ],
)
def test_large_vms_are_never_considered(source, target, vm, moves):
    """A VM of more than 16 cores stays, also a double of more than 8 on each node, although its move would gain."""
    problem = Problem(build("size", [source, target], [vm]), 1)
    assert len(create("greedy").solve(problem, Deadline(10.0)).plan) == 1
    assert len(_plan(problem)) == moves
