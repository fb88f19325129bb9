"""Plans that are applied after a delay, during which VMs come and go."""

from collections.abc import Iterator

import pandas as pd

from data import Cluster, Plan
from data.plan_file import read_plan, to_plan
from harness.churn import Churn, fr_after, surviving
from harness.experiments.bench import Bench, Compared
from harness.experiments.frames import where
from harness.experiments.migrations import LIMIT

DELAYS_S = (1, 3, 5, 7, 20, 60, 300, 600, 1800, 3000)
"""Those of the published figure."""
ARRIVALS = 40.0
"""VMs that arrive a minute, and as many leave: the published mean of busy hours. At this rate the gain falls off nearly
as published: more than half is gone after five minutes, nothing is left after 50."""
CALM, BUSY = 8.5, 174.0
"""The published mean of the calmest hour, and the busiest minute in a hundred."""
SETTLE_S = 2 * 3600.0
"""Long enough at ``ARRIVALS`` to place every VM anew more than twice."""
PLANNER = "mip"
"""Whose plans the published figure delays; where it was not run, the first solver's."""
PAPER_S = 50.55 * 60
"""What the paper's MIP takes at MNL 50."""


def plans_of(compared: Compared, clusters: dict[str, Cluster]) -> dict[str, pd.DataFrame]:
    """Read the plans back, by cluster: solver, its seconds, its plan; a run that was not ok has the empty plan."""
    rows: dict[str, list[dict[str, object]]] = {}
    for run in compared.runs.to_dict("records"):
        cluster, path = clusters[run["instance"]], compared.folder / str(run["plan"])
        plan = to_plan(read_plan(path), cluster) if run["plan"] else Plan()
        rows.setdefault(run["instance"], []).append({"solver": run["solver"], "seconds": run["solve_s"], "plan": plan})
    return {instance: pd.DataFrame(each) for instance, each in rows.items()}


def planner_of(frame: pd.DataFrame) -> str:
    """Return whose plans are looked at closely, among the solvers of a table."""
    solvers = frame["solver"].tolist()
    return PLANNER if PLANNER in solvers else str(solvers[0])


def planned_settled(bench: Bench) -> tuple[dict[str, Cluster], dict[str, pd.DataFrame]]:
    """Let VMs come and go on Medium until clusters are as the scheduler keeps them, and let every solver plan there."""
    settled = {}
    for name, cluster in bench.load("medium").items():
        churn = Churn(cluster, lambda _: ARRIVALS, seed=1000)
        churn.advance(SETTLE_S)
        settled[f"{name}-settled"] = churn.snapshot(f"{name}-settled")
    return settled, plans_of(bench.compare(f"medium-settled-mnl{LIMIT}", settled, LIMIT), settled)


def trajectory(cluster: Cluster, plans: pd.DataFrame, rate: float, seed: int) -> Iterator[dict[str, object]]:
    """Let VMs come and go once; at each delay apply what is left of each plan to a copy of the cluster."""
    churn = Churn(cluster, lambda _: rate, seed)
    start = churn.fr()
    waits = [(float(delay), "delay", row) for delay in DELAYS_S for row in plans.to_dict("records")]
    if rate == ARRIVALS:
        waits += [(row["seconds"], "own time", row) for row in plans.to_dict("records")]
        slow = where(plans, solver=planner_of(plans)).to_dict("records")[0]
        waits.append((PAPER_S, "own time", {**slow, "solver": f"{slow['solver']}, published time"}))
    now = cluster
    for delay_s, charged, row in sorted(waits, key=lambda wait: wait[0]):
        if churn.advance(delay_s):
            now = churn.snapshot(cluster.name)
        left = surviving(now, cluster, row["plan"])
        yield {
            "seed": seed,
            "solver": row["solver"],
            "charged": charged,
            "delay_s": delay_s,
            "start_fr": start,
            "gain": start - fr_after(cluster, row["plan"]),
            "none_fr": churn.fr(),
            "fr": fr_after(now, left),
            "migrations": len(left),
        }
