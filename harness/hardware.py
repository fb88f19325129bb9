"""The cores that solvers run on, and what the record says of the machine."""

import os
import platform
from pathlib import Path

from data import InputError


def available_cores() -> list[int]:
    """Return the cores this process may use, hyper-threads of one core beside each other."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0), key=_siblings)
    return list(range(os.cpu_count() or 1))


def _siblings(core: int) -> tuple[int, int]:
    path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    try:
        first = path.read_text().replace("-", ",").split(",")[0]
        return int(first), core
    except (OSError, ValueError):
        return core, core


def lanes(jobs: int) -> list[tuple[int, ...]]:
    """Cut the cores into ``jobs`` disjoint sets of the same size; one left over is not used.

    Raises
    ------
    InputError
        When there are fewer cores than jobs.
    """
    cores = available_cores()
    if not 1 <= jobs <= len(cores):
        raise InputError(f"--jobs {jobs}: this machine lends {len(cores)} cores; give a number between 1 and that.")
    share = len(cores) // jobs
    return [tuple(cores[lane * share : (lane + 1) * share]) for lane in range(jobs)]


def describe() -> dict[str, object]:
    """Return the CPU model, the cores, the memory (MiB) and the system of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {
        "cpu": _cpu_model(),
        "cores": len(available_cores()),
        "memory_mib": memory,
        "system": platform.platform(),
        "pinned": hasattr(os, "sched_setaffinity"),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
