"""Running one thing in a process of its own, so that nothing is warm and no failure spreads."""

import multiprocessing
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeVar

from data import InputError

T = TypeVar("T")


@dataclass(frozen=True)
class Failure:
    """Why a process gave no answer."""

    reason: str


def run_alone(run: Callable[[], T], timeout_s: float) -> T | Failure:
    """Run in a fresh process; whatever goes wrong there becomes a reason."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(run, sender))
    process.start()
    sender.close()
    try:
        if not receiver.poll(timeout_s):
            return Failure(f"no answer in {timeout_s:g} s")
        answer: T | Failure = receiver.recv()
        return answer
    except EOFError:
        process.join(5)
        return Failure(f"the process died, exit code {process.exitcode}")
    finally:
        process.kill()
        process.join()


def _work(run: Callable[[], object], sender: Connection) -> None:
    try:
        sender.send(run())
    except InputError as error:
        sender.send(Failure(str(error)))
    except Exception as error:  # a solver that fails is a line of the table, not its end
        traceback.print_exc()
        sender.send(Failure(f"{type(error).__name__}: {error}"))
