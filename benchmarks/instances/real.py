"""The two released production snapshots, where they lie beside the project."""

from pathlib import Path

from data import Cluster, InputError
from data.formats import load

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "bytedance"


def medium() -> Cluster:
    """Load the released Medium snapshot: 279 PMs, 2,089 VMs, FR 0.9770."""
    return _real("medium")


def large() -> Cluster:
    """Load the released Large snapshot: 1,176 PMs, 4,546 VMs, FR 0.6003."""
    return _real("large")


def _real(name: str) -> Cluster:
    path = FOLDER / f"{name}.json"
    if not path.exists():
        raise InputError(
            f"{name}: needs the released snapshot {name}.json in shared/data/bytedance beside the project."
        )
    return load(path)
