"""Development problems with their certified optima, against which progress is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from data import InputError
from data.generators import PRESETS, generate
from rl.act import Choice
from rl.model import Policy
from rl.rollout import trajectories
from solvers import Deadline, Problem, create

SORTS = ("medium-50", "medium-100", "scarce-50", "tight-100")
"""Preset and limit of the development problems."""
CERTIFY_S = 5.0


@dataclass(frozen=True)
class Certified:
    """A problem with what is known about it."""

    sort: str
    problem: Problem
    optimum: float
    """The certified bound, slots gained."""
    rule: float
    """What the two-step rule gains, slots."""

    def fr(self, slots: float) -> float:
        """Return FR once so many slots are gained."""
        return self.problem.initial_fr - slots * self.problem.score.quantum


@dataclass(frozen=True)
class Measured:
    """A policy on the problems of one sort, on average."""

    sort: str
    slots: float
    """Gained."""
    fr: float
    gap: float
    """Share by which FR exceeds the certified bound."""


def certify(sort: str, problem: Problem) -> Certified:
    """Prove how many slots can be gained, and let the two-step rule try."""
    bound = create("mip").solve(problem, Deadline(CERTIFY_S)).bound
    plan = create("two-step").solve(problem, Deadline(CERTIFY_S)).plan
    start = problem.score.slots(problem.cluster.free)
    rule = problem.score.slots(problem.placement().apply_plan(plan).free) - start
    return Certified(sort, problem, problem.score.slots_of(bound or 0.0) - start, rule)


def _problem(sort: str, index: int) -> Problem:
    preset, _, limit = sort.rpartition("-")
    if preset not in PRESETS or not limit.isdecimal():
        raise InputError(f"{sort!r} names no development clusters; write a preset and a limit, such as medium-50.")
    return Problem(generate(preset, "dev", index), int(limit))


@dataclass(frozen=True)
class Yardstick:
    """Some problems of each sort."""

    problems: list[Certified]

    @classmethod
    def make(cls, count: int, sorts: Sequence[str] = SORTS) -> "Yardstick":
        """Certify ``count`` development clusters of each sort.

        Raises
        ------
        InputError
            When a sort is no preset and limit.
        """
        if count:
            create("mip").prepare()
        return cls([certify(sort, _problem(sort, index)) for sort in sorts for index in range(count)])

    def measure(self, policy: Policy) -> list[Measured]:
        """Let the policy decode greedily (K = 1)."""
        if not self.problems:
            return []
        env = policy.environment([each.problem for each in self.problems])
        found = trajectories(policy, env, [Choice(greedy=True, may_stop=False)] * len(env), np.random.default_rng(0))
        slots = {id(each): found.slots for each, found in zip(self.problems, found, strict=True)}
        return [
            Measured(
                sort,
                self._mean(sort, lambda each: slots[id(each)]),
                self._mean(sort, lambda each: each.fr(slots[id(each)])),
                self._mean(sort, lambda each: each.fr(slots[id(each)]) / each.fr(each.optimum) - 1),
            )
            for sort in dict.fromkeys(each.sort for each in self.problems)
        ]

    def describe(self, measured: list[Measured]) -> str:
        """Set what was measured beside the certified optimum and the two-step rule."""
        return "dev slots: " + "   ".join(
            f"{each.sort} {each.slots:.1f} of {self._mean(each.sort, lambda known: known.optimum):.1f} "
            f"(two-step {self._mean(each.sort, lambda known: known.rule):.1f})"
            for each in measured
        )

    def _mean(self, sort: str, figure: Callable[[Certified], float]) -> float:
        return float(np.mean([figure(each) for each in self.problems if each.sort == sort]))
