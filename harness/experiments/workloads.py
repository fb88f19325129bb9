"""Agents trained on one workload, tested on others."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames, Verdict
from harness.experiments.drawing import panels
from harness.experiments.frames import listed, value, where
from harness.palette import styles
from harness.published import published
from harness.statistics import means
from solvers import SOLVERS, SolverSpec

TESTS = {"low": 100, "middle": 100, "medium": 50}
TITLES = {"low": "low, MNL 100", "middle": "middle, MNL 100", "medium": "high (medium), MNL 50"}
"""Workload to MNL, as published; medium is the paper's high workload."""
YARDSTICKS = ("ha", "pop", "mip")
YARDSTICK = "pop"
AGENT, MIXED = "vmr2l", "mixed"
"""Whose weights are compared, and what those that it uses unless told otherwise were trained on."""
WEIGHTS = Path(__file__).parents[2] / "rl" / "weights"


class Workloads:
    """FR on low, middle and high workload, of agents trained on each, beside classical planners."""

    title = "Workloads: trained on one, tested on another"
    caption = (
        "Mean FR on clusters of low, middle and high workload; further left is better. Coloured: ours, with 95 % "
        "bootstrap intervals. Crosses: as published, on the paper's own clusters, whose FR at low and middle workload "
        "need not be ours. Agents are named by what they were trained on; those without weights here have a cross "
        "alone."
    )
    minutes = (1, 20)

    def run(self, bench: Bench) -> Frames:
        """Compare the agents that there are and the yardsticks on each workload."""
        agents = trained()
        specs = [SolverSpec(name) for name in YARDSTICKS if name in SOLVERS] + list(agents.values())
        labels = {str(spec): f"{AGENT} {name}" for name, spec in agents.items()}
        rows = []
        for workload, mnl in TESTS.items():
            runs = bench.compare(f"workload-{workload}", bench.load(workload), mnl, solvers=specs).runs
            rows.append(runs.assign(workload=workload, planner=runs["solver"].replace(labels)))
        ours = means(pd.concat(rows), ["planner", "workload"], "final_fr").rename(columns={"final_fr": "fr"})
        theirs = published("workloads").melt("planner", var_name="workload", value_name="fr")
        return {"workloads": pd.concat([ours.assign(source="ours"), theirs.assign(source="published")])}

    def draw(self, frames: Frames) -> Figure:
        """Draw a panel a workload, a row a planner."""
        frame = frames["workloads"]
        planners = sorted(frame["planner"].unique(), reverse=True)
        figure, axes = panels(TITLES.values(), self.title)
        drawn = styles(planner.partition(" ")[0] for planner in planners)
        for each, workload in zip(axes, TESTS, strict=True):
            for row in where(frame, workload=workload).to_dict("records"):
                at, style = planners.index(row["planner"]), drawn[row["planner"].partition(" ")[0]]
                if row["source"] == "published":
                    each.plot(row["fr"], at, marker="x", color="#000000", markersize=7, linestyle="")
                    continue
                each.plot([row["low"], row["high"]], [at, at], color=style.color, linewidth=3, alpha=0.5)
                each.plot(row["fr"], at, marker=style.marker, color=style.color, markersize=style.size + 2)
            each.set_xlabel("fragment rate (FR)")
            each.set_yticks(range(len(planners)), planners)
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Rank the planners on each workload, and name the agents that nobody has trained."""
        ours = where(frames["workloads"], source="ours")
        found = []
        for workload, title in TITLES.items():
            here = where(ours, workload=workload).sort_values("fr")
            found.append(f"{title}: {listed(zip(here['planner'], here['fr'], strict=True))}.")
        missing = [name for name in published("workloads")["planner"] if name not in set(ours["planner"])]
        if missing:
            found.append(f"Not tested, since there are no weights or no such solver: {', '.join(missing)}.")
        return found

    def claims(self) -> list[Claim]:
        """Hold the published changes against POP, for the agents whose weights exist."""
        fr = published("workloads").melt("planner", var_name="workload")
        said = [
            ("vmr2l high", "middle", "An agent trained on high workload beats POP on unseen middle workload"),
            ("vmr2l low-high", "middle", "So does one trained on low and high"),
            ("vmr2l low", "medium", "One trained on low workload falls behind POP on high workload"),
        ]
        return [
            Claim(text, _beside_pop(fr, planner, workload),
                  _against(planner, workload, better="behind" not in text))
            for planner, workload, text in said
        ]  # fmt: skip


def trained() -> dict[str, SolverSpec]:
    """Return the agent with its own weights and with those of each published mix of workloads that are there."""
    mixes = [name.partition(" ")[2] for name in published("workloads")["planner"] if name.startswith(f"{AGENT} ")]
    there = [mix for mix in mixes if (WEIGHTS / f"{mix}.safetensors").exists()]
    return {MIXED: SolverSpec(AGENT)} | {mix: SolverSpec(AGENT, (("weights", mix),)) for mix in there}


def _beside_pop(fr: pd.DataFrame, planner: str, workload: str) -> str:
    """Write a published FR beside POP's; the paper's per cents refer now to the one and now to the other."""
    agent, pop = (value(fr, "value", workload=workload, planner=each) for each in (planner, YARDSTICK))
    return f"FR {agent:.3f}, POP {pop:.3f}"


def _against(planner: str, workload: str, *, better: bool) -> Callable[[Frames], Verdict | None]:
    """Return the test whether a planner is better, or worse, than POP on a workload."""

    def test(frames: Frames) -> Verdict | None:
        here = where(frames["workloads"], source="ours", workload=workload)
        agent, pop = value(here, "fr", planner=planner), value(here, "fr", planner=YARDSTICK)
        if agent is None or pop is None:
            return None
        return Verdict(f"FR {agent:.3f}, POP {pop:.3f}", (agent < pop) == better)

    return test
