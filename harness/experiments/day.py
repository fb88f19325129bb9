"""A day in the life of a cluster, with one rescheduling in its calmest hour."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from data import Cluster, Plan
from harness.churn import Churn
from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames
from harness.experiments.delays import planned_settled
from harness.experiments.drawing import legend, panels
from harness.experiments.frames import listed, where
from harness.palette import styles
from harness.published import published
from harness.statistics import means

HOUR_S = 3600.0
NIGHT = 2
"""The hour of rescheduling: the calmest of the published day."""
SAMPLE_S = 600.0
NOTHING = "no plan"


class Day:
    """FR and refused VMs from one night to the next, per solver, under the published arrivals of a day."""

    title = "A day of arrivals and exits after one rescheduling at 2 h"
    caption = (
        "Left: mean FR on settled clusters from one night to the next (for four hours with --quick); lower is better. "
        "VMs arrive as published for each hour (grey area, right axis), and as many leave. Each solver's plan of at "
        "most 50 migrations is applied once its own seconds have passed; the thick grey line has no plan. The lines "
        "meet again when the churn has undone what was gained; 95 % intervals are in churn.csv. Right: VMs refused "
        "because they fitted nowhere, in per cent of those that came, with 95 % bootstrap intervals; lower is better."
    )
    minutes = (1, 15)

    def run(self, bench: Bench) -> Frames:
        """Follow every cluster with every solver's plan, and with none."""
        settled, plans = planned_settled(bench)
        hours = bench.choose(4, 24)
        solvers = list(plans[next(iter(plans))]["solver"])

        def work(key: str) -> pd.DataFrame:
            instance, solver = key.split("@")
            cluster = settled[instance]
            if solver == NOTHING:
                return _follow(cluster, Plan(), 0.0, hours).assign(instance=instance, solver=solver)
            row = where(plans[instance], solver=solver).iloc[0]
            return _follow(cluster, row["plan"], row["seconds"], hours).assign(instance=instance, solver=solver)

        instances = list(settled)[: bench.choose(2, 6)]
        rows = bench.cells("churn", [f"{name}@{solver}" for name in instances for solver in [NOTHING, *solvers]], work)
        last = rows[rows["hour"] == rows["hour"].max()].assign(share=lambda each: each["refused"] / each["arrived"])
        refused = means(last, ["solver"], "share")
        refused["arrived"] = last.groupby("solver", sort=False)["arrived"].mean().to_numpy()
        return {"churn": means(rows, ["solver", "hour"], "fr"), "refused": refused}

    def draw(self, frames: Frames) -> Figure:
        """Draw FR over the day, and the refusals."""
        frame, refused = frames["churn"], frames["refused"]
        figure, axes = panels(["fragment rate over the day", "VMs refused"], self.title, sharey=False)
        drawn = styles(name for name in frame["solver"].unique() if name != NOTHING)
        nothing = where(frame, solver=NOTHING)
        axes[0].plot(nothing["hour"], nothing["fr"], color="#9a9a9a", linewidth=4, alpha=0.6, label=NOTHING)
        apart = len(nothing) // 4  # points of a line between two marks
        for rank, (solver, style) in enumerate(drawn.items()):
            line = where(frame, solver=solver)
            axes[0].plot(
                line["hour"], line["fr"], color=style.color, linestyle=style.line, linewidth=1.3, label=solver,
                marker=style.marker, markersize=style.size - 1, markevery=(1 + rank * apart // len(drawn), apart),
                markeredgecolor="white", markeredgewidth=0.4,
            )  # fmt: skip
        rate = axes[0].twinx()
        hours = nothing["hour"].to_numpy(dtype=float)
        rate.fill_between(hours, [*map(_creations(), hours)], color="#000000", alpha=0.06, linewidth=0)
        rate.set_ylabel("VMs that arrive a minute", color="#777777")
        rate.set_ylim(0, 120)
        rate.grid(visible=False)
        rate.tick_params(colors="#777777")
        axes[0].set_xlabel("hour of the day")
        axes[0].set_ylabel("fragment rate (FR)")
        axes[0].xaxis.set_major_formatter(lambda hour, _: f"{hour % 24:g}")
        for at, row in enumerate(refused.iloc[::-1].to_dict("records")):
            color = drawn[row["solver"]].color if row["solver"] in drawn else "#9a9a9a"
            axes[1].barh(at, 100 * row["share"], color=color, height=0.6)
            axes[1].plot([100 * row["low"], 100 * row["high"]], [at, at], color="#222222", linewidth=1.2)
        axes[1].set_yticks(range(len(refused)), refused["solver"].tolist()[::-1])
        axes[1].set_xlabel("per cent of arrivals")
        legend(figure, axes[:1])
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Say for how long a plan is felt, and what was refused."""
        frame, refused = frames["churn"], frames["refused"]
        nothing = where(frame, solver=NOTHING).set_index("hour")["fr"]
        found = []
        for solver in refused["solver"]:
            if solver == NOTHING:
                continue
            gained = (nothing - where(frame, solver=solver).set_index("hour")["fr"]).iloc[1:]
            if gained.iloc[0] <= 0:
                found.append(f"{solver}: FR no lower than without a plan ten minutes after the rescheduling.")
                continue
            gone = gained[gained < gained.iloc[0] / 2]
            until = (
                f"half of it is gone {60 * (gone.index[0] - NIGHT):.0f} minutes after it" if len(gone) else "it lasts"
            )
            found.append(f"{solver}: FR {gained.iloc[0]:.3f} lower ten minutes after the rescheduling; {until}.")
        shares = listed(zip(refused["solver"], 100 * refused["share"], strict=True), "{:.2f} %")
        return [*found, f"Refused of about {refused['arrived'].mean():,.0f} arrivals: {shares}."]

    def claims(self) -> list[Claim]:
        """List nothing: the paper shows the arrivals of a day, and no rescheduling in it."""
        return []


def _creations() -> Callable[[float], float]:
    """Return the published creations a minute as a function of the hour, which may run on beyond midnight."""
    profile = published("creations_by_hour")
    hours, creations = profile["hour"].to_numpy(), profile["creations"].to_numpy()
    return lambda hour: float(np.interp(hour % 24, hours, creations))


def _follow(cluster: Cluster, plan: Plan, after_s: float, hours: int) -> pd.DataFrame:
    """Apply what is left of a plan some seconds after the night began, and look every ten minutes until the end."""
    creations = _creations()
    churn = Churn(cluster, lambda now_s: creations(NIGHT + now_s / HOUR_S), seed=0)
    rows = [(NIGHT + 0.0, churn.fr(), 0, 0)]
    churn.advance(after_s)
    churn.carry_out(plan, cluster)
    for now_s in np.arange(SAMPLE_S, hours * HOUR_S + 1, SAMPLE_S).tolist():
        churn.advance(now_s)
        rows.append((NIGHT + now_s / HOUR_S, churn.fr(), churn.arrived, churn.refused))
    return pd.DataFrame(rows, columns=["hour", "fr", "arrived", "refused"])
