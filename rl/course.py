"""A training course: the pool of clusters, and the next problem wherever one ends."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from data import Cluster
from rl.curriculum import Curriculum
from rl.env import Env
from rl.ppo import Renew


class Course(Renew):
    """Hands out problems of a curriculum; ``number`` clusters have been made so far."""

    def __init__(self, curriculum: Curriculum, seed: int, number: int | None = None) -> None:
        self.curriculum = curriculum
        self.rng = np.random.default_rng([seed, 1])
        self.number = curriculum.pool if number is None else number
        numbers = range(self.number - curriculum.pool, self.number)
        self.pool: list[Cluster] = [
            curriculum.cluster(each) for each in sorted(numbers, key=lambda each: each % curriculum.pool)
        ]
        self.gained: NDArray[np.float64] = np.zeros(0)
        self.finished: deque[float] = deque(maxlen=256)

    def start(self, places: int) -> Env:
        """Fill an environment with problems."""
        self.gained = np.zeros(places)
        return Env([self.curriculum.draw(self.pool, self.rng) for _ in range(places)])

    def refresh(self) -> None:
        """Make one more cluster in place of the oldest."""
        self.pool[self.number % len(self.pool)] = self.curriculum.cluster(self.number)
        self.number += 1

    def __call__(self, env: Env, gains: NDArray[np.float64], done: NDArray[np.bool_]) -> None:
        """Note the slots gained by a step, and replace the problems that are done."""
        self.gained += gains
        for place in np.flatnonzero(done).tolist():
            self.finished.append(float(self.gained[place]))
            self.gained[place] = 0.0
            env.reset(place, self.curriculum.draw(self.pool, self.rng))
