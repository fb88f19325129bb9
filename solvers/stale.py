"""Compiled kernels that must not outlive their sources.

Numba keeps a compiled function until the file that it is in changes. What it calls in other files is compiled into it,
and may be out of date without anyone noticing: after an update kernels would read arrays that are laid out otherwise.
"""

import hashlib
from contextlib import suppress
from pathlib import Path

PACKAGES = ("rl", "solvers")


def drop_stale_kernels(root: Path) -> bool:
    """Remove the index of the packages' compiled kernels where any source in ``root`` has changed since last time.

    Returns
    -------
    bool
        Whether they were removed. Where nothing can be written nothing can be cached beside the sources, either.
    """
    sources = sorted(source for package in PACKAGES for source in (root / package).rglob("*.py"))
    digest = hashlib.sha256()
    for source in sources:
        stat = source.stat()
        digest.update(f"{source.relative_to(root)} {stat.st_mtime_ns} {stat.st_size}\n".encode())
    stamp = root / "solvers" / "__pycache__" / "kernels.stamp"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return False
    with suppress(OSError):
        for package in PACKAGES:
            for index in (root / package).rglob("*.nbi"):
                index.unlink(missing_ok=True)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(digest.hexdigest())
        return True
    return False
