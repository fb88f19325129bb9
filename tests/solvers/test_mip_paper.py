"""The paper's model: bounds and optima against brute force, with each backend, and in time."""

import os
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np
import pytest

from data import InputError, Objective, Plan, check
from solvers import Deadline, Problem, create
from solvers.mip_paper import process, solver
from solvers.mip_paper.task import Answer, make_task
from solvers.toys import build, crowd, toys
from tests.solvers.brute_force import best_final, best_plan
from tests.solvers.tiny import random_tiny

EPSILON = 1e-9
BACKENDS = [
    "cbc",
    pytest.param("highs", marks=pytest.mark.skipif(find_spec("highspy") is None, reason="needs the package highspy")),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", [*range(16), 18, 64])
def test_bound_is_the_best_placement_whatever_the_order(seed, backend):
    """The model is exact for final placements: its bound is their best FR; its plan is legal and no better than any."""
    problem = random_tiny(seed)
    solution = create(f"mip-paper:backend={backend}").solve(problem, Deadline(20.0))
    unordered, best = float(best_final(problem)), float(best_plan(problem).fr)
    assert solution.bound == pytest.approx(unordered, abs=1e-5)
    assert solution.bound <= best + EPSILON
    verdict = check(problem.cluster, solution.plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    assert verdict.valid, verdict.reason
    assert verdict.final_fr >= best - EPSILON


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_toy(backend):
    """All toys but those where nothing can move end at the FR known to be the best, with that bound."""
    made = create(f"mip-paper:backend={backend}")
    for toy in toys()[::3]:
        solution = made.solve(toy.problem, Deadline(20.0))
        verdict = check(toy.problem.cluster, solution.plan, objective=toy.problem.objective)
        assert verdict.final_fr == pytest.approx(float(toy.best_fr), abs=EPSILON), toy.name
        assert solution.bound == pytest.approx(float(toy.best_fr), abs=1e-5), toy.name


@pytest.mark.parametrize("limit_s", [0.0, 0.02, 0.3, 1.0])
@pytest.mark.parametrize("backend", BACKENDS)
def test_returns_before_the_limit(backend, limit_s, tmp_path, monkeypatch):
    """A model too large to write down in time gives the empty plan before the limit, and leaves nothing behind."""
    monkeypatch.setattr(process.tempfile, "tempdir", str(tmp_path))
    problem = Problem(crowd(80), 20)
    deadline = Deadline(limit_s)
    solution = create(f"mip-paper:backend={backend}").solve(problem, deadline)
    assert deadline.elapsed_s() <= limit_s + 0.1
    assert solution.plan == Plan()
    assert solution.bound is None
    assert list(tmp_path.iterdir()) == []
    assert not _running(str(tmp_path))


def test_a_cancelled_run_ends():
    """The solver notices from outside that it is no longer wanted, while the backend works."""
    deadline = Deadline(30.0)
    problem = Problem(crowd(80), 20)
    poll = deadline.expired

    def expired(reserve_s=0.0):
        if deadline.elapsed_s() > 0.3:
            deadline.cancel()
        return poll(reserve_s)

    deadline.expired = expired
    create("mip-paper").solve(problem, deadline)
    assert deadline.elapsed_s() < 1.0


def test_the_process_ends_with_its_parent(tmp_path):
    """A solving process whose parent is gone, killed for example, ends itself and its backend."""
    task = make_task(Problem(crowd(60), 20), "cbc", 1, 0.0, time.time() + 60)
    (tmp_path / "task.json").write_bytes(msgspec.json.encode(task))
    files = [str(tmp_path / "task.json"), str(tmp_path / "answer.json")]
    child = subprocess.Popen(process.command(*files), stdin=subprocess.PIPE, start_new_session=True, cwd=process.ROOT)
    time.sleep(0.3)
    child.stdin.close()
    assert child.wait(5) != 0
    assert not _running(str(tmp_path))


def _running(text):
    """Look for processes that name ``text`` on their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text in entry.read_text() and int(entry.parent.name) != os.getpid():
                found.append(entry.parent.name)
        except OSError:
            continue
    return found


def test_a_backend_that_fails_costs_the_run_not_the_comparison(monkeypatch, caplog):
    """When the process dies, the answer is the empty plan, and the log says why."""
    monkeypatch.setattr(process, "command", lambda *_: ["/bin/sh", "-c", "echo no licence >&2; exit 3"])
    solution = create("mip-paper").solve(toys()[0].problem, Deadline(5.0))
    assert solution.plan == Plan()
    assert "no licence" in caplog.text


def test_a_wrong_answer_gives_legal_migrations_and_a_bound_that_shows(monkeypatch):
    """Whatever a backend says, only legal migrations come out; a bound that they disprove is not moved to hide it."""
    monkeypatch.setattr(solver, "ask", lambda *_: Answer([2, 0], 0.0))
    problem = toys()[0].problem
    solution = create("mip-paper").solve(problem, Deadline(5.0))
    verdict = check(problem.cluster, solution.plan, mnl=problem.mnl)
    assert verdict.valid
    assert solution.bound > verdict.final_fr


def test_missing_backend_is_named(monkeypatch):
    """A backend whose package is missing is refused when the solver is made, with what to install."""
    monkeypatch.setattr(solver, "find_spec", lambda package: None if package == "highspy" else object())
    with pytest.raises(InputError, match="pip install highspy"):
        create("mip-paper:backend=highs")
    create("mip-paper:backend=cbc")


def test_unusable_places_are_left_out():
    """A VM gets places only where it fits an empty node, is allowed by its cluster, and the PM is open."""
    cluster = build(
        "places", [(16, 0), (4, 16), (16, 8), (16, 16)], [(0, 0, 8), (1, 1, 6), (2, 2, 5), (3, 0, 9)],
        movable=np.array([True, True, True, False]), open=np.array([True, True, True, True]),
    )  # fmt: skip
    task = make_task(Problem(cluster, 2), "cbc", 1, 0.0, 0.0)
    places = [task.choices[mover.choice] for mover in task.movers]
    assert places == [[0, 3, 4, 5, 7], [0, 3, 4, 5, 6, 7], [4, 6]]


def test_gap_gives_no_false_bound():
    """With a gap allowed, what the backend stops at is no proven optimum, and no such bound is claimed."""
    problem = Problem(crowd(4), 4, Objective())
    exact = create("mip-paper").solve(problem, Deadline(20.0))
    loose = create("mip-paper:gap=0.9").solve(problem, Deadline(20.0))
    assert exact.bound is not None
    assert loose.bound is None or loose.bound <= exact.bound + EPSILON
