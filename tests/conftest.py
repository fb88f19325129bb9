"""Clusters that many tests share."""

from pathlib import Path

import numpy as np
import pytest

from data import AntiAffinity, Cluster
from data.formats import load

REAL = Path(__file__).parents[1].parent / "shared" / "data" / "bytedance"


def _real(name: str) -> Cluster:
    path = REAL / f"{name}.json"
    if not path.exists():
        pytest.skip(f"needs the released snapshot {name}.json in shared/data/bytedance beside the project")
    return load(path)


@pytest.fixture(scope="session")
def medium() -> Cluster:
    """Return the released Medium snapshot: 279 PMs, 2,089 VMs, FR 0.9770."""
    return _real("medium")


@pytest.fixture(scope="session")
def large() -> Cluster:
    """Return the released Large snapshot: 1,176 PMs, 4,546 VMs, FR 0.6003."""
    return _real("large")


@pytest.fixture(scope="session")
def tiny() -> Cluster:
    """Return two PMs of 2 x 32 cores, a closed one, and five VMs, one of them pinned and two in a host group.

    FR is 2/3, then 1/3 after vm_0 to node 1 of pm_1, then 0 after vm_2 to node 0 of pm_1.
    """
    return Cluster(
        name="tiny",
        capacity=np.full((3, 2, 2), (32, 128)),
        demand=np.array([[8, 16], [16, 32], [24, 48], [8, 16], [16, 32]]),
        double=np.array([False, False, False, True, False]),
        pm=np.array([0, 0, 0, 1, 1]),
        node=np.array([0, 0, 1, 0, 1]),
        pm_names=("pm_0", "pm_1", "pm_2"),
        vm_names=("vm_0", "vm_1", "vm_2", "vm_3", "vm_4"),
        open=np.array([True, True, False]),
        movable=np.array([True, False, True, True, True]),
        pool=np.array([0, 0, 1]),
        rack=np.array([0, 1, 1]),
        pool_names=("east", "west"),
        rack_names=("r0", "r1"),
        groups=(AntiAffinity("host", (1, 4)),),
    )
