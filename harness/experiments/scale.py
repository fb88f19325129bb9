"""Clusters from 279 to 100,000 PMs."""

import pandas as pd
from matplotlib.figure import Figure

from data import Cluster
from data.generators import generate_sized
from data.tile import tile
from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames
from harness.experiments.drawing import legend, lines, log_seconds, name_hidden, panels
from harness.experiments.frames import listed, where
from harness.experiments.migrations import LIMIT, medium_at
from harness.palette import styles
from harness.statistics import means

QUICK, FULL = (4, 16), (4, 16, 64, 359)
"""Times Medium, beside the original; 359 times are 100,161 PMs."""
WAYS = {"copied": "copies of Medium", "generated": "generated"}


class Scale:
    """Seconds, and share of the possible, on ever larger clusters: copies of Medium, and generated ones."""

    title = "Scale: seconds and share of the possible gain as clusters grow"
    caption = (
        "At most 50 migrations for each 279 PMs. Left: copies of a Medium cluster side by side as one cluster. Right: "
        "clusters generated as Medium is, section by section, no two alike, so that more PMs differ from each other. "
        "Above: seconds a run, both axes logarithmic; the dotted line is the limit. Below: slots gained, in per cent "
        "of what is certified to be possible at most; 100 is optimal. A solver at zero was late or found nothing in "
        "time."
    )
    minutes = (1.5, 40)

    def run(self, bench: Bench) -> Frames:
        """Compare on each size, made in either way."""
        medium = bench.load("medium", quick=1, full=3)
        pms = next(iter(medium.values())).pms
        rows = [medium_at(bench, LIMIT, medium).runs.assign(made=way, pms=pms) for way in WAYS]
        for times in bench.choose(QUICK, FULL):
            for way in WAYS:
                with bench.console.status(f"Making clusters of {times * pms:,} PMs"):
                    clusters = _enlarged(medium, times, way)
                runs = bench.compare(f"scale-{way}-x{times}", clusters, LIMIT * times).runs
                rows.append(runs.assign(made=way, pms=pms * times))
        frame, by = with_share(pd.concat(rows)), ["made", "solver", "pms"]
        result = means(frame, by, "solve_s").rename(columns={"solve_s": "seconds"})
        for column in ("slots_gained", "share"):
            result[column] = means(frame, by, column)[column]
        late = frame.assign(late=frame["status"] != "ok").groupby(by, sort=False)["late"].sum()
        return {"scale": result.join(late, on=by).assign(limit_s=bench.time_limit_s)}

    def draw(self, frames: Frames) -> Figure:
        """Draw seconds above and slots below, copies on the left and generated clusters on the right."""
        frame = frames["scale"]
        titles = [f"{says}: {what}" for what in ("seconds a run", "per cent of the possible") for says in WAYS.values()]
        figure, axes = panels(titles, self.title, sharey="row", rows=2)
        drawn, sizes = styles(frame["solver"].unique()), sorted(frame["pms"].unique())
        for way, above, below in zip(WAYS, axes[:2], axes[2:], strict=True):
            here = where(frame, made=way)
            lines(above, here, "pms", "seconds", drawn)
            lines(below, here.drop(columns=["low", "high"]), "pms", "share", drawn)
            log_seconds(above)
            above.axhline(frame["limit_s"].max(), color="#444444", linestyle=(0, (1, 2)), linewidth=1.2)
            below.set_xlabel("PMs (logarithmic)")
            name_hidden(below, where(here, pms=sizes[-1]), "share")
        for each in axes:
            each.set_xscale("log")
            each.set_xticks(sizes, [f"{pms:,}" for pms in sizes])
            each.minorticks_off()
        axes[0].set_ylabel("seconds (logarithmic)")
        axes[2].set_ylabel("slots gained, per cent")
        legend(figure, axes)
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Say who still plans on the largest clusters of either kind, how fast and how well."""
        frame, found = frames["scale"], []
        for way, says in WAYS.items():
            largest = where(frame, made=way, pms=frame["pms"].max()).sort_values("seconds")
            pairs = zip(largest["solver"], largest["seconds"], strict=True)
            shares = zip(largest["solver"], largest["share"], strict=True)
            late = largest[largest["late"] > 0]["solver"]
            found.append(
                f"On {largest['pms'].iloc[0]:,} PMs, {says}, mean seconds: {listed(pairs, '{:.2g}')}. Per cent of the "
                f"certified possible: {listed(shares, '{:.0f}')}. "
                + (f"Not in time: {', '.join(late)}." if len(late) else "All were in time.")
            )
        return found

    def claims(self) -> list[Claim]:
        """List nothing: nobody has published such sizes."""
        return []


def _enlarged(medium: dict[str, Cluster], times: int, way: str) -> dict[str, Cluster]:
    """Make a cluster so many times as large for each that is given."""
    found = {}
    for number, (name, cluster) in enumerate(medium.items()):
        name = f"{name}-x{times}-{way}"
        if way == "copied":
            found[name] = tile(cluster, times, name)
        else:
            found[name] = generate_sized("medium", "test", number, times * cluster.pms)
    return found


def with_share(runs: pd.DataFrame) -> pd.DataFrame:
    """Add ``share``: the gain in per cent of what is certified to be possible at most."""
    possible = runs["initial_fr"] - runs["best_bound_fr"]
    return runs.assign(share=100 * (runs["initial_fr"] - runs["final_fr"]) / possible)
