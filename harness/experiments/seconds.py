"""Seconds that a plan takes against the migration number limit."""

import pandas as pd
from matplotlib.figure import Figure

from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames, Verdict
from harness.experiments.drawing import legend, lines, log_seconds, ours_and_published, panels
from harness.experiments.frames import listed, value, where
from harness.experiments.migrations import LIMIT, medium_by_mnl, tidy
from harness.palette import styles
from harness.statistics import means
from solvers import SolverSpec

REFERENCE = "mip-paper"
"""The paper's own model, given one cluster, so that the comparison is not with a better MIP alone."""
LIMIT_S = 5.0
"""The longest that the paper allows a planner."""
SLOW = ("neuplan", "decima")
"""Those that the paper finds too slow beside its MIP."""


class Seconds:
    """Seconds of every solver at MNL 5 to 50, late runs included, beside the published curves."""

    title = "Seconds a plan takes against the number of migrations allowed"
    caption = (
        "Mean seconds of a run on a logarithmic axis; lower is better. Left: ours on the machine in run.json; a cross "
        "marks runs that were late and ended a second after the limit, so that their true time is longer. mip-paper "
        "ran on one cluster, unless named among the solvers. Right: as published, where mip is the per-VM model in "
        "Gurobi. The dashed line is the paper's five seconds. A solver at the line uses all the time it is given."
    )
    minutes = (0.5, 1.5)

    def run(self, bench: Bench) -> Frames:
        """Read the runs of ``migrations``, and let the paper's model try one cluster."""
        runs = medium_by_mnl(bench)
        if REFERENCE not in set(runs["solver"]):
            clusters = dict(list(bench.load("medium").items())[:1])
            tried = [
                bench.compare(f"medium-mnl{mnl}-{REFERENCE}", clusters, mnl, solvers=[SolverSpec(REFERENCE)]).runs
                for mnl in (int(runs["mnl"].min()), LIMIT)
            ]
            runs = pd.concat([runs, *tried])
        ours = means(runs, ["solver", "mnl"], "solve_s").rename(columns={"solve_s": "seconds"})
        runs = runs.assign(late=runs["status"] == "late")
        counts = runs.groupby(["solver", "mnl"]).agg(late=("late", "sum"), slots_gained=("slots_gained", "mean"))
        ours = ours.join(counts, on=["solver", "mnl"]).assign(source="ours")
        return {"time": pd.concat([ours, tidy("seconds_by_mnl", "seconds").assign(source="published")])}

    def draw(self, frames: Frames) -> Figure:
        """Draw ours and the published curves side by side."""
        frame = frames["time"]
        ours, theirs = where(frame, source="ours"), where(frame, source="published")
        figure, axes = panels(ours_and_published(ours["instances"]), self.title)
        drawn = styles(pd.concat([ours, theirs])["solver"].unique())
        lines(axes[0], ours, "mnl", "seconds", drawn)
        lines(axes[1], theirs, "mnl", "seconds", drawn)
        late = ours[ours["late"] > 0]
        if len(late):
            axes[0].plot(
                late["mnl"], late["seconds"], "x", color="#b3261e", markersize=9, markeredgewidth=2, label="late"
            )
        for each in axes:
            each.axhline(LIMIT_S, color="#444444", linestyle=(0, (4, 3)), linewidth=1.2)
            log_seconds(each)
            each.set_xlabel("most migrations allowed (MNL)")
        axes[0].set_ylabel("seconds a run (logarithmic)")
        legend(figure, axes)
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Rank the solvers at MNL 50, and name the late ones."""
        ours = where(frames["time"], source="ours")
        last = where(ours, mnl=LIMIT).sort_values("seconds")
        late = ours.groupby("solver")["late"].sum()
        late = late[late > 0]
        return [
            f"At MNL {LIMIT}, mean seconds: {listed(zip(last['solver'], last['seconds'], strict=True), '{:.2g}')}.",
            f"Late runs: {listed(late.items(), '{:.0f}')}." if len(late) else "No run was late.",
        ]

    def claims(self) -> list[Claim]:
        """Hold our times against the published ones."""
        return [
            Claim("vmr2l plans 50 migrations within five seconds", "3.0 s, 1.1 s a trajectory", _in_time),
            Claim("The paper's per-VM model has nothing after five seconds at MNL 50", "50.55 min", _too_slow),
            Claim("Optimal plans take too long to be of use", "50.55 min", _exact_is_slow),
            Claim("neuplan and decima take longer than five seconds at MNL 50", "35 s, 9.2 s", _others_are_slow),
        ]


def _in_time(frames: Frames) -> Verdict | None:
    seconds = value(frames["time"], "seconds", source="ours", solver="vmr2l", mnl=LIMIT)
    return None if seconds is None else Verdict(f"{seconds:.2g} s", seconds <= LIMIT_S)


def _too_slow(frames: Frames) -> Verdict | None:
    slots = value(frames["time"], "slots_gained", source="ours", solver=REFERENCE, mnl=LIMIT)
    return None if slots is None else Verdict(f"{slots:g} slots gained in time", slots <= 0)


def _exact_is_slow(frames: Frames) -> Verdict | None:
    seconds = value(frames["time"], "seconds", source="ours", solver="mip", mnl=LIMIT)
    return None if seconds is None else Verdict(f"{seconds:.2g} s, by counting node states", seconds > LIMIT_S)


def _others_are_slow(frames: Frames) -> Verdict | None:
    found = [value(frames["time"], "seconds", source="ours", solver=solver, mnl=LIMIT) for solver in SLOW]
    seconds = [each for each in found if each is not None]
    if len(seconds) < len(SLOW):
        return None
    return Verdict(", ".join(f"{each:.2g} s" for each in seconds), min(seconds) > LIMIT_S)
