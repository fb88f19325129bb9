"""NeuPlan: a learned policy makes the first migrations, an exact solver the last ones."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from data import Placement, Plan
from rl.act import Choice
from rl.arrays import narrow, pack
from rl.model import Policy
from rl.rollout import Trajectory, trajectories
from rl.solver import LARGEST_PMS, Pace
from rl.store import find, load
from solvers import Deadline, Problem, Solution
from solvers.incumbents import Incumbents
from solvers.params import param
from solvers.registry import create_inner
from solvers.toys import crowd

POLICY_SHARE = 0.5
"""Share of the time that the policy may take; on clusters like Medium it needs a tenth of a second."""
RESERVE_S = 0.05
"""Seconds kept for putting the plans together."""


@dataclass(frozen=True)
class NeuPlanParams:
    """Parameters of neuplan."""

    relax: int = param(30, "relax factor: the most migrations that are left to the inner solver", low=0)
    inner: str = param("mip", "the solver of the rest, its parameters after plus signs; as published: mip-paper")
    weights: str = param("vmr2l", "as of vmr2l: the policy of the first migrations")


class NeuPlan:
    """Learned first migrations and a programme for the rest (NeuroPlan, Zhu et al., SIGCOMM '21).

    As the baseline of Ding et al., EuroSys '25, is described: the policy's migrations prune what the programme has to
    search, and the relax factor bounds what is left to it. Here the policy of ``vmr2l`` makes, greedily and moving no
    VM twice, the first MNL - relax migrations (none where the MNL is smaller), and the inner solver plans at most
    ``relax`` more on the cluster as it then is. A policy that runs out of its share of the time leaves the rest of its
    migrations undone. The answer is the best of this plan and the beginnings of the policy's part. All constraints and
    objectives hold; a bound is proven only where the inner solver has the whole problem.

    Raises
    ------
    InputError
        When the inner solver cannot be made.
    """

    name = "neuplan"
    Params = NeuPlanParams

    def __init__(self, params: NeuPlanParams = NeuPlanParams()) -> None:
        self.params = params
        self._inner = create_inner(params.inner)
        self._policy: Policy | None = None

    def prepare(self) -> None:
        """Load the weights, compile the environment, and prepare the inner solver."""
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        self._inner.prepare()
        self._policy = load(find(self.params.weights))
        _greedy(self._policy, Problem(crowd(10), 2), 0, Deadline(60.0), seed=0)

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Return the best beginning of the policy's migrations and the inner solver's after them."""
        relax = self.params.relax
        if problem.mnl <= relax:
            return self._inner.solve(problem, deadline, seed)
        best = Incumbents(problem, deadline)
        if not problem.cluster.may_leave.any() or not problem.score.terms or deadline.expired():
            return best.solution()
        if self._policy is None:
            self._policy = load(find(self.params.weights))
        begun = _greedy(self._policy, problem, relax, deadline.part(POLICY_SHARE), seed)
        best.offer(begun.plan, best.slots + begun.slots)
        placement = problem.placement().apply_plan(begun.moves)
        rest = _rest(problem, placement, relax)
        plan = self._inner.solve(rest, Deadline(deadline.remaining_s(RESERVE_S), deadline), seed).plan
        slots = problem.score.slots(placement.apply_plan(plan).free)
        best.offer(Plan((*begun.moves, *plan)), slots)
        return best.solution()


def _greedy(policy: Policy, problem: Problem, relax: int, deadline: Deadline, seed: int) -> Trajectory:
    """Make the migrations that the policy finds most probable, until ``relax`` are left or the time is up."""
    rng, pace = np.random.default_rng(seed), Pace(deadline)
    env = policy.environment.of(narrow(pack(problem), LARGEST_PMS, rng))
    choice = Choice(greedy=True, may_stop=False)
    (found,) = trajectories(policy, env, [choice], rng, lambda: env.steps_left[0] <= relax or pace.over())
    return found


def _rest(problem: Problem, placement: Placement, mnl: int) -> Problem:
    """Return the problem of a few more migrations, from where a placement stands."""
    rules = problem.rules
    if rules.max_cost is not None:
        rules = replace(rules, max_cost=rules.max_cost - placement.spent)
    cluster = replace(problem.cluster, pm=placement.pm, node=placement.node)
    return replace(problem, cluster=cluster, mnl=mnl, rules=rules)
