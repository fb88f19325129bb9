"""One plan step by step: the paper's example trajectory, as a picture that moves and a page that plays it."""

import msgspec
import pandas as pd
from matplotlib.figure import Figure

from data.plan_file import read_plan
from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames, NotTestedError, Verdict
from harness.experiments.drawing import legend, panels
from harness.experiments.frames import value, where
from harness.experiments.migrations import LIMIT, medium_at
from harness.palette import styles
from harness.trajectory import make

SHOWN = ("vmr2l", "mip")
"""Whose plan is played: the first of these that was run, else the first of all."""


class Steps:
    """FR after each migration of every solver's plan for one cluster, one of them drawn PM by PM."""

    title = "One cluster, migration by migration"
    caption = (
        "FR after each migration on one Medium cluster; lower is better. A straight fall gains one slot with every "
        "migration; a flat piece is a migration that gains only together with a later one. A line that ends early is a "
        "plan that found nothing more. Where lines lie on one another, the later name in the list is on top. "
        "trajectory.gif and trajectory.html, beside this figure, show one of these plans PM by PM."
    )
    minutes = (0.3, 0.3)

    def run(self, bench: Bench) -> Frames:
        """Read the plans for the first cluster, and draw one of them."""
        name, cluster = next(iter(bench.load("medium").items()))
        compared = medium_at(bench, LIMIT, {name})
        runs = compared.runs[compared.runs["plan"] != ""].set_index("solver")
        if runs.empty:
            raise NotTestedError("no solver has a plan for the first Medium cluster; give other --solvers.")
        played = next((solver for solver in SHOWN if solver in runs.index), runs.index[0])
        plan_file = read_plan(compared.folder / str(runs.loc[played, "plan"]))
        bound = value(compared.runs, "best_bound_fr", solver=played)  # whoever has proven it
        plan_file = msgspec.structs.replace(plan_file, bound_fr=bound)
        make(cluster, plan_file, bench.folder / "trajectory")
        curves = where(compared.curves, kind="migration", instance=name).rename(columns={"x": "step"})
        frame = curves[["solver", "step", "fr"]].assign(played=curves["solver"] == played)
        return {"trajectory": frame.reset_index(drop=True)}

    def draw(self, frames: Frames) -> Figure:
        """Draw FR by step."""
        frame = frames["trajectory"]
        figure, axes = panels(["plans for the first cluster"], self.title)
        for solver, style in styles(frame["solver"].unique()).items():
            line = where(frame, solver=solver)
            axes[0].step(line["step"], line["fr"], where="post", color=style.color, linestyle=style.line,
                         marker=style.marker, markevery=10, markersize=style.size - 1, label=solver)  # fmt: skip
        axes[0].set_xlabel("migrations carried out")
        axes[0].set_ylabel("fragment rate (FR)")
        legend(figure, axes)
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Count the steps that gain, of each plan."""
        counts = [(solver, *_steps(where(frames["trajectory"], solver=solver)))
                  for solver in frames["trajectory"]["solver"].unique()]  # fmt: skip
        text = ", ".join(f"{solver} {gain} of {steps} ({loss} lose)" for solver, steps, gain, loss in counts)
        played = where(frames["trajectory"], played=True)["solver"].iloc[0]
        return [f"Migrations that gain at once: {text}.", f"Drawn PM by PM: the plan of {played}."]

    def claims(self) -> list[Claim]:
        """Hold the published example against ours."""
        return [Claim("In a plan of vmr2l most migrations gain at once, none loses (holds: four of five or more)",
                      "40 of 50 gain, none loses", _mostly)]  # fmt: skip


def _steps(frame: pd.DataFrame) -> tuple[int, int, int]:
    """Count the migrations, those that lower FR, and those that raise it."""
    change = frame.sort_values("step")["fr"].diff().dropna()
    return len(change), int((change < -1e-9).sum()), int((change > 1e-9).sum())


def _mostly(frames: Frames) -> Verdict | None:
    steps, gain, loss = _steps(where(frames["trajectory"], solver="vmr2l"))
    return Verdict(f"{gain} of {steps} gain, {loss} lose", gain >= 0.8 * steps and not loss) if steps else None
