"""The command lines, as a user meets them: exit codes, one-sentence errors, Ctrl-C."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data import Cluster
from data.formats.vmr_json_save import save_json
from data.plan_file import read_plan, to_plan
from harness.compare import main
from harness.records import read_runs
from solvers.toys import build
from tests.harness.stubs import BEST, STUBS

ROOT = Path(__file__).parents[2]
REGISTER = f"from solvers import register\nfor item in {STUBS}.items(): register(*item)\n"


def _start(module: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a command with the stubs registered, which listens to Ctrl-C even if the tests run in the background."""
    code = f"{REGISTER}import signal, sys, {module}\n"
    code += f"signal.signal(signal.SIGINT, signal.default_int_handler)\nsys.argv[0] = {module!r}\n{module}.main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.fixture
def snapshot(tiny: Cluster, tmp_path: Path) -> Path:
    """Return the path of ``tiny`` as a file."""
    path = tmp_path / "tiny.json"
    save_json(tiny, path)
    return path


def _await(condition: Path, rows: int) -> None:
    """Wait until a table has so many lines."""
    for _ in range(600):
        if condition.exists() and len(condition.read_text().splitlines()) >= rows:
            return
        time.sleep(0.05)
    pytest.fail(f"{condition} did not reach {rows} lines")


def test_ctrl_c_keeps_what_is_finished_and_resume_goes_on(snapshot: Path, tmp_path: Path) -> None:
    """Interrupted, a comparison still has rows, figures and a report, says how to go on, and can."""
    out = tmp_path / "run"
    arguments = ["--solvers", "stub-good:nap_s=0.3", "--data", snapshot, "--mnl", "2", "--seeds", "0,1,2,3,4,5,6,7,8,9"]
    arguments += ["--time-limit", "0.6", "--out", out]
    process = _start("harness.compare", *arguments)
    _await(out / "runs.csv", 3)
    process.send_signal(signal.SIGINT)
    code, _, err = _finish(process)
    assert code == 130, err
    assert err.startswith("Interrupted. Go on with: python -m harness.compare")
    assert err.rstrip().endswith("--resume")
    kept = read_runs(out)
    assert 2 <= len(kept) < 10
    assert set(kept["status"]) == {"ok"}
    assert "Interrupted" in (out / "report.html").read_text()
    code, _, err = _finish(_start("harness.compare", *arguments, "--resume"))
    assert code == 0, err
    runs = read_runs(out)
    assert sorted(runs["seed"]) == list(range(10))
    assert runs.head(len(kept)).equals(kept)
    assert json.loads((out / "run.json").read_text())["attempts"][-1]["complete"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mnl", "5,x"], "--mnl '5,x': give whole numbers"),
        (["--solvers", "gredy"], "there is no solver 'gredy' (did you mean greedy?)"),
        (["--time-limit", "0"], "the time limit is 0.0 s"),
        (["--jobs", "1000"], "--jobs 1000: this machine lends"),
        (["--resume"], "there is nothing to resume"),
        (["--data", "nowhere.json"], "nowhere.json"),
    ],
)
def test_bad_options_get_one_sentence(
    snapshot: Path,
    tmp_path: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What cannot be used is said in one line, with exit code 2, and nothing is written."""
    given = ["--data", snapshot, "--solvers", "stub-good", "--out", tmp_path / "run", *arguments]
    monkeypatch.setattr(sys, "argv", ["harness.compare", *map(str, given)])
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # this process keeps its own handlers
    with pytest.raises(SystemExit) as ended:
        main()
    err = capsys.readouterr().err
    assert ended.value.code == 2
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_plan_shows_checks_and_writes(snapshot: Path, tmp_path: Path, tiny: Cluster) -> None:
    """One command gives the table, what the plan achieves, and a plan file that holds it."""
    out = tmp_path / "plan.json"
    given = [snapshot, "--solver", "stub-good", "--mnl", "5", "--out", out]
    code, text, err = _finish(_start("harness.plan", *given))
    assert code == 0, err
    assert to_plan(read_plan(out), tiny) == BEST
    assert "FR 0.6667 -> 0.0000" in text
    assert "2 of 5 migrations" in text
    assert "no plan within the limit is better" in text
    assert "Checked: valid" in text


@pytest.mark.parametrize(
    ("goal", "steps", "sentence"),
    [("0.5", 1, "Goal FR 0.5: 1 migration; fewer cannot reach it, certified."),
     ("0", 2, "Goal FR 0: 2 migrations; whether fewer do is not known.")],
)  # fmt: skip
def test_plan_for_a_goal(snapshot: Path, tmp_path: Path, goal: str, steps: int, sentence: str) -> None:
    """With a goal the plan is as short as one that reaches it can be, and the last line says how certain that is."""
    out = tmp_path / "plan.json"
    code, text, err = _finish(
        _start("harness.plan", snapshot, "--solver", "stub-good", "--mnl", "5", "--goal", goal, "--out", out)
    )
    assert code == 0, err
    assert len(read_plan(out).migrations) == steps
    assert sentence in text


@pytest.mark.parametrize(
    ("solver", "pm", "sentence", "checked"),
    [("mip", "pm_0", "Emptied: pm_0, 2 VMs moved away.", "pm_0: empty"),
     ("greedy", "pm_0", "Emptied: pm_0, 2 VMs moved away.", "pm_0: empty"),
     ("mip", "pm_0,pm_1", "Not emptied: 2 of the 3 VMs on pm_0, pm_1 stay; no plan within the limits can empty them, "
                          "certified", "pm_0, pm_1: 2 VMs left")],
)  # fmt: skip
def test_plan_that_empties_a_pm(tmp_path: Path, solver: str, pm: str, sentence: str, checked: str) -> None:
    """The PM is empty at the end, whatever the solver, and the checker says so; or it is said that it cannot be."""
    snapshot, out = tmp_path / "room.json", tmp_path / "plan.json"
    save_json(build("room", [(16, 0), (16, 0), (16, 0)], [(0, 0, 8), (0, 0, 4), (1, 0, 6), (2, 0, 5)]), snapshot)
    given = [snapshot, "--solver", solver, "--mnl", "5", "--drain", pm, "--out", out]
    code, text, err = _finish(_start("harness.plan", *given))
    assert code == 0, err
    assert sentence in text
    verify = subprocess.run(
        [sys.executable, "-m", "data.check", snapshot, out], cwd=ROOT, capture_output=True, text=True
    )
    assert checked in verify.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--drain", "pm_7"], "there is no PM pm_7"), (["--drain", "pm_1", "--goal", "0.2"], "give one of them"),
     (["--max-cost", "-1"], "give 0 or more"), (["--goal", "2"], "between 0 and 1")],
)  # fmt: skip
def test_bad_aims_get_one_sentence(snapshot: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    """What cannot be aimed at is said in one line, and nothing is written."""
    code, _, err = _finish(
        _start("harness.plan", snapshot, "--solver", "stub-good", "--out", tmp_path / "p", *arguments)
    )
    assert code == 2
    assert message in err
    assert not (tmp_path / "p").exists()


def test_ctrl_c_while_planning_gives_the_best_so_far(snapshot: Path, tmp_path: Path) -> None:
    """Interrupted, a solver returns its best plan, which is checked and written."""
    out = tmp_path / "plan.json"
    process = _start("harness.plan", snapshot, "--solver", "stub-good:nap_s=50", "--time-limit", "55", "--out", out)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Planning")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    code, text, err = _finish(process)
    assert code == 0, err
    assert len(read_plan(out).migrations) == 2
    assert "Checked: valid" in text


@pytest.mark.parametrize("solver", ["stub-cheater", "stub-raiser", "stub-sleeper"])
def test_no_valid_plan_is_an_error(snapshot: Path, tmp_path: Path, solver: str) -> None:
    """A refused plan, a crash and silence each give one line and no file."""
    out = tmp_path / "plan.json"
    code, _, err = _finish(_start("harness.plan", snapshot, "--solver", solver, "--time-limit", "0.2", "--out", out))
    assert code == 2
    assert "error: " in err
    assert not out.exists()


def test_plot_of_no_comparison_is_an_error(tmp_path: Path) -> None:
    """A folder without runs gives one line."""
    code, _, err = _finish(_start("harness.plot", tmp_path))
    assert (code, err.count("\n")) == (2, 1)
