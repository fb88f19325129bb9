"""The solving process: ``python -m solvers.mip_paper.child TASK ANSWER``.

PuLP's HiGHS backend imports highspy, which cannot share a process with ortools, and CBC is a process of its own that
PuLP waits for. Both live and die with this one. Its standard input is a lifeline: when the other end closes, because
the solver gave up or was itself killed, the whole process group ends.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import msgspec
import pulp

from solvers.mip_paper.model import Model
from solvers.mip_paper.task import Answer, Task

TOLERANCE = 1e-6
"""Backends compute in floating point: a bound in slots is loosened by this much, relative and absolute."""


def main() -> None:
    """Read the task, solve it, and leave the answer beside; the file appears only when it is whole."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    task = msgspec.json.decode(source.read_bytes(), type=Task)
    model = Model(task)
    answer = _with_highs(task, model) if task.backend == "highs" else _with_cbc(task, model, target.with_suffix(".log"))
    part = target.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(answer))
    part.replace(target)


def _die_with_parent() -> None:
    os.read(0, 1)  # returns at the end of the file: nothing is ever sent
    os.killpg(0, signal.SIGKILL)


def _seconds_left(task: Task) -> float:
    return max(0.01, task.end_s - time.time())


def _with_cbc(task: Task, model: Model, log: Path) -> Answer:
    """Solve with CBC.

    Its bound is taken only where it proved the optimum, by its own log: PuLP's status says Optimal of time-outs too.
    """
    limit_s = _seconds_left(task)
    backend = pulp.PULP_CBC_CMD(
        msg=False, timeLimit=limit_s, gapRel=task.gap, gapAbs=0, threads=task.threads, logPath=str(log)
    )
    model.lp.solve(backend)
    found = model.lp.sol_status in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible)
    text = log.read_text(errors="replace")
    proven = model.lp.sol_status == pulp.LpSolutionOptimal and task.gap == 0 and "Stopped" not in text
    slots = pulp.value(model.lp.objective) or 0.0  # None where no slot fits anywhere
    return Answer(model.places() if found else None, loosen(slots) if proven else None)


def _with_highs(task: Task, model: Model) -> Answer:
    """Solve with HiGHS, which reports the bound it has proven at any time."""
    backend = pulp.HiGHS(msg=False, timeLimit=_seconds_left(task), gapRel=task.gap, gapAbs=0, threads=task.threads)
    try:
        model.lp.solve(backend)
        places = model.places()
    except IndexError:  # PuLP reads the values of a solution that was not found
        places = None
    bound = -model.lp.solverModel.getInfo().mip_dual_bound  # PuLP hands HiGHS the negated objective
    return Answer(places, loosen(bound) if abs(bound) < 1e15 else None)


def loosen(bound: float) -> float:
    """Raise an upper bound by the tolerance."""
    return bound + TOLERANCE * max(1.0, abs(bound))


if __name__ == "__main__":
    main()
