"""The stub solvers under their names, and small run folders."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from data import Cluster
from harness.comparison import Comparison
from solvers import SOLVERS, parse_solvers
from tests.harness.stubs import STUBS

Compare = Callable[..., Path]


@pytest.fixture(autouse=True)
def _stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, target in STUBS.items():
        monkeypatch.setitem(SOLVERS, name, target)


@pytest.fixture
def console() -> Console:
    """Return a console that keeps what it shows."""
    return Console(width=120, record=True, force_terminal=False)


@pytest.fixture
def compare(tiny: Cluster, tmp_path: Path, console: Console) -> Compare:
    """Return a function that runs solvers on ``tiny`` and returns the run folder."""

    def run(solvers: str, **changes: object) -> Path:
        settings = {"mnls": [2], "seeds": [0], "time_limit_s": 0.3, "folder": tmp_path / "run", **changes}
        comparison = Comparison(parse_solvers(solvers), {"tiny": tiny}, **settings)
        comparison.run(console, "python -m harness.compare")
        return comparison.folder

    return run
