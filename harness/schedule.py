"""Carrying out runs: one lane of pinned cores a job, in each lane one worker a solver and one run at a time."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from harness.process import Answer, Worker
from harness.records import Run
from solvers import Problem, SolverSpec

REFRESH_S = 0.5
"""Seldom, since drawing the table takes time from the solvers."""


class Schedule:
    """The workers of a comparison; a context that leaves no process behind.

    Parameters
    ----------
    specs
        The solvers by label.
    lanes
        Disjoint sets of cores; each carries one run at a time.
    """

    def __init__(self, specs: dict[str, SolverSpec], lanes: Sequence[Sequence[int]]) -> None:
        self._lanes = [{label: Worker(spec, cores) for label, spec in specs.items()} for cores in lanes]
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for worker in self._workers():
            worker.close()

    def prepare(self) -> dict[str, dict[str, str]]:
        """Start every worker and wait until all are ready; return the parameters of each solver.

        Raises
        ------
        InputError
            When a solver cannot be made as it was written.
        """
        for worker in self._workers():
            worker.start()
        for worker in self._workers():
            worker.wait_prepared()
        return {label: worker.parameters for label, worker in self._lanes[0].items()}

    def carry_out(
        self,
        runs: Sequence[Run],
        problem_of: Callable[[Run], Problem],
        time_limit_s: float,
        record: Callable[[Run, Answer], None],
        refresh: Callable[[], None],
    ) -> None:
        """Carry out all runs; ``record`` is called for one at a time, ``refresh`` now and then.

        A lane records its run before it begins the next, so that one lane alone is strictly serial. When this is
        interrupted, what has not been recorded has not been.
        """
        waiting, lock = iter(runs), threading.Lock()

        def work(lane: dict[str, Worker]) -> None:
            for run in self._take(waiting, lock):
                answer = lane[run.solver].solve(problem_of(run), time_limit_s, run.seed)
                with lock:
                    if not self._stop.is_set():
                        record(run, answer)

        with ThreadPoolExecutor(len(self._lanes)) as pool:
            futures = [pool.submit(work, lane) for lane in self._lanes]
            try:
                while wait(futures, REFRESH_S).not_done:
                    refresh()
                    _raise_first([future for future in futures if future.done()])
                _raise_first(futures)
            finally:
                self._stop.set()
                while wait(futures, 0.05).not_done:
                    for worker in self._workers():
                        worker.kill()

    def _take(self, waiting: Iterator[Run], lock: threading.Lock) -> Iterator[Run]:
        while not self._stop.is_set():
            with lock:
                run = next(waiting, None)
            if run is None:
                return
            yield run

    def _workers(self) -> list[Worker]:
        return [worker for lane in self._lanes for worker in lane.values()]


def _raise_first(futures: Sequence[Future[None]]) -> None:
    for future in futures:
        future.result()
