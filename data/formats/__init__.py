"""Snapshots from files: the published VMR2L JSON and plain tables."""

from pathlib import Path

from data.cluster import Cluster
from data.errors import locate
from data.formats.vmr_json import load_json

__all__ = ["load", "load_json"]


def load(path: Path) -> Cluster:
    """Read a snapshot: a JSON file in the published format, or a folder with ``pms.csv`` and ``vms.csv``.

    Raises
    ------
    InputError
        When there is no snapshot at ``path``, or it cannot be used; says where in it and why.
    """
    if not path.exists():
        raise locate(path, "", "there is no such file or folder; check the path.")
    return load_json(path)
