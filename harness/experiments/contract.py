"""What an experiment is: it runs solvers, leaves tidy tables, draws them, and says what they show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import pandas as pd
from matplotlib.figure import Figure

from data import InputError
from harness.experiments.bench import Bench

Frames = Mapping[str, pd.DataFrame]
"""Tidy tables by name: one observation a row, one variable a column; written as ``NAME.csv``."""


class NotTestedError(InputError):
    """What an experiment needs is not there: says what, and how to make it."""


class Verdict(NamedTuple):
    """What our numbers say to a claim."""

    ours: str
    """Our figure, in the form in which the published one is written."""
    holds: bool | None
    """None: the numbers do not decide it."""


@dataclass(frozen=True)
class Claim:
    """Something that the paper says, and how our tables decide it."""

    says: str
    """The claim in one sentence, with what makes it hold here."""
    published: str
    """The published figure, with its source where that is not a figure of the paper."""
    test: Callable[[Frames], Verdict | None]
    """Called with the tables of the experiment; None where they lack what is needed, such as a solver."""


class Experiment(Protocol):
    """One figure with its numbers. `harness.experiments.conduct` calls the methods in the order given here."""

    title: str
    """What is shown, in a few words; stands above the figure."""
    caption: str
    """What to see in the figure, for a reader who sees nothing else."""
    minutes: tuple[float, float]
    """About how long it takes on two cores, with ``--quick`` and in full, when nothing is finished yet."""

    def run(self, bench: Bench) -> Frames:
        """Do what is not done yet and return the tables; what is finished must not be run again.

        Raises
        ------
        NotTestedError
            When something it reads is not there.
        """
        ...

    def draw(self, frames: Frames) -> Figure:
        """Draw the tables; `harness.plot.STYLE` is in force."""
        ...

    def findings(self, frames: Frames) -> list[str]:
        """Say in sentences what the numbers show, each figure computed from the tables."""
        ...

    def claims(self) -> list[Claim]:
        """List what the paper says about it; asked for also where the experiment could not be carried out."""
        ...
