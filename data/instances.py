"""The clusters that a command line names: built-in presets, files and folders."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.cluster import Cluster
from data.errors import InputError, locate
from data.formats import load
from data.formats.files import is_dir, is_file, one_line
from data.formats.groups_file import SUFFIX
from data.generators import PRESETS, SPLITS, Split, generate


@dataclass(frozen=True)
class BuiltIn:
    """One cluster of a preset."""

    preset: str
    split: Split
    index: int


@dataclass(frozen=True)
class Instance:
    """A cluster that can be loaded, here or in another process; its name is unique and fit for a file name."""

    name: str
    source: Path | BuiltIn

    def load(self) -> Cluster:
        """Load or generate the cluster.

        Raises
        ------
        InputError
            When its file cannot be used.
        """
        if isinstance(self.source, Path):
            return load(self.source)
        return generate(self.source.preset, self.source.split, self.source.index)


def resolve(text: str, count: int, split: str = "test") -> list[Instance]:
    """List the clusters that ``text`` names, without loading them.

    Parameters
    ----------
    text
        Separated by commas: a preset (its first ``count`` clusters of the split), one cluster of a preset
        (``medium-test-0``), a snapshot file, a folder with ``pms.csv`` and ``vms.csv``, or a folder of snapshots (the
        first ``count``, in numeric order; where it has the folders train, dev and test, those of the split).
        ``./medium`` is a file or folder that has the name of a preset.
    count
        How many clusters of each preset or folder of snapshots; at least 1.
    split
        ``train``, ``dev`` or ``test``.

    Raises
    ------
    InputError
        When something is named that does not exist: says what does.
    """
    chosen = next((each for each in SPLITS if each == split), None)
    if chosen is None:
        raise InputError(f"there is no split {one_line(split)!r}; choose one of {', '.join(SPLITS)}.")
    if count < 1:
        raise InputError(f"{count} clusters are none to work on; give 1 or more.")
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise InputError(f"no cluster is named; give a file, a folder, or a preset: {', '.join(PRESETS)}.")
    sources = [source for part in parts for source in _sources(part, count, chosen)]
    return _named(list(dict.fromkeys(sources)))


def resolve_one(text: str) -> Instance:
    """Find the one cluster that ``text`` names, as ``resolve`` reads it.

    Raises
    ------
    InputError
        When it names none, or several.
    """
    found = resolve(text, 2)
    if len(found) > 1:
        raise InputError(f"{one_line(text, 300)!r} names several clusters, such as {found[0].name}; name one of them.")
    return found[0]


def _sources(part: str, count: int, split: Split) -> Sequence[Path | BuiltIn]:
    if part in PRESETS:
        return [BuiltIn(part, split, index) for index in range(count)]
    one = re.fullmatch(rf"({'|'.join(PRESETS)})-({'|'.join(SPLITS)})-([0-9]{{1,9}})", part)
    if one:
        return [BuiltIn(one[1], next(each for each in SPLITS if each == one[2]), int(one[3]))]
    path = Path(part)
    if is_file(path) or (is_dir(path) and is_file(path / "pms.csv")):
        return [path]
    if is_dir(path):
        return _folder(path, split)[:count]
    if len(path.parts) > 1 or path.suffix:
        raise locate(one_line(part, 300), "", "there is no such file or folder; check the path.")
    close = difflib.get_close_matches(part, PRESETS, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise InputError(
        f"{one_line(part)!r} is no preset{hint} and no file or folder; the presets are {', '.join(PRESETS)}."
    )


def _folder(folder: Path, split: Split) -> list[Path]:
    """List the snapshots of a folder in numeric order: those named as published, else every JSON file."""
    if any(is_dir(folder / each) for each in SPLITS):
        folder = folder / split
    if not is_dir(folder):
        raise locate(folder, "", "there is no such folder; choose another split or add it.")
    files = [path for path in folder.glob("*.json") if not path.name.endswith(SUFFIX)]
    published = [path for path in files if re.fullmatch(r"flex_vm_[0-9]+", path.stem)]
    if not files:
        raise locate(folder, "", "the folder has no snapshot; it needs .json files, or pms.csv and vms.csv.")
    return sorted(published or files, key=_numeric)


def _numeric(path: Path) -> list[tuple[int, str]]:
    """Order ``flex_vm_10`` after ``flex_vm_9``."""
    return [
        (int(part), "") if part.isascii() and part.isdigit() else (-1, part)
        for part in re.split(r"([0-9]+)", path.stem)
    ]


def _named(sources: Sequence[Path | BuiltIn]) -> list[Instance]:
    """Name each source by its file, then by its folder too, then by a number, until no two names are alike."""
    found: dict[str, Instance] = {}
    for source in sources:
        if isinstance(source, BuiltIn):
            names = [f"{source.preset}-{source.split}-{source.index}"]
        else:
            path = source.resolve()
            own = path.name if is_dir(path) else path.stem
            names = [own, f"{path.parent.name}-{own}"]
        names = [re.sub(r"[^\w.=-]+", "-", name).strip(".") or "cluster" for name in names]
        names += [f"{names[0]}-{number}" for number in range(2, len(sources) + 2)]
        name = next(name for name in names if name.casefold() not in found)
        found[name.casefold()] = Instance(name, source)
    return list(found.values())
