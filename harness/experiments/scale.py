"""Clusters from 279 to 100,000 PMs."""

import pandas as pd
from matplotlib.figure import Figure

from data.tile import tile
from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames
from harness.experiments.drawing import legend, lines, log_seconds, panels
from harness.experiments.frames import listed, where
from harness.experiments.migrations import LIMIT, medium_at
from harness.palette import styles
from harness.statistics import means

QUICK, FULL = (4, 16), (4, 16, 64, 359)
"""Copies of Medium, beside the original; 359 are 100,161 PMs."""


class Scale:
    """Seconds, and slots short of the bound, on ever more copies of Medium."""

    title = "Scale: time and gap from 279 to 100,000 PMs"
    caption = (
        "Copies of a Medium cluster side by side as one cluster, at most 50 migrations for each copy, five seconds in "
        "all. Left: seconds a run, both axes logarithmic; the dotted line is the limit. Right: slots gained, in per "
        "cent of what is certified to be possible at most. A solver at zero was late or found nothing in time."
    )
    minutes = (1, 20)

    def run(self, bench: Bench) -> Frames:
        """Compare on each size."""
        medium = bench.load("medium", quick=1, full=3)
        pms = next(iter(medium.values())).pms
        rows = [medium_at(bench, LIMIT, medium).runs.assign(pms=pms)]
        for copies in bench.choose(QUICK, FULL):
            clusters = {f"{name}-x{copies}": tile(cluster, copies, f"{name}-x{copies}")
                        for name, cluster in medium.items()}  # fmt: skip
            runs = bench.compare(f"scale-x{copies}", clusters, LIMIT * copies).runs
            rows.append(runs.assign(pms=pms * copies))
        frame, by = with_share(pd.concat(rows)), ["solver", "pms"]
        result = means(frame, by, "solve_s").rename(columns={"solve_s": "seconds"})
        for column in ("slots_gained", "share"):
            result[column] = means(frame, by, column)[column]
        late = frame.assign(late=frame["status"] != "ok").groupby(by, sort=False)["late"].sum()
        return {"scale": result.join(late, on=by)}

    def draw(self, frames: Frames) -> Figure:
        """Draw seconds and slots by size."""
        frame = frames["scale"]
        figure, axes = panels(["seconds a run", "slots gained, per cent of the possible"], self.title, sharey=False)
        drawn = styles(frame["solver"].unique())
        lines(axes[0], frame, "pms", "seconds", drawn)
        lines(axes[1], frame.drop(columns=["low", "high"]), "pms", "share", drawn)
        for each in axes:
            each.set_xscale("log")
            each.set_xlabel("PMs (logarithmic)")
            each.set_xticks(sorted(frame["pms"].unique()), [f"{pms:,}" for pms in sorted(frame["pms"].unique())])
            each.minorticks_off()
        log_seconds(axes[0])
        axes[0].axhline(5, color="#444444", linestyle=(0, (1, 2)), linewidth=1.2)
        legend(figure, axes)
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Say who still plans on the largest cluster, and how fast."""
        largest = where(frames["scale"], pms=frames["scale"]["pms"].max()).sort_values("seconds")
        pairs = zip(largest["solver"], largest["seconds"], strict=True)
        shares = zip(largest["solver"], largest["share"], strict=True)
        late = largest[largest["late"] > 0]["solver"]
        return [
            f"On {largest['pms'].iloc[0]:,} PMs, mean seconds: {listed(pairs, '{:.2g}')}.",
            f"Per cent of the certified possible gained there: {listed(shares, '{:.0f}')}.",
            f"Not in time there: {', '.join(late)}." if len(late) else "All were in time there.",
        ]

    def claims(self) -> list[Claim]:
        """List nothing: nobody has published such sizes."""
        return []


def with_share(runs: pd.DataFrame) -> pd.DataFrame:
    """Add ``share``: the gain in per cent of what is certified to be possible at most."""
    possible = runs["initial_fr"] - runs["best_bound_fr"]
    return runs.assign(share=100 * (runs["initial_fr"] - runs["final_fr"]) / possible)
