"""Compiled kernels go when any source of theirs has changed, not only the file they are in."""

import os
from pathlib import Path

from solvers.stale import drop_stale_kernels


def test_kernels_last_as_long_as_all_sources(tmp_path: Path):
    """They stay while nothing changes, and go when another file of either package does."""
    for package in ("rl", "solvers"):
        (tmp_path / package / "__pycache__").mkdir(parents=True)
        (tmp_path / package / "code.py").touch()
    index = tmp_path / "rl" / "__pycache__" / "code.kernel-1.py311.nbi"
    assert drop_stale_kernels(tmp_path)
    index.touch()
    assert not drop_stale_kernels(tmp_path)
    assert index.exists()
    os.utime(tmp_path / "solvers" / "code.py", ns=(1, 1))
    assert drop_stale_kernels(tmp_path)
    assert not index.exists()
