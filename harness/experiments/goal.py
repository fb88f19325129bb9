"""The fewest migrations that reach a goal FR."""

from collections.abc import Mapping
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from harness import hardware, provenance
from harness.aims import Remote
from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames, Verdict
from harness.experiments.drawing import legend, lines, name_hidden, ours_and_published, panels
from harness.experiments.frames import listed, value, where
from harness.experiments.migrations import LIMIT
from harness.palette import styles
from harness.process import Worker
from harness.published import published
from harness.statistics import means
from solvers import Deadline, Problem
from solvers.goal import fewest
from solvers.registry import parameters

QUICK, FULL = (0.5, 0.4, 0.35), (0.55, 0.50, 0.45, 0.40, 0.35, 0.30, 0.25)
JUDGED = (0.4, 0.35)
"""The goals at which the paper's planners are furthest apart."""

ORDER = ("mip", "vmr2l", "ha")
"""The planners of the published figure, best first."""


class Goal:
    """Migrations that each solver needs to reach an FR of 0.55 to 0.25, at most 50."""

    title = "Fewest migrations that reach a goal"
    caption = (
        "Mean migrations until FR is at most the goal, by bisection over the MNL; 50 where the goal is not reached. "
        "Lower is better, and the goals get harder to the right. Left: ours with 95 % bootstrap bands; below the "
        "dashed line it is certified that no plan reaches the goal. Right: as published."
    )
    minutes = (1, 40)

    def run(self, bench: Bench) -> Frames:
        """Search for every cluster, solver and goal."""
        clusters = bench.load("medium", quick=1, full=6)
        specs = {str(spec): spec for spec in bench.specs()}

        def work(key: str) -> pd.DataFrame:
            instance, solver = key.split("@")
            worker = Worker(specs[solver], hardware.lanes(1)[0])
            problem = Problem(clusters[instance], LIMIT)
            try:
                worker.start()
                worker.wait_prepared()
                found = [
                    (goal, fewest(problem, goal, Remote(worker), Deadline(bench.time_limit_s)))
                    for goal in bench.choose(QUICK, FULL)
                ]
            finally:
                worker.close()
            rows = [(goal, each.migrations if each.reached else LIMIT, each.reached_fr, each.reached,
                     min(each.least_possible, LIMIT)) for goal, each in found]  # fmt: skip
            columns = ["goal", "migrations", "fr", "reached", "least_possible"]
            return pd.DataFrame(rows, columns=columns).assign(instance=instance, solver=solver)

        bench.used["goal"] = {
            "solvers": {label: {"solver": spec.name, "parameters": parameters(spec)} for label, spec in specs.items()},
            "inputs": {name: provenance.checksum(cluster) for name, cluster in clusters.items()},
        }
        rows = bench.cells("goal", [f"{instance}@{solver}" for instance in clusters for solver in specs], work)
        ours = means(rows, ["solver", "goal"], "migrations")
        for column in ("fr", "reached"):
            ours[column] = means(rows, ["solver", "goal"], column)[column]
        best = rows.groupby(["instance", "goal"], as_index=False)["least_possible"].max()
        floor = means(best.assign(solver="bound"), ["solver", "goal"], "least_possible")
        floor = floor.rename(columns={"least_possible": "migrations"}).assign(source="bound")
        theirs = published("migrations_by_goal").assign(source="published")
        return {"goal": pd.concat([ours.assign(source="ours"), floor, theirs])}

    def draw(self, frames: Frames) -> Figure:
        """Draw ours and the published curves side by side."""
        frame = frames["goal"]
        ours, theirs = where(frame, source="ours"), where(frame, source="published")
        figure, axes = panels(ours_and_published(ours["instances"]), self.title)
        drawn = styles(pd.concat([ours, theirs])["solver"].unique())
        lines(axes[0], ours, "goal", "migrations", drawn)
        lines(axes[1], theirs, "goal", "migrations", drawn)
        floor = where(frame, source="bound").sort_values("goal")
        axes[0].plot(
            floor["goal"], floor["migrations"], color="#444444", linestyle=(0, (4, 3)), label="certified least"
        )
        axes[0].set_ylabel("migrations used")
        for each in axes:
            each.set_xlabel("goal: FR at most")
            each.set_xlim(0.57, 0.23)
        name_hidden(axes[0], where(ours, goal=ours["goal"].min()), "migrations")
        legend(figure, axes)
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Say what each solver needs for each goal, and what is certified."""
        found, ours = [], where(frames["goal"], source="ours")
        for goal in sorted(ours["goal"].unique(), reverse=True):
            here = where(ours, goal=goal).sort_values(["migrations", "solver"])
            needs = ", ".join(
                f"{row['solver']} {row['migrations']:.1f}"
                + ("" if row["reached"] == 1 else f" (reached on {100 * row['reached']:.0f} %)")
                for row in here.to_dict("records")
            )
            floor = value(frames["goal"], "migrations", source="bound", goal=goal)
            found.append(f"To FR {goal:g}, for which {floor:.1f} are certified to be necessary: {needs}.")
        return found

    def claims(self) -> list[Claim]:
        """Hold the published order of the three planners at two goals."""
        theirs = published("migrations_by_goal")
        return [
            Claim(
                f"To reach FR {goal:g}, vmr2l needs fewer migrations than ha, and mip the fewest",
                _needs({solver: value(theirs, "migrations", solver=solver, goal=goal) for solver in ORDER}),
                partial(_ordered, goal),
            )
            for goal in JUDGED
        ]


def _ordered(goal: float, frames: Frames) -> Verdict | None:
    here = where(frames["goal"], source="ours", goal=goal)
    needs = {solver: value(here, "migrations", solver=solver) for solver in ORDER}
    mip, vmr2l, ha = needs.values()
    if mip is None or vmr2l is None or ha is None:
        return None
    return Verdict(_needs(needs), mip <= vmr2l < ha)


def _needs(migrations: Mapping[str, float | None]) -> str:
    return listed(migrations.items(), "{:.3g}")
