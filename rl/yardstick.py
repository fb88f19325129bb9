"""Development problems with their certified optima, against which progress is shown."""

from dataclasses import dataclass

import numpy as np

from data.generators import generate
from rl.act import Choice
from rl.env import Env
from rl.model import Policy
from rl.rollout import trajectories
from solvers import Deadline, Problem, create

SORTS = (("medium", 50), ("medium", 100), ("scarce", 50), ("tight", 100))
"""Preset and limit of the development problems."""
CERTIFY_S = 5.0


@dataclass(frozen=True)
class Certified:
    """A problem with what is known about it, in slots gained."""

    sort: str
    problem: Problem
    optimum: float
    """The certified bound."""
    rule: float
    """What the two-step rule gains."""


def certify(sort: str, problem: Problem) -> Certified:
    """Prove how many slots can be gained, and let the two-step rule try."""
    bound = create("mip").solve(problem, Deadline(CERTIFY_S)).bound
    plan = create("two-step").solve(problem, Deadline(CERTIFY_S)).plan
    start = problem.score.slots(problem.cluster.free)
    rule = problem.score.slots(problem.placement().apply_plan(plan).free) - start
    return Certified(sort, problem, problem.score.slots_of(bound or 0.0) - start, rule)


@dataclass(frozen=True)
class Yardstick:
    """Some problems of each sort."""

    problems: list[Certified]

    @classmethod
    def make(cls, count: int) -> "Yardstick":
        """Certify ``count`` development clusters of each sort."""
        if count:
            create("mip").prepare()
        problems = [(f"{name}{mnl}", Problem(generate(name, "dev", index), mnl))
                    for name, mnl in SORTS for index in range(count)]  # fmt: skip
        return cls([certify(sort, problem) for sort, problem in problems])

    def measure(self, policy: Policy) -> dict[str, float]:
        """Return the mean slots gained by greedy decoding (K = 1) in each sort."""
        if not self.problems:
            return {}
        env = Env([each.problem for each in self.problems])
        found = trajectories(policy, env, [Choice(greedy=True, may_stop=False)] * len(env), np.random.default_rng(0))
        return self._means([each.slots for each in found])

    def describe(self, measured: dict[str, float]) -> str:
        """Set what was measured beside the certified optimum and the two-step rule."""
        optimum = self._means([each.optimum for each in self.problems])
        rule = self._means([each.rule for each in self.problems])
        return "dev slots: " + "   ".join(
            f"{sort} {value:.1f} of {optimum[sort]:.1f} (two-step {rule[sort]:.1f})" for sort, value in measured.items()
        )

    def _means(self, values: list[float]) -> dict[str, float]:
        sorts = dict.fromkeys(each.sort for each in self.problems)
        return {
            sort: float(np.mean([v for v, each in zip(values, self.problems, strict=True) if each.sort == sort]))
            for sort in sorts
        }
