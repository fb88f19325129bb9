"""Anti-affinity groups in a file of their own, beside a snapshot that has none."""

from pathlib import Path
from typing import Literal

import msgspec

from data.formats.files import is_file
from data.formats.rows import GroupRow
from data.formats.typed_json import read_json

SUFFIX = ".groups.json"


class _Group(msgspec.Struct):
    granularity: Literal["host", "rack"]
    vms: list[str]


class _GroupsFile(msgspec.Struct):
    format: Literal["vmr-groups/1"]
    groups: list[_Group]


def read_groups_beside(snapshot: Path) -> list[GroupRow]:
    """Read ``<stem>.groups.json`` beside ``<stem>.json``; no groups where there is no such file.

    Raises
    ------
    InputError
        When the groups file cannot be used.
    """
    path = snapshot.with_name(f"{snapshot.stem}{SUFFIX}")
    if not is_file(path):
        return []
    groups = read_json(path, _GroupsFile).groups
    return [GroupRow(f"{path}: groups[{index}]", group.granularity, group.vms) for index, group in enumerate(groups)]
