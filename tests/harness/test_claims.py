"""Verdicts on the paper's claims, from tables small enough to judge by eye; and plans after a delay."""

import pandas as pd
import pytest

from data import Cluster
from harness.experiments.contract import Experiment, Frames
from harness.experiments.delays import ARRIVALS, CALM, DELAYS_S, trajectory
from harness.experiments.frames import where
from harness.experiments.goal import ORDER, Goal
from harness.experiments.latency import Latency
from harness.experiments.migrations import Migrations, tidy
from harness.experiments.seconds import Seconds
from harness.experiments.transfer import Transfer
from tests.harness.stubs import BEST


def _verdicts(experiment: Experiment, frames: Frames) -> dict[str, bool]:
    """Judge every claim; those that the tables do not decide are left out."""
    found = {claim.says: claim.test(frames) for claim in experiment.claims()}
    return {says: bool(verdict.holds) for says, verdict in found.items() if verdict is not None}


def test_improvements_are_held_against_the_published_ones() -> None:
    """Ha (published 30.3 %) may stay three points below, not four; who has no runs is not judged."""
    rows = [("ours", "ha", 0, 0.5), ("ours", "ha", 50, 0.363), ("ours", "mip", 0, 0.5), ("ours", "mip", 50, 0.3)]
    frame = pd.DataFrame(rows, columns=["source", "solver", "mnl", "fr"])
    theirs = tidy("fr_by_mnl", "fr").assign(source="published")
    verdicts = _verdicts(Migrations(), {"migrations": pd.concat([frame, theirs])})
    assert sorted((says.split()[0], holds) for says, holds in verdicts.items()) == [("ha", True), ("mip", False)]


def test_the_gap_of_the_agent_is_to_the_certified_bound() -> None:
    """2.86 % above MIP is published, so 0.31 against a bound of 0.30 is too much and 0.305 is not."""
    for reached, holds in ((0.31, False), (0.305, True)):
        rows = [("ours", "vmr2l", 0, 0.5), ("ours", "vmr2l", 50, reached), ("bound", "bound", 50, 0.30)]
        frame = pd.DataFrame(rows, columns=["source", "solver", "mnl", "fr"])
        verdicts = _verdicts(
            Migrations(), {"migrations": pd.concat([frame, tidy("fr_by_mnl", "fr").assign(source="published")])}
        )
        assert verdicts["vmr2l ends within 2.86 % of the optimum at MNL 50"] is holds


def test_a_late_learned_plan_breaks_its_claim() -> None:
    """Five seconds are the bar, and a model that gains nothing in them is said to."""
    columns = ["source", "solver", "mnl", "seconds", "late", "slots_gained"]
    rows = [
        ("ours", "vmr2l", 50, 6.0, 1, 0.0),
        ("ours", "mip-paper", 50, 4.6, 0, 0.0),
        ("ours", "mip", 50, 0.1, 0, 40.0),
    ]
    verdicts = _verdicts(Seconds(), {"time": pd.DataFrame(rows, columns=columns)})
    assert list(verdicts.values()) == [False, True, False]


def test_the_shape_of_the_delay_is_judged_at_three_points() -> None:
    """Flat to 5 s, half gone by 5 minutes, nothing left at 50."""
    columns = ["start", "arrivals", "solver", "delay_s", "kept"]
    rows = [("fresh", ARRIVALS, "mip", delay, kept) for delay, kept in ((5, 0.97), (300, 0.6), (3000, -0.02))]
    assert list(_verdicts(Latency(), {"latency": pd.DataFrame(rows, columns=columns)}).values()) == [True, False, True]


def test_night_keeps_plans_longer() -> None:
    """Rescheduling is for the hour in which a plan keeps more of its gain."""
    columns = ["start", "arrivals", "solver", "delay_s", "kept"]
    rows = [("fresh", CALM, "mip", 300, 0.8), ("fresh", ARRIVALS, "mip", 300, 0.4)]
    verdicts = _verdicts(Latency(), {"latency": pd.DataFrame(rows, columns=columns)})
    assert [holds for says, holds in verdicts.items() if says.startswith("Night")] == [True]


def test_the_agent_is_second_to_mip_alone() -> None:
    """Planners that the paper does not have may be better, any of its own but mip may not."""
    theirs = tidy("fr_by_mnl", "fr").assign(source="published")
    says = "Of the paper's planners only mip ends lower than vmr2l at MNL 50"
    for neuplan, holds in ((0.31, True), (0.29, False)):
        ends = {"mip": 0.28, "two-step": 0.285, "vmr2l": 0.30, "neuplan": neuplan}
        frame = pd.DataFrame([("ours", solver, 50, fr) for solver, fr in ends.items()])
        frame.columns = pd.Index(["source", "solver", "mnl", "fr"])
        assert _verdicts(Migrations(), {"migrations": pd.concat([frame, theirs])})[says] is holds


def test_a_goal_is_judged_by_the_order_of_three_planners() -> None:
    """At each of the two goals vmr2l must need fewer migrations than ha, and mip no more than vmr2l."""
    needs = {0.4: (21, 23, 31), 0.35: (30, 40, 40)}
    rows = [("ours", goal, solver, migrations) for goal, three in needs.items()
            for solver, migrations in zip(ORDER, three, strict=True)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["source", "goal", "solver", "migrations"])
    assert list(_verdicts(Goal(), {"goal": frame}).values()) == [True, False]


def test_transfer_is_judged_by_size_limit_and_seconds() -> None:
    """Five points worse than at the own size count, four at twice the limit do not; 3.8 s are the bar on Large."""
    shares = {("PMs", "0.5x"): 90, ("PMs", "1x"): 99, ("PMs", "2x"): 98, ("MNL", "50"): 99, ("MNL", "100"): 95}
    rows = [(*case, "vmr2l", share, 1.0) for case, share in shares.items()] + [("cluster", "large", "vmr2l", 99, 4.0)]
    frame = pd.DataFrame(rows, columns=["what", "case", "solver", "share", "seconds"])
    assert list(_verdicts(Transfer(), {"transfer": frame}).values()) == [True, True, False]


def test_a_plan_without_churn_keeps_all_its_gain(tiny: Cluster) -> None:
    """Where next to nothing comes or goes, every delay finds the plan as good as it was."""
    plans = pd.DataFrame({"solver": ["mip"], "seconds": [0.1], "plan": [BEST]})
    rows = pd.DataFrame(trajectory(tiny, plans, rate=1e-9, seed=0))
    assert rows["delay_s"].tolist() == list(DELAYS_S)
    assert rows["fr"].max() == pytest.approx(0)
    assert rows["gain"].tolist() == pytest.approx((rows["none_fr"] - rows["fr"]).tolist())


def test_every_solver_is_charged_with_its_own_time(tiny: Cluster) -> None:
    """At the rate of the ranking each solver appears with its seconds, and the planner once with the published ones."""
    plans = pd.DataFrame({"solver": ["ha", "mip"], "seconds": [0.1, 0.2], "plan": [BEST.prefix(1), BEST]})
    own = where(pd.DataFrame(trajectory(tiny, plans, rate=ARRIVALS, seed=0)), charged="own time")
    assert own.set_index("solver")["delay_s"].round(1).to_dict() == {
        "ha": 0.1,
        "mip": 0.2,
        "mip, published time": 3033.0,
    }
