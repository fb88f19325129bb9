"""``python -m data.check``, as a user runs it."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from data import Cluster, Objective, Plan
from data.formats import save_json
from data.plan_file import make_plan_file, write_plan

ROOT = Path(__file__).parents[2]


def check_cli(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "data.check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture
def files(tiny: Cluster, tmp_path: Path) -> tuple[Path, Path]:
    """Write the tiny cluster and the plan that brings it to FR 0."""
    save_json(tiny, tmp_path / "tiny.json")
    plan_file = make_plan_file(tiny, Plan.of([(0, 1, 1), (2, 1, 0)]), "tiny", "hand", 2, Objective())
    write_plan(tmp_path / "plan.json", plan_file)
    write_plan(tmp_path / "wrong.json", msgspec.structs.replace(plan_file, final_fr=0.1))
    return tmp_path / "tiny.json", tmp_path / "plan.json"


def test_verdicts(files: tuple[Path, Path]) -> None:
    """A valid plan ends with 0, an invalid one with 1, and each says why in one line."""
    cluster, plan = files
    valid = check_cli(cluster, plan)
    assert (valid.returncode, valid.stderr) == (0, "")
    assert valid.stdout == "valid: 2 migrations in 1 wave, FR 0.6667 -> 0.0000 (cores16), limit 2\n"
    wrong = check_cli(cluster, plan.with_name("wrong.json"))
    assert (wrong.returncode, wrong.stderr) == (1, "")
    assert wrong.stdout == "invalid: final_fr is claimed to be 0.1 but the replay gives 0\n"
    assert check_cli(cluster, plan, "--mnl", 1).returncode == 1


def test_bad_input(files: tuple[Path, Path]) -> None:
    """What cannot be judged ends with 2 and one sentence on the error stream."""
    cluster, plan = files
    missing = check_cli(cluster, plan.with_name("none.json"))
    assert (missing.returncode, missing.stdout, missing.stderr.count("\n")) == (2, "", 1)
    assert missing.stderr.startswith("error: ")
    assert "none.json: cannot be read" in missing.stderr
    assert "migrations[0].vm" not in missing.stderr


def test_help() -> None:
    """The help names what a newcomer needs."""
    text = check_cli("--help").stdout
    for word in ("CLUSTER", "PLAN", "--mnl", "--objective", "--stay-in-cluster", "--max-cost", "vmr-plan/1"):
        assert word in text
