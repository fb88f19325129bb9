"""The child process that holds one solver and answers one problem after another.

Started by `harness.process.Worker` as ``python -m harness.worker FD CORE...`` with the thread counts in its
environment. Nothing that starts threads is imported before the process is pinned to its cores.
"""

import gc
import os
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvers import Deadline, Problem, Solution, Solver

current: list["Deadline"] = []
"""The deadline of the run in progress, which the parent may cancel."""


def main() -> None:
    """Serve the parent on the connection it has passed, until it closes that or goes away."""
    descriptor, *cores = map(int, sys.argv[1:])
    os.set_inheritable(descriptor, False)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    threading.Thread(target=_listen, daemon=True).start()
    _serve(Connection(descriptor))


def _listen() -> None:
    """Cancel the run in progress for every byte on stdin; end with all children when the parent is gone."""
    while os.read(0, 1):
        for deadline in current:
            deadline.cancel()
    os.killpg(0, signal.SIGKILL)


def _serve(connection: Connection) -> None:
    solver = _prepare(connection)
    while True:
        problem, time_limit_s, seed = connection.recv()  # unpickled before the clock starts
        gc.collect()  # what the last run left is not swept up on this one's time
        connection.send(("started",))
        connection.send(_answer(solver, problem, time_limit_s, seed))


def _prepare(connection: Connection) -> "Solver":
    """Make the solver and warm it up; tell the parent all its parameters, or why there is no solver."""
    name, target, values = connection.recv()
    try:
        from data import InputError
        from solvers import SOLVERS, SolverSpec, create
        from solvers.registry import parameters

        if target:
            SOLVERS[name] = target  # it may have been registered by the parent alone
        spec = SolverSpec(name, values)
        try:
            solver = create(spec)
        except InputError as error:
            connection.send(("refused", str(error)))
            sys.exit(0)
        solver.prepare()
        connection.send(("prepared", parameters(spec)))
    except Exception as error:
        traceback.print_exc()
        connection.send(("failed", f"prepare: {_sentence(error)}"))
        sys.exit(1)
    return solver


def _answer(solver: "Solver", problem: "Problem", time_limit_s: float, seed: int) -> tuple[Any, ...]:
    from solvers import Deadline

    clock = Deadline(time_limit_s)  # ours; the solver holds another one
    current[:] = [Deadline(time_limit_s)]
    try:
        solution = _plain(solver.solve(problem, current[0], seed))  # whatever is lazy is done on the clock
    except BaseException as error:  # a solver may raise SystemExit too
        solve_s = clock.elapsed_s()
        traceback.print_exc()
        return "failed", solve_s, _sentence(error)
    return "answered", clock.elapsed_s(), solution


def _plain(solution: Any) -> "Solution":
    """Rebuild the answer from plain numbers, so that no object of the solver's reaches the parent."""
    from data import Plan
    from solvers import Incumbent, Solution

    if not isinstance(solution, Solution):
        raise TypeError(f"solve returned {type(solution).__name__}, not a Solution")
    return Solution(
        Plan.of(solution.plan),
        None if solution.bound is None else float(solution.bound),
        solution.status,
        tuple(Incumbent(float(seconds), int(length), float(fr)) for seconds, length, fr in solution.incumbents),
    )


def _sentence(error: BaseException) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" ({Path(where[0].filename).name}:{where[0].lineno})" if where else ""
    return f"{type(error).__name__}: {error}{place}"


if __name__ == "__main__":
    try:
        main()
    except (EOFError, BrokenPipeError):
        sys.exit(0)
