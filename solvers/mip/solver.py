"""Mip: the certified optimum, by columns of node states where they apply, by the direct model for the rest."""

from dataclasses import dataclass, replace

import numpy as np

from solvers.contract import Problem, Solution
from solvers.cores import usable_cores
from solvers.deadline import Deadline
from solvers.evacuation import evacuate
from solvers.goal import fewest
from solvers.incumbents import Incumbents
from solvers.mip.columns import ColumnSearch
from solvers.mip.direct import Target, TooLargeError, solve_direct
from solvers.mip.pricing import TooManyPatternsError
from solvers.mip.programme import Engine
from solvers.mip.worth import expresses
from solvers.moves import MoveTable
from solvers.order import order
from solvers.params import param
from solvers.swap import SwapParams
from solvers.swap import search as search_chains
from solvers.toys import crowd
from solvers.two_step import run_two_step

COLUMNS_SHARE, CHAINS_SHARE = 0.85, 0.5
"""Shares of the time that is left, for each attempt that does not close the gap."""


@dataclass(frozen=True)
class MipParams:
    """Parameters of mip."""

    engine: Engine = param("highs", "what solves the restricted integer programmes; chosen by measurement")
    workers: int = param(0, "threads of CP-SAT and SCIP; 0: as many as the process may use", low=0)
    fewest: bool = param(False, "of proven plans look for one with the fewest migrations, while time lasts")


class Mip:
    """Exact optimisation with a certificate.

    Column generation over node states (``docs/exact.md``) gives the bound and, almost always, a plan that meets it;
    a model of counts per VM type and node in CP-SAT takes over for mixes that `worth.expresses` refuses and where
    the columns leave a gap. All constraints and objectives hold, the bound always: it leaves out the order of
    migrations and, in the column formulation, anti-affinity, so it may be better than what can be reached, never worse.
    Where PMs are to be emptied (``Rules.drain``) that comes first, and the bound is for plans that do; a plan that
    leaves a VM there has none.
    """

    name = "mip"
    Params = MipParams

    def __init__(self, params: MipParams = MipParams()) -> None:
        self.params = params

    def prepare(self) -> None:
        """Compile the pricing kernels, or load them from disk, and start the engines on a toy."""
        self.solve(Problem(crowd(10), mnl=5), Deadline(60.0))

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Return the best plan found, with the bound."""
        best = Incumbents(problem, deadline)
        if problem.mnl == 0 or not problem.cluster.may_leave.any() or not problem.score.terms:
            return best.solution(best.slots)
        bound = np.inf
        self._rescue(problem, best, deadline)
        for attempt, share in (
            (self._by_columns, COLUMNS_SHARE),
            (self._by_chains, CHAINS_SHARE),
            (self._by_counts, 1.0),
        ):
            if not best.meets(bound) and not deadline.expired(0.1):
                bound = min(bound, attempt(problem, best, deadline.part(share), seed, bound))
                self._rescue(problem, best, deadline)
        if self.params.fewest and best.plan.migrations and best.meets(bound):
            shorter = replace(problem, mnl=len(best.plan) - 1)
            plain = Mip(replace(self.params, fewest=False))
            result = fewest(shorter, problem.score.rate_of(best.slots), plain, deadline, seed)
            if result.reached:
                best.offer(result.plan, best.slots)
        return best.solution(None if bound == np.inf else bound)

    def _rescue(self, problem: Problem, best: Incumbents, deadline: Deadline) -> None:
        """Get VMs that the best plan leaves on PMs that are to be emptied off them, wherever they can go."""
        if best.staying and not deadline.expired(0.1):
            plan = evacuate(problem, best.plan, deadline)
            best.offer(plan, problem.score.slots(problem.placement().apply_plan(plan).free))

    @property
    def _threads(self) -> int:
        return self.params.workers or usable_cores()

    def _by_columns(self, problem: Problem, best: Incumbents, deadline: Deadline, seed: int, bound: float) -> float:
        """Search by columns; return the bound, infinite where nothing is proven."""
        if not expresses(problem.score):
            return bound
        try:
            search = ColumnSearch(problem, best, deadline, self.params.engine, self._threads, seed)
        except TooManyPatternsError:
            return bound
        search.run()
        return search.bound

    def _by_chains(self, problem: Problem, best: Incumbents, deadline: Deadline, seed: int, bound: float) -> float:
        """Improve by chains of legal migrations, which need no ordering."""
        if problem.rules.drain:  # fresh starts would leave VMs on the PMs that are to be emptied
            table = MoveTable(problem, problem.placement().apply_plan(best.plan))
            run_two_step(table, problem.mnl, deadline, best, best.plan.migrations)
            return bound
        search_chains(problem, best, deadline, SwapParams(), seed, enough=bound)
        return bound

    def _by_counts(self, problem: Problem, best: Incumbents, deadline: Deadline, seed: int, bound: float) -> float:
        """Solve the direct model from the best plan; return its bound, the old one where it is too large."""

        def offer(target: Target) -> None:
            plan = order(problem, *target, deadline)
            best.offer(plan, problem.score.slots(problem.placement().apply_plan(plan).free))

        hint = problem.placement().apply_plan(best.plan)
        try:
            return solve_direct(problem, deadline, offer, hint, threads=self._threads, seed=seed).bound_slots
        except TooLargeError:
            return bound
