"""A training course: the pool of clusters, the next problem wherever one ends, and the rewards."""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data import Cluster
from rl.act import Decision
from rl.arrays import left
from rl.curriculum import Curriculum
from rl.env import Env, Ints
from rl.observation import Observation, Section
from rl.potential import Potential
from rl.ppo import Renew
from rl.teacher import judge_goals, judge_vms, possible
from solvers import Problem
from solvers.mip.pricing import Prices

STALE = 1, 16
"""Prices are found again after so many migrations: at least, at most, and else half of those left."""
LAST = 6
"""So many migrations are left when a best plan for the rest is found, too, again after each."""


class Course(Renew):
    """Hands out problems of a curriculum, and rewards slots less what each step costs of those still possible.

    Attributes
    ----------
    number : int
        Clusters made so far.
    problems, potentials : list
        What each place was given, and the bound on what can still be gained there; where little is left, with a best
        plan.
    finished : deque of (float, float)
        Slots gained in the last episodes, and the certified bounds on them.
    """

    def __init__(self, curriculum: Curriculum, seed: tuple[int, int], *, shaped: bool) -> None:
        self.curriculum = curriculum
        self.shaped = shaped
        self.rng = np.random.default_rng([*seed, 1])
        self.number = 0
        self.pool: list[Cluster] = []
        self._fill(curriculum.pool)
        self.problems: list[Problem] = []
        self.potentials: list[Potential] = []
        self.gained: NDArray[np.float64] = np.zeros(0)
        self.possible: NDArray[np.float64] = np.zeros(0)
        self.finished: deque[tuple[float, float]] = deque(maxlen=256)

    def start(self, places: int, environment: type[Env] = Env) -> Env:
        """Fill an environment with problems."""
        self.gained, self.possible = np.zeros(places), np.zeros(places)
        self.problems = [self._draw() for _ in range(places)]
        env = environment(self.problems)
        self.potentials = [self._judge(env, place, problem) for place, problem in enumerate(self.problems)]
        self.possible[:] = [potential.value for potential in self.potentials]
        return env

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs, for a checkpoint."""
        kept = ("rng", "number", "gained", "possible", "problems", "potentials", "finished")
        return {name: getattr(self, name) for name in kept}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where another course stopped; its clusters are made again."""
        for name, value in state.items():
            setattr(self, name, value)
        self._fill(self.number)

    def _fill(self, number: int) -> None:
        """Hold the last clusters of the first ``number``."""
        size = self.curriculum.pool
        numbers = sorted(range(number - size, number), key=lambda each: each % size)
        self.number, self.pool = number, [self.curriculum.cluster(each) for each in numbers]

    def refresh(self) -> None:
        """Make one more cluster in place of the oldest."""
        self.pool[self.number % len(self.pool)] = self.curriculum.cluster(self.number)
        self.number += 1

    def __call__(self, env: Env, vms: Ints, gains: NDArray[np.float64], done: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Reward a step, and replace the problems that are done."""
        self.gained += gains
        rewards = [
            potential.reward(env.arrays, int(vms[place]), float(gains[place]), done=bool(done[place]))
            for place, potential in enumerate(self.potentials)
        ]
        for place in np.flatnonzero(~done & self._stale(env)).tolist() if self.shaped else ():
            before, rest = self.potentials[place], left(self.problems[place], env.arrays, place)
            self.potentials[place] = self._judge(env, place, rest, before.prices)
            rewards[place] += self.potentials[place].value - before.value
        for place in np.flatnonzero(done).tolist():
            self.finished.append((float(self.gained[place]), float(self.possible[place])))
            self.problems[place] = self._draw()
            env.reset(place, self.problems[place])
            self.potentials[place] = self._judge(env, place, self.problems[place])
            self.gained[place], self.possible[place] = 0.0, self.potentials[place].value
        return np.array(rewards) if self.shaped else gains

    def _judge(self, env: Env, place: int, problem: Problem, near: Prices | None = None) -> Potential:
        return Potential(problem, env.arrays, place, near, finish=self.shaped and problem.mnl <= LAST)

    def _stale(self, env: Env) -> NDArray[np.bool_]:
        """Tell whose prices are due to be found again: by the end the places that they promised are used up."""
        steps, priced = env.steps_left, np.array([potential.steps for potential in self.potentials])
        return np.asarray(priced - steps >= np.where(steps <= LAST, 1, np.clip(steps // 2, *STALE)))

    def teach(self, env: Env, seen: Observation, made: Decision) -> tuple[Section, Section]:
        """Judge the options of a step that is about to be made."""
        known = self.potentials, possible(self.potentials, env), env, seen
        return judge_vms(*known), judge_goals(*known, made)

    def _draw(self) -> Problem:
        return self.curriculum.draw(self.pool, self.rng)
