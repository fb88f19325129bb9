"""FR against the number of sampled trajectories of the learned agent."""

from math import comb

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames, Verdict
from harness.experiments.drawing import legend, ours_and_published, panels
from harness.experiments.frames import value, where
from harness.experiments.migrations import LIMIT
from harness.published import published
from harness.statistics import means
from solvers import Problem

QUICK, FULL = 16, 100
"""Trajectories of a cluster."""
KINDS = {"all": 0.0, "threshold": 0.1}
"""Below what share of the most probable option an option is not sampled."""
LOOKS = {"all": ("#d55e00", "-", "all options"), "threshold": ("#0072b2", "--", "likely options only")}
CHUNK = 8
"""Trajectories side by side."""


class Risk:
    """The best of k sampled trajectories, for k up to 100, with and without a threshold on probabilities."""

    title = "Risk-seeking evaluation: the best of k sampled trajectories"
    caption = (
        "Mean FR of the best among k trajectories of vmr2l on Medium at MNL 50; lower is better. Left: ours, expected "
        "over all choices of k among those sampled; a level line means that one trajectory does as well as many. "
        "Intervals over clusters, which are wider than what sampling gains, are in risk.csv. Dashed: without options "
        "less probable than a tenth of the best one. Right: as published, where rare options are cut by quantiles."
    )
    minutes = (0.5, 12)

    def run(self, bench: Bench) -> Frames:
        """Sample every cluster with each threshold."""
        clusters = bench.load("medium")
        count = bench.choose(QUICK, FULL)

        def work(key: str) -> pd.DataFrame:
            instance, kind = key.split("@")
            rates = _sample(Problem(clusters[instance], LIMIT), KINDS[kind], count)
            best = best_of(rates)
            return pd.DataFrame({"samples": range(1, count + 1), "fr": best}).assign(instance=instance, kind=kind)

        rows = bench.cells("risk", [f"{instance}@{kind}" for instance in clusters for kind in KINDS], work)
        theirs = published("risk").melt("samples", var_name="kind", value_name="fr")
        ours = means(rows, ["kind", "samples"], "fr")
        return {"risk": pd.concat([ours.assign(source="ours"), theirs.assign(source="published")])}

    def draw(self, frames: Frames) -> Figure:
        """Draw ours and the published curves side by side."""
        frame = frames["risk"]
        figure, axes = panels(ours_and_published(frame["instances"]), self.title)
        for each, source in zip(axes, ("ours", "published"), strict=True):
            for kind, (color, line, label) in LOOKS.items():
                curve = where(frame, source=source, kind=kind).sort_values("samples")
                each.plot(curve["samples"], curve["fr"], color=color, linestyle=line, linewidth=1.8, label=label)
            each.set_xlabel("trajectories sampled (k)")
            each.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes[0].set_ylabel("fragment rate (FR)")
        legend(figure, axes, title="sampled from")
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Say what sampling gains, and what the threshold adds."""
        ours = where(frames["risk"], source="ours")
        last = int(ours["samples"].max())
        found = []
        for kind, (_, _, label) in LOOKS.items():
            one, most = (value(ours, "fr", kind=kind, samples=samples) for samples in (1, last))
            if one is not None and most is not None:
                found.append(f"Of {label}: FR {one:.4f} with one trajectory, {most:.4f} with the best of {last}.")
        return found

    def claims(self) -> list[Claim]:
        """Hold the two published effects against ours."""
        return [
            Claim("More trajectories find better plans", "FR .3079 with 1, .2955 with 21", _sampling),
            Claim("A threshold on probabilities improves them",
                  ".3046 instead of .3079 with 1, .2935 instead of .2955 with 21", _threshold),
        ]  # fmt: skip


def _sample(problem: Problem, threshold: float, count: int) -> NDArray[np.float64]:
    """Sample trajectories and return the FR after the best prefix of each: float64 [count]."""
    import torch  # here, so that listing the experiments does not load it

    from rl.act import Choice
    from rl.arrays import pack, stack
    from rl.env import Env
    from rl.rollout import trajectories
    from rl.store import SHIPPED, load

    torch.set_num_threads(1)
    policy, packed, rng = load(SHIPPED), pack(problem), np.random.default_rng(0)
    choice = Choice(threshold=threshold, may_stop=False)
    slots: list[float] = []
    while len(slots) < count:
        size = min(CHUNK, count - len(slots))
        found = trajectories(policy, Env.of(stack([packed] * size)), [choice] * size, rng)
        slots += [each.slots for each in found]
    return problem.initial_fr - np.array(slots) * problem.score.quantum


def best_of(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the expected least of k values drawn without replacement, for k = 1 to n: float64 [n] to [n]."""
    ordered, count = np.sort(rates), len(rates)
    return np.array([
        sum(comb(count - 1 - at, k - 1) * ordered[at] for at in range(count - k + 1)) / comb(count, k)
        for k in range(1, count + 1)
    ])  # fmt: skip


def _sampling(frames: Frames) -> Verdict | None:
    ours = where(frames["risk"], source="ours", kind="all")
    last = min(21, int(ours["samples"].max()))
    one, best = (value(ours, "fr", samples=samples) for samples in (1, last))
    return None if one is None or best is None else Verdict(f"{one:.4f} with 1, {best:.4f} with {last}", best < one)


def _threshold(frames: Frames) -> Verdict | None:
    ours = where(frames["risk"], source="ours")
    last = min(21, int(ours["samples"].max()))
    values = [value(ours, "fr", kind=kind, samples=samples) for samples in (1, last) for kind in ("threshold", "all")]
    if None in values:
        return None
    cut_one, one, cut_last, most = (float(each or 0) for each in values)
    text = f"{cut_one:.4f} instead of {one:.4f} with 1, {cut_last:.4f} instead of {most:.4f} with {last}"
    return Verdict(text, cut_one < one and cut_last < most)
