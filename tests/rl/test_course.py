"""The course: what comes after a mistake, and after the end."""

import numpy as np
import pytest

from rl import course as courses
from rl import potential as potentials
from rl import rules
from rl.course import Course
from rl.curriculum import Curriculum


@pytest.fixture
def course(monkeypatch):
    """One place with five migrations to make, and all the time that prices need."""
    monkeypatch.setattr(potentials, "PRICING_S", 60.0)
    return Course(Curriculum({"scarce": 1.0}, pool=1, mnl=(5, 5), least_pms=60, whole=0.0), (0, 0), shaped=True)


def _step(course, env, vm, place):
    """Let a VM go to a place, or stop (-1); return the reward."""
    gain = rules.migrate(env.arrays, 0, vm, *divmod(place, 2)) if vm >= 0 else 0.0
    if vm >= 0:
        rules.settle(env.arrays, 0, vm)
    over = np.array([vm < 0 or env.steps_left[0] == 0])
    return float(course(env, np.array([vm]), np.array([gain]), over)[0])


@pytest.mark.parametrize("again", [0.0, 1.0])
def test_a_mistake_is_taken_back(course, monkeypatch, again):
    """Who stops with slots left to gain loses them, and finds the same problem again, or else the next."""
    monkeypatch.setattr(courses, "AGAIN", again)
    env = course.start(1)
    problem, possible = course.problems[0], course.potentials[0].value
    assert possible >= 1
    assert _step(course, env, -1, 0) == pytest.approx(-possible)
    assert (course.problems[0] is problem) == (again == 1.0)
    assert list(course.finished) == ([] if again else [(0.0, possible)])


def test_only_the_mistake_is_taken_back(course, monkeypatch):
    """What a best plan did before a mistake stays done, and counts once."""
    monkeypatch.setattr(courses, "AGAIN", 1.0)
    env = course.start(1)
    possible = course.potentials[0].value
    for left in (4, 3, 2):
        move = next(m for m in course.potentials[0].plan if rules.legal(env.arrays, 0, m.vm)[m.pm, m.node])
        assert _step(course, env, move.vm, 2 * move.pm + move.node) == pytest.approx(0.0)
        assert course.potentials[0].value >= 1
        assert _step(course, env, -1, 0) <= -1
        assert env.steps_left[0] == left
        assert course.gained[0] + course.potentials[0].value == pytest.approx(possible)
