"""Whole comparisons of stub solvers: the run folder, fairness among neighbours, and resumption."""

import json
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from data import Cluster, InputError
from data.plan_file import read_plan, to_plan
from harness.comparison import Comparison, conclude
from harness.hardware import available_cores
from harness.records import RUN_COLUMNS, read_curves, read_runs
from solvers import SolverSpec
from tests.harness.conftest import Compare
from tests.harness.stubs import BEST


def test_misbehaviour_harms_nobody_else(compare: Compare, console: Console) -> None:
    """Late, failed and invalid runs count with the initial FR and no plan, and the good solver between them wins."""
    folder = compare("stub-spinner,stub-exiter,stub-good,stub-cheater")
    runs = read_runs(folder).set_index("solver")
    assert dict(runs["status"]) == {
        "stub-spinner": "late",
        "stub-exiter": "failed",
        "stub-good": "ok",
        "stub-cheater": "invalid",
    }
    for name in ("stub-spinner", "stub-exiter", "stub-cheater"):
        row = runs.loc[name]
        assert row["final_fr"] == row["initial_fr"] == pytest.approx(2 / 3)
        assert (row["migrations"], row["slots_gained"], row["plan"]) == (0, 0, "")
        assert pd.isna(row["bound_fr"])
    good = runs.loc["stub-good"]
    assert (good["final_fr"], good["bound_fr"], good["migrations"], good["slots_gained"]) == (0, 0, 2, 2)
    log = (folder / "failures.log").read_text()
    assert "tiny stub-exiter mnl=2 seed=0: failed: the process exited with code 3: goodbye" in log
    assert "invalid: migration 0: VM vm_1 is pinned" in log
    assert conclude(folder, console)
    assert {path.name for path in folder.iterdir()} >= {
        "runs.csv", "curves.csv", "run.json", "report.html", "fr_vs_migrations.png", "fr_vs_time.svg",
    }  # fmt: skip


def test_curves_agree_with_plans(compare: Compare, tiny: Cluster) -> None:
    """The curve by migrations is the plan file's, and the one by time ends with the checked answer, no boast in it."""
    folder = compare("stub-good")
    row = read_runs(folder).iloc[0]
    plan_file = read_plan(folder / row["plan"])
    assert to_plan(plan_file, tiny) == BEST
    curves = read_curves(folder)
    steps = curves[curves["kind"] == "migration"]
    assert list(steps["x"]) == [0, 1, 2]
    assert list(steps["fr"]) == [plan_file.initial_fr, *(step.fr_after for step in plan_file.migrations)]
    times = curves[curves["kind"] == "time"]
    assert set(times["fr"].round(6)) <= {round(row["initial_fr"], 6), round(1 / 3, 6), row["final_fr"]}
    assert times["x"].iloc[-1] == row["solve_s"]


def test_the_folder_keeps_to_the_contract(compare: Compare) -> None:
    """``runs.csv`` has exactly the promised columns, and ``run.json`` says how to judge and repeat the comparison."""
    folder = compare("stub-good:moves=1", mnls=[1, 2], seeds=[0, 7])
    header, *rows = (folder / "runs.csv").read_text().splitlines()
    assert header == ",".join(RUN_COLUMNS)
    assert len(rows) == 4
    assert rows[-1].startswith("tiny,stub-good,moves=1,7,2,0.3,ok,")
    assert (folder / "plans" / "stub-good" / "tiny-mnl2-seed7.json").exists()
    record = json.loads((folder / "run.json").read_text())
    assert record["configuration"]["threads_per_solver"] == len(available_cores())
    assert record["solvers"]["stub-good"]["parameters"] == {"moves": "1", "nap_s": "0.0"}
    assert len(record["inputs"]["tiny"]) == 64
    attempt = record["attempts"][0]
    assert attempt["complete"]
    assert attempt["hardware"]["cores"] == len(available_cores())
    assert attempt["packages"]["numpy"]
    assert {"commit", "dirty", "python", "command", "started", "finished"} <= set(attempt)


def test_settings_of_one_solver_are_told_apart(compare: Compare) -> None:
    """A solver that appears twice carries its parameters in its label and, made safe, in its paths."""
    folder = compare("stub-good:moves=1,stub-good:moves=2")
    runs = read_runs(folder)
    assert list(runs["solver"]) == ["stub-good:moves=1", "stub-good:moves=2"]
    assert list(runs["plan"]) == [f"plans/stub-good-moves={moves}/tiny-mnl2-seed0.json" for moves in (1, 2)]


def test_one_solver_twice_is_refused(tiny: Cluster, tmp_path: Path) -> None:
    """Two runs that could not be told apart are refused before anything runs."""
    with pytest.raises(InputError, match="named twice"):
        Comparison([SolverSpec("ha"), SolverSpec("ha")], {"tiny": tiny}, [1], [0], 1.0, tmp_path)


def test_resumption_runs_only_what_is_missing(compare: Compare) -> None:
    """Resumed, a folder keeps finished rows as they are and forgets what an unfinished run left."""
    folder = compare("stub-good", seeds=[0, 1])
    before = (folder / "runs.csv").read_text()
    lines = before.splitlines(keepends=True)
    (folder / "runs.csv").write_text("".join(lines[:2]) + lines[2][:20])  # the second row was being written
    compare("stub-good", seeds=[0, 1])
    after = (folder / "runs.csv").read_text().splitlines(keepends=True)
    assert after[:2] == lines[:2]
    assert len(after) == 3
    curves = (folder / "curves.csv").read_text().splitlines()
    assert len(set(curves)) == len(curves)
    assert sum(",1,2,migration," in line for line in curves) == 3
    assert len(json.loads((folder / "run.json").read_text())["attempts"]) == 2


def test_resumption_with_another_configuration_is_refused(compare: Compare) -> None:
    """Rows of two configurations never meet in one folder."""
    compare("stub-good")
    with pytest.raises(InputError, match=r"solvers was .*stub-good.* and is now .*stub-good:moves=1"):
        compare("stub-good:moves=1")


@pytest.mark.skipif(len(available_cores()) < 2, reason="needs two cores")
def test_two_jobs_share_the_cores(compare: Compare) -> None:
    """With two jobs every run is pinned to half of the cores, and all runs are recorded once."""
    folder = compare("stub-reporter", seeds=[0, 1, 2], jobs=2)
    assert sorted(read_runs(folder)["seed"]) == [0, 1, 2]
    half = len(available_cores()) // 2
    assert f"threads=('{half}', '{half}')" in (folder / "failures.log").read_text()
    assert json.loads((folder / "run.json").read_text())["configuration"]["threads_per_solver"] == half


def test_unsound_bounds_are_loud(compare: Compare, console: Console) -> None:
    """A bound above what a checked plan reached is called so on the terminal and in the report, and counts nowhere."""
    folder = compare("stub-boaster,stub-good")
    assert not conclude(folder, console)
    assert "UNSOUND BOUND stub-boaster on tiny" in console.export_text()
    assert "Unsound bounds" in (folder / "report.html").read_text()


def test_a_folder_of_failures_is_still_reported(compare: Compare, console: Console) -> None:
    """Figures and report come out when no run went well, and name the reasons."""
    folder = compare("stub-raiser,stub-unready")
    assert conclude(folder, console)
    report = (folder / "report.html").read_text()
    assert "ZeroDivisionError: on purpose" in report
    assert "no weights" in report
    assert (folder / "fr_vs_time.png").stat().st_size > 10_000
