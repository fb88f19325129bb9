"""Solvers that behave, and solvers that misbehave in every way the harness must survive; for the ``tiny`` cluster."""

# ruff: noqa: ARG002 - a stub need not look at what it is given

import os
import subprocess
import sys
import time
from dataclasses import dataclass

from data import Plan
from solvers import Deadline, Incumbent, Problem, Solution
from solvers.params import NoParams, param

BEST = Plan.of([(0, 1, 1), (2, 1, 0)])
"""The optimum of ``tiny``: FR 2/3, 1/3, 0."""
ILLEGAL = Plan.of([(1, 1, 1)])
"""Moves a pinned VM."""


class Stub:
    """What all stubs share."""

    Params: type = NoParams
    name = "stub"

    def __init__(self, params: object) -> None:
        self.params = params

    def prepare(self) -> None:
        """Have nothing to do."""


@dataclass(frozen=True)
class GoodParams:
    """Parameters of ``Good``."""

    moves: int = param(2, "migrations of the best plan to make", low=0, high=2)
    nap_s: float = param(0.0, "seconds to sleep before answering", low=0.0)


class Good(Stub):
    """Finds the optimum and proves it; its last incumbent claims more than its plan."""

    Params = GoodParams

    def __init__(self, params: GoodParams) -> None:
        super().__init__(params)
        self.params: GoodParams = params

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Return the first migrations of the best plan that the limit allows."""
        end_s = deadline.elapsed_s() + self.params.nap_s
        while deadline.elapsed_s() < end_s and not deadline.expired():
            time.sleep(0.01)
        plan = BEST.prefix(min(problem.mnl, self.params.moves))
        bound = 0.0 if problem.mnl >= 2 else None
        dreams = (Incumbent(0.001, 1, 1 / 3), Incumbent(0.002, 9, -1.0), Incumbent(99.0, 2, 0.0))
        return Solution(plan, bound, incumbents=dreams)


class Sleeper(Stub):
    """Ignores its deadline, asleep, and leaves a child that does so too."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Sleep for a minute."""
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(f"child {child.pid}")
        time.sleep(60)
        return Solution()


class Spinner(Stub):
    """Ignores its deadline, busy."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Never return."""
        while True:
            pass


class Straggler(Stub):
    """Has the optimum, a moment too late."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Answer just after the limit."""
        time.sleep(deadline.remaining_s() + 0.02)
        return Solution(BEST)


class Raiser(Stub):
    """Raises."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Raise."""
        raise ZeroDivisionError("on purpose")


class Exiter(Stub):
    """Ends its own process."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Exit, with a last word."""
        print("goodbye", file=sys.stderr, flush=True)
        os._exit(3)


class Cheater(Stub):
    """Moves a VM that is pinned."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Return an illegal plan."""
        return Solution(ILLEGAL)


class Boaster(Stub):
    """Claims a bound that is not one, with the empty plan."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Claim that nothing can be done."""
        return Solution(bound=problem.initial_fr)


class Writer(Stub):
    """Writes to the snapshot."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Make all VMs vanish."""
        problem.cluster.demand[:] = 0
        return Solution(BEST)


class Stranger(Stub):
    """Returns something that is no solution."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Return a list."""
        return [(0, 1, 1)]  # type: ignore[return-value]


class Unready(Stub):
    """Cannot be prepared."""

    def prepare(self) -> None:
        """Raise."""
        raise FileNotFoundError("no weights")


class Reporter(Stub):
    """Fails with a report of its surroundings."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Raise the report."""
        threads = os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]
        raise RuntimeError(f"cores={sorted(os.sched_getaffinity(0))} threads={threads} seed={seed}")


STUBS = {
    f"stub-{cls.__name__.lower()}": f"tests.harness.stubs:{cls.__name__}"
    for cls in (
        Good,
        Sleeper,
        Spinner,
        Straggler,
        Raiser,
        Exiter,
        Cheater,
        Boaster,
        Writer,
        Stranger,
        Unready,
        Reporter,
    )
}
