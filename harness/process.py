"""The parent's side of a worker: start it, ask it, and end it when it does not answer."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import IO, Any, Literal

from data import InputError
from solvers import SOLVERS, Problem, Solution, SolverSpec

GRACE_S = 1.0
"""A worker that is silent for so long after the time limit is killed."""
PREPARE_LIMIT_S = 300.0
"""Time to load weights, compile and warm up; outside the clock."""
LOAD_LIMIT_S = 60.0
"""Time to take a problem in; outside the clock."""

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


@dataclass(frozen=True)
class Answer:
    """What came back from one run.

    ``late``: after the time limit, or never. ``failed``: an exception or a dead process; ``message`` says why.
    """

    status: Literal["answered", "late", "failed"]
    solve_s: float
    solution: Solution | None = None
    """None where nothing came."""
    message: str = ""


class Worker:
    """One solver in a child process of its own, with its own process group, pinned to its cores.

    Between runs the whole group is stopped, so that threads that a solver left behind take nothing from the next one.

    Parameters
    ----------
    spec
        The solver and its parameters.
    cores
        The cores it may use; it gets as many threads.
    """

    def __init__(self, spec: SolverSpec, cores: Sequence[int]) -> None:
        self.spec = spec
        self.cores = tuple(cores)
        self.parameters: dict[str, str] = {}
        """All parameters with their values, known once it is prepared."""
        self.broken = ""
        """Why the solver cannot be prepared; every run of it fails with this."""
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any]
        self._log: IO[bytes]

    @property
    def pid(self) -> int | None:
        """The process, and the group of all that it starts; None where it does not run."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process and let it prepare; `wait_prepared` must follow."""
        self._connection, theirs = Pipe()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "harness.worker", str(theirs.fileno()), *map(str, self.cores)],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                env=environment(len(self.cores)),
                pass_fds=[theirs.fileno()],
                process_group=0,
            )
        self._connection.send((self.spec.name, SOLVERS.get(self.spec.name), self.spec.values))

    def wait_prepared(self) -> None:
        """Wait until the solver is ready.

        Raises
        ------
        InputError
            When there is no such solver, a parameter is wrong, or a package is missing.
        """
        try:
            kind, content = self._receive(PREPARE_LIMIT_S)
        except TimeoutError:
            kind, content = "failed", f"prepare: not done after {PREPARE_LIMIT_S:g} s"
        except (EOFError, OSError):
            kind, content = "failed", f"prepare: {self._death()}"
        if kind == "prepared":
            self.parameters = content
            self._signal(signal.SIGSTOP)
            return
        self.close()
        if kind == "refused":
            raise InputError(content)
        self.broken = content

    def solve(self, problem: Problem, time_limit_s: float, seed: int) -> Answer:
        """Ask for a plan and wait for it at most ``time_limit_s + GRACE_S``."""
        if self._process is None and not self.broken:
            self.start()
            self.wait_prepared()
        if self.broken:
            return Answer("failed", 0.0, message=self.broken)
        start_s = time.perf_counter()
        try:
            self._signal(signal.SIGCONT)
            self._connection.send((problem, time_limit_s, seed))
            self._receive(LOAD_LIMIT_S)
            start_s = time.perf_counter()
            kind, solve_s, content = self._receive(time_limit_s + GRACE_S)
        except TimeoutError:
            waited_s = time.perf_counter() - start_s
            self.close()
            return Answer("late", waited_s, message=f"no answer after {waited_s:.2f} s; the process was ended")
        except (EOFError, OSError):
            waited_s = time.perf_counter() - start_s
            message = self._death()
            self.close()
            return Answer("failed", waited_s, message=message)
        if kind == "failed":
            self.close()  # its state is not to be trusted
            return Answer("failed", solve_s, message=content)
        self._signal(signal.SIGSTOP)
        if solve_s > time_limit_s:
            return Answer("late", solve_s, content, f"answered after {solve_s:.3f} s of {time_limit_s:g} s")
        return Answer("answered", solve_s, content)

    def cancel(self) -> None:
        """End the deadline of the run in progress; callable from another thread or a signal handler."""
        if self._process and self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.write(b"c")
                self._process.stdin.flush()

    def kill(self) -> None:
        """End the process and all that it started; callable while another thread waits in `solve`."""
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """End the process if it runs; the next `solve` starts a fresh one."""
        if self._process is None:
            return
        self.kill()
        self._process.wait()
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._process = None
        self._connection.close()
        self._log.close()

    def _receive(self, limit_s: float) -> Any:
        if not self._connection.poll(limit_s):
            raise TimeoutError
        return self._connection.recv()

    def _signal(self, number: int) -> None:
        process = self._process  # once: another thread may end it meanwhile
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    def _death(self) -> str:
        """Say how the process ended, with the last line that it wrote."""
        assert self._process is not None
        try:
            code = self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            return "the process closed its connection"
        self._log.seek(0)
        lines = self._log.read()[-4000:].decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        if code < 0:
            how = f"the process was ended by {signal.Signals(-code).name}"
            how += " (out of memory?)" if code == -signal.SIGKILL else ""
        else:
            how = f"the process exited with code {code}"
        return f"{how}: {last}" if last else how


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a worker: every thread pool has ``threads``, imports go where ours go."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), "PYTHONPATH": path}
