"""Objectives other than FR of 16 cores, alone and mixed."""

import pandas as pd
from matplotlib.figure import Figure

from data import Objective, check
from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames, Verdict
from harness.experiments.delays import plans_of
from harness.experiments.drawing import legend, panels
from harness.experiments.frames import listed, value, where
from harness.experiments.migrations import LIMIT, medium_at
from harness.palette import styles
from harness.statistics import means

PAIRS = {"medium": ("cores16", "double64"), "multi": ("cores16", "memory32768")}
"""Preset to the two rates that are mixed on it: memory binds on ``multi`` only."""
NAMES = {
    "cores16": "FR16: fragments of slots of 16 cores",
    "double64": "FR64: fragments of slots of 64 cores",
    "memory32768": "memory: fragments of slots of 32 GiB",
}
QUICK, FULL = (0, 0.5, 1), (0, 0.25, 0.5, 0.75, 1)
"""Weights of the second rate; the first has the rest."""


class Objectives:
    """Both rates of a pair after planning for a mix of them, over a grid of weights."""

    title = "Mixed objectives: what one rate costs the other"
    caption = (
        "Each point is a plan of at most 50 migrations made for a mix of two rates, mean over clusters; a line runs "
        "from all weight on FR16 (circle) to all weight on the other rate. Lower left is better; the dark square is "
        "before any migration. Left: slots of 16 cores on one node against slots of 64, half on each node of a PM. "
        "Right: cores against memory, on clusters where memory binds."
    )
    minutes = (2.5, 40)

    def run(self, bench: Bench) -> Frames:
        """Compare on each mix, and judge every plan by both rates."""
        rows = []
        for preset, (first, second) in PAIRS.items():
            clusters = bench.load(preset, quick=1, full=10)
            for weight in bench.choose(QUICK, FULL):
                compared = (
                    medium_at(bench, LIMIT, clusters)
                    if preset == "medium" and weight == 0
                    else bench.compare(
                        f"{preset}-{second}-{weight:g}", clusters, LIMIT, objective=_mix(first, second, weight)
                    )
                )
                for instance, plans in plans_of(compared, clusters).items():
                    for row in plans.to_dict("records"):
                        rates = [check(clusters[instance], row["plan"], objective=Objective.parse(each))
                                 for each in (first, second)]  # fmt: skip
                        rows += [
                            {"preset": preset, "instance": instance, "solver": row["solver"], "weight": weight,
                             "rate": each, "before": rate.initial_fr, "fr": rate.final_fr}
                            for each, rate in zip((first, second), rates, strict=True)
                        ]  # fmt: skip
        frame, by = pd.DataFrame(rows), ["preset", "solver", "weight", "rate"]
        result = means(frame, by, "fr")
        result["before"] = means(frame, by, "before")["before"]
        return {"objectives": result}

    def draw(self, frames: Frames) -> Figure:
        """Draw the trade-off curve of each solver, a panel a pair."""
        frame = frames["objectives"]
        titles = [f"{NAMES[second].partition(':')[0]} against FR16, {preset}" for preset, (_, second) in PAIRS.items()]
        figure, axes = panels(titles, self.title, sharey=False)
        drawn = styles(frame["solver"].unique())
        for each, (preset, (first, second)) in zip(axes, PAIRS.items(), strict=True):
            here = where(frame, preset=preset)
            for solver, style in drawn.items():
                x, y = (where(here, solver=solver, rate=rate).sort_values("weight") for rate in (first, second))
                each.plot(x["fr"], y["fr"], color=style.color, linestyle=style.line, marker=style.marker,
                          markersize=style.size - 1, label=solver)  # fmt: skip
                each.plot(x["fr"].iloc[0], y["fr"].iloc[0], "o", color=style.color, markersize=10, fillstyle="none")
            before = [where(here, rate=rate)["before"].iloc[0] for rate in (first, second)]
            each.plot(*before, "s", color="#444444", markersize=8, label="before")
            each.set_xlabel(NAMES[first])
            each.set_ylabel(NAMES[second])
        legend(figure, axes)
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Say what the planners reach on each rate alone, and what the best plan does to the other."""
        found = []
        for preset, pair in PAIRS.items():
            here = where(frames["objectives"], preset=preset)
            for aim, other, weight in ((*pair, 0.0), (*pair[::-1], 1.0)):
                ranked = where(here, rate=aim, weight=weight).sort_values("fr")
                best = ranked["solver"].iloc[0]
                side = where(here, rate=other, weight=weight, solver=best).iloc[0]
                found.append(
                    f"{preset}, all weight on {aim}, {ranked['before'].iloc[0]:.3f} before: "
                    f"{listed(zip(ranked['solver'], ranked['fr'], strict=True))}. "
                    f"The plan of {best} takes {other} from {side['before']:.3f} to {side['fr']:.3f}."
                )
        return found

    def claims(self) -> list[Claim]:
        """Say what can be said: the published tables of mixed objectives are not known to us."""
        return [Claim("VMR2L also works for FR64, memory and mixes (holds: it lowers both rates at equal weights)",
                      "figures not known", _learned)]  # fmt: skip


def _mix(first: str, second: str, weight: float) -> Objective:
    if weight in (0, 1):
        return Objective.parse(second if weight else first)
    return Objective.parse(f"{1 - weight:g}*{first}+{weight:g}*{second}")


def _learned(frames: Frames) -> Verdict | None:
    falls = []
    for preset, pair in PAIRS.items():
        for rate in pair:
            here = where(frames["objectives"], preset=preset, rate=rate, solver="vmr2l", weight=0.5)
            before, after = value(here, "before"), value(here, "fr")
            if before is None or after is None:
                return None
            falls.append((f"{preset} {rate}", before - after))
    return Verdict(", ".join(f"{name} -{fall:.3f}" for name, fall in falls), all(fall > 0 for _, fall in falls))
