"""Snapshots in files: the published VMR2L JSON and plain tables. ``docs/formats.md`` describes both."""

from pathlib import Path

from data.cluster import Cluster
from data.errors import locate
from data.formats import groups_file
from data.formats.files import is_dir, is_file
from data.formats.tables import load_tables, save_tables
from data.formats.vmr_json import load_json
from data.formats.vmr_json_save import save_json

__all__ = ["load", "load_json", "load_tables", "save_json", "save_tables"]


def load(path: Path) -> Cluster:
    """Read a snapshot: a JSON file in the published format, or a folder with ``pms.csv`` and ``vms.csv``.

    Raises
    ------
    InputError
        When there is no snapshot at ``path``, or it cannot be used; says where in it and why.
    """
    if is_dir(path):
        if not is_file(path / "pms.csv") and not is_file(path / "vms.csv"):
            raise locate(path, "", "the folder has no pms.csv and vms.csv; give one that has, or a JSON file.")
        return load_tables(path)
    if path.name.endswith(groups_file.SUFFIX):
        raise locate(path, "", "these are the groups of a snapshot; give the snapshot beside it instead.")
    if path.name in ("pms.csv", "vms.csv"):
        raise locate(path, "", "this is one table of two; give the folder that holds pms.csv and vms.csv.")
    if is_file(path) and path.suffix.lower() != ".json":
        raise locate(path, "", "not a known format; give a .json file, or a folder with pms.csv and vms.csv.")
    return load_json(path)
