"""The solving process, seen from outside: started inside the clock, and ended by it."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from solvers.deadline import Deadline
from solvers.mip_paper.task import Answer, Task

ROOT = Path(__file__).parents[2]
"""Where the solving process finds our packages."""
POLL_S = 0.005


def ask(task: Task, deadline: Deadline, reserve_s: float) -> Answer:
    """Let a process of its own solve ``task`` until ``reserve_s`` before the deadline; no answer where it fails."""
    with tempfile.TemporaryDirectory(prefix="mip-paper-") as name:
        folder = Path(name)
        (folder / "task.json").write_bytes(msgspec.json.encode(task))
        if not deadline.expired(reserve_s):
            _run(folder, deadline, reserve_s)
        answer = folder / "answer.json"
        return msgspec.json.decode(answer.read_bytes(), type=Answer) if answer.exists() else Answer(None, None)


def command(task: Path, answer: Path) -> list[str]:
    """Return the command line that solves the file ``task`` and writes the file ``answer``."""
    return [sys.executable, "-m", "solvers.mip_paper.child", str(task), str(answer)]


def _run(folder: Path, deadline: Deadline, reserve_s: float) -> None:
    """Run the process in ``folder``; when time is up it is killed, with the backend it started."""
    environment = {**os.environ, "TMPDIR": str(folder), "TMP": str(folder), "PYTHONPATH": str(ROOT)}
    with (folder / "errors.txt").open("wb") as errors:
        process = subprocess.Popen(
            command(folder / "task.json", folder / "answer.json"),
            stdin=subprocess.PIPE,
            stdout=errors,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
    try:
        while process.poll() is None and not deadline.expired(reserve_s):
            time.sleep(POLL_S)
        failed = process.returncode not in (None, 0)
    finally:
        _kill(process)
    if failed:
        lines = (folder / "errors.txt").read_text(errors="replace").strip().splitlines() or ["no message"]
        logging.getLogger(__name__).warning("the solving process of mip-paper failed: %s", lines[-1])


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End the process group and wait for it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdin:
        process.stdin.close()
    process.wait()
