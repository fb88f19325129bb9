"""The parent's side of a worker: what a solver may do to it, and what comes of it."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data import Cluster, InputError
from harness.hardware import available_cores
from harness.process import Answer, Worker
from solvers import Problem, SolverSpec
from tests.harness.stubs import BEST

LIMIT_S = 0.2
Ask = Callable[[str], Answer]


@pytest.fixture
def worker_of() -> Iterator[Callable[[str], Worker]]:
    """Make workers that are gone after the test."""
    made: list[Worker] = []

    def make(text: str) -> Worker:
        made.append(Worker(SolverSpec.parse(text), available_cores()[:1]))
        return made[-1]

    yield make
    for worker in made:
        worker.close()


@pytest.fixture
def ask(worker_of: Callable[[str], Worker], tiny: Cluster) -> Ask:
    """Ask a solver once for ``tiny``."""
    return lambda text: worker_of(text).solve(Problem(tiny, 2), LIMIT_S, 0)


def test_answers_in_time_and_stays(worker_of: Callable[[str], Worker], tiny: Cluster) -> None:
    """A solver that behaves is asked again in the same process, which is stopped in between."""
    worker = worker_of("stub-good")
    first = worker.solve(Problem(tiny, 2), LIMIT_S, 0)
    pid = worker.pid
    assert _eventually(lambda: _states(pid) == ["T"])
    second = worker.solve(Problem(tiny, 1), LIMIT_S, 0)
    assert worker.pid == pid
    assert first.solution is not None
    assert second.solution is not None
    assert (first.status, first.solution.plan, len(second.solution.plan)) == ("answered", BEST, 1)
    assert 0 < first.solve_s < LIMIT_S
    assert worker.parameters == {"moves": "2", "nap_s": "0.0"}


@pytest.mark.parametrize("name", ["stub-sleeper", "stub-spinner"])
def test_ignoring_the_deadline_is_late(worker_of: Callable[[str], Worker], tiny: Cluster, name: str) -> None:
    """A solver that does not answer is ended soon after the grace, with every process it started."""
    worker = worker_of(name)
    worker.start()
    worker.wait_prepared()
    group = worker.pid
    start_s = time.perf_counter()
    answer = worker.solve(Problem(tiny, 2), LIMIT_S, 0)
    assert (answer.status, answer.solution) == ("late", None)
    assert time.perf_counter() - start_s < LIMIT_S + 2.5
    assert _eventually(lambda: not _states(group))


def test_a_moment_late_is_late(ask: Ask) -> None:
    """An answer after the limit does not count, however little after."""
    answer = ask("stub-straggler")
    assert answer.status == "late"
    assert LIMIT_S < answer.solve_s < LIMIT_S + 0.5


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("stub-raiser", r"ZeroDivisionError: on purpose \(stubs.py:\d+\)"),
        ("stub-exiter", r"exited with code 3: goodbye"),
        ("stub-writer", r"ValueError: assignment destination is read-only"),
        ("stub-stranger", r"TypeError: solve returned list, not a Solution"),
        ("stub-unready", r"prepare: FileNotFoundError: no weights"),
    ],
)
def test_failures_keep_their_reason(ask: Ask, name: str, reason: str) -> None:
    """Whatever goes wrong in a solver is one failed run with its reason."""
    answer = ask(name)
    assert answer.status == "failed"
    assert re.search(reason, answer.message), answer.message


def test_a_fresh_process_follows_a_failure(worker_of: Callable[[str], Worker], tiny: Cluster) -> None:
    """A run after a crash starts anew and gets an answer of its own."""
    worker = worker_of("stub-exiter")
    assert [worker.solve(Problem(tiny, 2), LIMIT_S, 0).status for _ in range(2)] == ["failed", "failed"]


def test_threads_and_cores_are_set(ask: Ask) -> None:
    """A solver has as many threads as cores, and is pinned to these."""
    core = available_cores()[0]
    assert f"cores=[{core}] threads=('1', '1') seed=0" in ask("stub-reporter").message


@pytest.mark.parametrize("text", ["stub-nobody", "stub-good:moves=9", "stub-good:speed=1"])
def test_wrong_solvers_are_refused_before_any_run(worker_of: Callable[[str], Worker], text: str) -> None:
    """An unknown name or parameter is the user's to correct, not a failed run."""
    worker = worker_of(text)
    worker.start()
    with pytest.raises(InputError):
        worker.wait_prepared()


def _eventually(condition: Callable[[], bool]) -> bool:
    """Wait a while for the system to carry a signal out."""
    for _ in range(200):
        if condition():
            return True
        time.sleep(0.02)
    return False


def _states(group: int | None) -> list[str]:
    """Return the states of a group's processes, without the dead that nobody has waited for."""
    states = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, own = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(own) == group and state != "Z":
            states.append(state)
    return states
