"""Learning curves that training wrote: nothing is trained here."""

from abc import ABC, abstractmethod
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames, NotTestedError, Verdict
from harness.experiments.drawing import counted, legend, panels
from harness.experiments.frames import value, where
from harness.published import published

FOLDER = Path(__file__).parents[2] / "rl" / "curves"
COLUMNS = ["run", "seed", "steps", "minutes", "fr"]
MARGIN = 0.003
"""What one slot on one of three clusters is of FR: a difference below that is none."""
LOWER = f"(holds: by more than {MARGIN})"
STEPS_PER_UPDATE = 2000
"""Migrations in one training update of the paper."""
LINES = (("#0072b2", "-"), ("#d55e00", "--"), ("#009e73", "-."))
"""Of the variants; circles mark those on ``multi``."""
MULTI = " multi"
"""Ends the name of a run on clusters where memory binds."""


def read_curves(name: str) -> pd.DataFrame:
    """Read ``rl/curves/NAME.csv``: ``run, seed, steps, minutes, fr``, steps in migrations.

    Raises
    ------
    NotTestedError
        When there is no such file, or it is not such a table.
    """
    path = FOLDER / f"{name}.csv"
    if not path.exists():
        raise NotTestedError(
            f"rl/curves/{name}.csv: no training run has been recorded there; train the variants first."
        )
    frame = pd.read_csv(path)
    missing = [column for column in COLUMNS if column not in frame]
    if missing:
        raise NotTestedError(
            f"rl/curves/{name}.csv: the column {missing[0]} is missing; it needs {', '.join(COLUMNS)}."
        )
    return frame


def final(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the last FR of each run, mean over its seeds."""
    last = frame.sort_values("steps").groupby(["run", "seed"], as_index=False).last()
    return last.groupby("run", as_index=False).agg(fr=("fr", "mean"), seeds=("seed", "nunique"), steps=("steps", "max"))


class _Curves(ABC):
    """What the learning-curve experiments share."""

    title: str
    caption: str
    name: str
    minutes = (0.1, 0.1)

    def run(self, bench: Bench) -> Frames:  # noqa: ARG002 - nothing is run
        """Read our curves and the published ones."""
        ours = read_curves(self.name).assign(source="ours")
        return {self.name: pd.concat([ours, self.theirs().assign(source="published")])}

    @abstractmethod
    def theirs(self) -> pd.DataFrame:
        """Return the published curves: ``run, steps, fr``."""

    def draw(self, frames: Frames) -> Figure:
        """Draw ours and the published curves side by side."""
        frame = frames[self.name]
        seeds = counted(where(frame, source="ours")["seed"].nunique(), "seed")
        figure, axes = panels([f"ours, {seeds}", "published, read off the figure"], self.title, sharey=False)
        looks = dict(zip(dict.fromkeys(run.removesuffix(MULTI) for run in frame["run"]), LINES, strict=True))
        for each, source in zip(axes, ("ours", "published"), strict=True):
            _draw(each, where(frame, source=source), looks)
        axes[0].set_ylabel("fragment rate (FR) on unseen clusters")
        legend(figure, axes, title="variant")
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Say which runs are shown, and where they ended."""
        ours = where(frames[self.name], source="ours")
        return [
            f"{row['run']}: FR {row['fr']:.4f} after {row['steps']:,.0f} migrations, {counted(row['seeds'], 'seed')}."
            for row in final(ours).sort_values("fr").to_dict("records")
        ]

    def _lower(self, frames: Frames, better: str, worse: str) -> Verdict | None:
        """Tell whether one variant ends lower than another, by more than the margin."""
        last = final(where(frames[self.name], source="ours"))
        one, other = value(last, "fr", run=better), value(last, "fr", run=worse)
        return None if one is None or other is None else Verdict(f"{one:.3f} against {other:.3f}", one < other - MARGIN)


class Attention(_Curves):
    """Sparse attention, vanilla attention, none."""

    name = "attention"
    title = "Attention: learning curves"
    caption = (
        "FR on unseen clusters while training goes on; lower is better. Left: ours, mean and band from the lowest to "
        "the highest seed. Right: as published. Runs differ in length and machine: compare the order of the variants, "
        "not the level."
    )

    def theirs(self) -> pd.DataFrame:
        """Return the published curves, updates counted in migrations."""
        frame = published("attention").melt("update", var_name="run", value_name="fr")
        return frame.assign(steps=frame["update"] * STEPS_PER_UPDATE).drop(columns="update")

    def claims(self) -> list[Claim]:
        """Hold the order of the variants."""
        return [
            Claim(f"Sparse attention ends lower than vanilla {LOWER}", ".298 against .305",
                  lambda frames: self._lower(frames, "sparse", "vanilla")),
            Claim("Without attention nothing is learned (holds: FR falls less than half as far)", ".298 against .552",
                  self._useless_without),
        ]  # fmt: skip

    def _useless_without(self, frames: Frames) -> Verdict | None:
        """Tell whether the variant without attention comes down less than half as far as sparse attention."""
        ours = where(frames[self.name], source="ours")
        if not {"none", "sparse"} <= set(ours["run"]):
            return None
        none, sparse = (_fall(where(ours, run=run)) for run in ("none", "sparse"))
        return Verdict(f"FR falls by {none:.3f} against {sparse:.3f}", none < sparse / 2)


class TwoStage(_Curves):
    """Two-stage masks, penalty, full mask."""

    name = "two-stage"
    title = "Constraint handling: learning curves"
    caption = (
        "FR on unseen clusters while training goes on, by how illegal actions are kept out; lower is better. Left: "
        "ours. Right: as published. With circles, multi: on clusters where memory binds. Runs differ in length, "
        "machine and clusters: compare the order of the variants, not the level."
    )

    def theirs(self) -> pd.DataFrame:
        """Return the published curves, updates counted in migrations."""
        frame = published("two_stage").melt(["update", "data"], var_name="run", value_name="fr").dropna()
        run = frame["run"].where(frame["data"] == "medium", frame["run"] + MULTI)
        return frame.assign(steps=frame["update"] * STEPS_PER_UPDATE, run=run).drop(columns=["update", "data"])

    def claims(self) -> list[Claim]:
        """Hold the order of the variants."""
        return [
            Claim(f"Two-stage masks end lower than a penalty {LOWER}", ".298 against .358",
                  lambda frames: self._lower(frames, "two-stage", "penalty")),
            Claim(f"Two-stage masks end lower than a full mask {LOWER}", ".298 against .543",
                  lambda frames: self._lower(frames, "two-stage", "full")),
            Claim(f"Two-stage masks end lower than a penalty on multi {LOWER}", ".2715 against .2785",
                  lambda frames: self._lower(frames, "two-stage multi", "penalty multi")),
        ]  # fmt: skip


def _fall(frame: pd.DataFrame) -> float:
    """Return how far FR fell from the first measurement to the last, mean over seeds."""
    mean = frame.groupby("steps")["fr"].mean()
    return float(mean.iloc[0] - mean.iloc[-1]) if len(mean) else 0.0


def _draw(axes: Axes, frame: pd.DataFrame, looks: dict[str, tuple[str, str]]) -> None:
    for run in dict.fromkeys(frame["run"]):
        color, line = looks[run.removesuffix(MULTI)]
        grouped = where(frame, run=run).groupby("steps")["fr"]
        mean = grouped.mean()
        axes.plot(mean.index, mean, color=color, linestyle=line, linewidth=1.8, label=run,
                  marker="o" if run.endswith(MULTI) else "", markersize=5)  # fmt: skip
        axes.fill_between(mean.index, grouped.min(), grouped.max(), color=color, alpha=0.12, linewidth=0)
    axes.set_xlabel("migrations trained on")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
