"""POP: solve random parts of the cluster by themselves, and put their plans together."""

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np

from data import Plan
from solvers.contract import Problem, Solution, Solver
from solvers.cores import usable_cores
from solvers.deadline import Deadline
from solvers.incumbents import Incumbents
from solvers.params import param
from solvers.parts import Part, split
from solvers.registry import create_inner

RESERVE_S = 0.05
"""Seconds kept for putting the plans together."""


@dataclass(frozen=True)
class PopParams:
    """Parameters of POP."""

    parts: int = param(16, "parts that the PMs are dealt out to; 16 explains the published curve", low=1)
    inner: str = param("mip", "the solver of a part, with its own parameters after plus signs: mip+workers=1")
    published: bool = param(False, "PMs in their order and floor(MNL / parts) migrations a part, as published")


class Pop:
    """Partitioned optimisation problems (Narayanan et al., SOSP '21; a baseline of Ding et al., EuroSys '25).

    The open PMs are dealt out at random to parts, each with the VMs on it, and the MNL in proportion to the VMs that
    may move, by largest remainder. Any registered solver solves each part by itself; no VM leaves its part, so the
    plans hold together. With ``published`` nobody gets the remainder of MNL / parts: FR falls in stairs.

    Parts run on a thread a core, each with a fair share of the time left. That helps an inner solver which waits for a
    process of its own (``mip-paper``); ``mip`` needs no help, sixteen parts take it a fifth of a second. A part that
    is late is left out. All constraints and objectives hold; where there are rack groups whole racks are dealt out, so
    that there are at most as many parts as racks.

    Raises
    ------
    InputError
        When the inner solver cannot be made.
    """

    name = "pop"
    Params = PopParams

    def __init__(self, params: PopParams = PopParams()) -> None:
        self.params = params
        self._inners = [create_inner(params.inner) for _ in range(min(params.parts, usable_cores()))]
        self._idle: SimpleQueue[Solver] = SimpleQueue()
        for inner in self._inners:
            self._idle.put(inner)

    def prepare(self) -> None:
        """Prepare the inner solvers."""
        for inner in self._inners:
            inner.prepare()

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Return the plans of all parts that were solved in time, one after another."""
        best = Incumbents(problem, deadline)
        parts = split(problem, self.params.parts, None if self.params.published else np.random.default_rng(seed))
        plans = [Plan()] * len(parts)
        placement = problem.placement()
        executor = ThreadPoolExecutor(len(self._inners))
        futures = {
            executor.submit(self._solve_part, each, len(self._inners) / (len(parts) - index), deadline, seed): index
            for index, each in enumerate(parts)
        }
        try:
            for future in as_completed(futures, deadline.remaining_s()):
                index = futures[future]
                plans[index] = future.result()
                placement.apply_plan(plans[index])
                merged = tuple(migration for plan in plans for migration in plan)
                best.offer(Plan(merged), problem.score.slots(placement.free))
        except TimeoutError:
            pass
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
        return best.solution()

    def _solve_part(self, of: Part, share: float, deadline: Deadline, seed: int) -> Plan:
        """Solve a part within its share of the time that is left when its turn comes."""
        inner = self._idle.get()
        try:
            limit_s = min(1.0, share) * deadline.remaining_s(RESERVE_S)
            return of.whole(inner.solve(of.problem, Deadline(limit_s, deadline), seed).plan)
        finally:
            self._idle.put(inner)
