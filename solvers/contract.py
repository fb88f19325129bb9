"""What a solver is given, what it returns, and how it is called."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from data import Cluster, InputError, Objective, Placement, Plan, Rules, Score
from solvers.deadline import Deadline


@dataclass(frozen=True)
class Problem:
    """A cluster, what to minimise on it, with how many migrations, and what they must respect.

    Raises
    ------
    InputError
        When the migration number limit is negative, or a PM to be emptied does not exist.
    """

    cluster: Cluster
    mnl: int
    objective: Objective = field(default_factory=Objective)
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        if self.mnl < 0:
            raise InputError(f"the migration number limit is {self.mnl}; give 0 or more.")
        if any(not 0 <= pm < self.cluster.pms for pm in self.rules.drain):
            raise InputError(f"{self.cluster.name}: a PM that is to be emptied does not exist.")

    @cached_property
    def score(self) -> Score:
        """The objective bound to the cluster."""
        return Score(self.cluster, self.objective)

    @cached_property
    def initial_fr(self) -> float:
        """FR of the snapshot."""
        return self.score.rate(self.cluster.free)

    @cached_property
    def evacuees(self) -> NDArray[np.bool_]:
        """[V], on a PM that is to be emptied."""
        return np.isin(self.cluster.pm, list(self.rules.drain))

    def staying(self, plan: Plan) -> int:
        """Count the VMs that a valid plan leaves on the PMs that are to be emptied, which nothing enters."""
        if not self.rules.drain:
            return 0
        return int(self.evacuees.sum()) - sum(bool(self.evacuees[vm]) for vm in {each.vm for each in plan})

    def placement(self) -> Placement:
        """Return a fresh placement of the snapshot under the problem's rules."""
        return Placement(self.cluster, self.rules)


class Incumbent(NamedTuple):
    """A plan that was the best so far: when, how long, how good."""

    seconds: float
    migrations: int
    fr: float


@dataclass(frozen=True)
class Solution:
    """A valid plan and what is known about it."""

    plan: Plan = field(default_factory=Plan)
    bound: float | None = None
    """Certified lower bound on the FR of any plan within the limit; None where nothing is proven."""
    status: Literal["optimal", "feasible"] = "feasible"
    """``optimal``: the plan meets the bound."""
    incumbents: tuple[Incumbent, ...] = ()


class Solver(Protocol):
    """A planner. Parameters are given when it is made; one object may solve many problems, one after another."""

    name: str

    def prepare(self) -> None:
        """Load weights, compile, warm up on a toy cluster: called once, outside the clock, without the problem."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Return the best valid plan found before the deadline; the empty plan at worst, never an exception."""
        ...
