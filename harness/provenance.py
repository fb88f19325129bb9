"""``run.json``: what is needed to judge a comparison, and to repeat it."""

import hashlib
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import msgspec

from data import Cluster, InputError
from data.formats.files import write_text
from harness import hardware

ROOT = Path(__file__).parents[1]


def describe_code() -> dict[str, Any]:
    """Return the versions of Python and of every installed package, and the commit of this checkout."""
    packages = {each.metadata["Name"]: each.version for each in distributions()}
    status = _git("status", "--porcelain", "--untracked-files=no")
    return {
        "python": platform.python_version(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
        "commit": _git("rev-parse", "HEAD"),
        "dirty": None if status is None else bool(status),
    }


def checksum(cluster: Cluster) -> str:
    """Return the SHA-256 of everything a planner sees of a cluster, whatever file or generator it came from."""
    digest = hashlib.sha256()
    for name in ("capacity", "demand", "double", "pm", "node", "open", "movable", "pool", "rack", "migration_cost"):
        array = getattr(cluster, name)
        digest.update(f"{name}{array.shape}{array.dtype.str}".encode())
        digest.update(array.tobytes())
    digest.update(repr((cluster.pm_names, cluster.vm_names, cluster.groups)).encode())
    return digest.hexdigest()


def begin(
    folder: Path, command: str, configuration: dict[str, Any], solvers: dict[str, Any], inputs: dict[str, str]
) -> None:
    """Write ``run.json``, or add this attempt to the one that is there.

    Raises
    ------
    InputError
        When the folder was made with another configuration or other inputs.
    """
    path = folder / "run.json"
    if path.exists():
        record = read(folder)
        _require_same(path, record["configuration"], configuration)
        _require_same(path, record["inputs"], inputs)
    else:
        record = {"configuration": configuration, "solvers": solvers, "inputs": inputs, "attempts": []}
    attempt = {"command": command, "started": _now(), "finished": None, "complete": False}
    record["attempts"].append({**attempt, "hardware": hardware.describe(), **describe_code()})
    _write(path, record)


def finish(folder: Path, complete: bool) -> None:
    """Note when the attempt ended, and whether every run has been."""
    record = read(folder)
    record["attempts"][-1].update(finished=_now(), complete=complete)
    _write(folder / "run.json", record)


def read(folder: Path) -> dict[str, Any]:
    """Return the content of ``run.json``.

    Raises
    ------
    InputError
        When it is missing or not valid.
    """
    path = folder / "run.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give the folder of a comparison.") from None
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not valid JSON ({error}); restore the file.") from None


def _require_same(path: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    for key in [*new, *old]:
        if old.get(key) != new.get(key):
            raise InputError(
                f"{path}: {key} was {old.get(key)} and is now {new.get(key)}; "
                "resume with the same configuration, or choose another --out."
            )


def _write(path: Path, record: dict[str, Any]) -> None:
    write_text(path, msgspec.json.format(msgspec.json.encode(record), indent=2).decode() + "\n")


def _git(*arguments: str) -> str | None:
    """Return what git says of the checkout; None without git or outside a repository."""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True)  # noqa: S607 - git as the user has it
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
