"""Built-in clusters as files, in the folders and with the numbers of the paper's data set."""

from pathlib import Path

from data.formats import save_json
from data.generators.recipe import Split, generate

FIRST_ID: dict[Split, int] = {"train": 0, "dev": 6000, "test": 6200}
"""Number of the first file of each split, as published (zhykoties/VMR2L_eurosys)."""


def file_of(out: Path, preset: str, split: Split, index: int) -> Path:
    """Name the file of a cluster: ``OUT/PRESET/SPLIT/flex_vm_ID.json``."""
    return out / preset / split / f"flex_vm_{FIRST_ID[split] + index}.json"


def write_one(out: Path, preset: str, split: Split, index: int) -> None:
    """Make a cluster and write its file in one step.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    save_json(generate(preset, split, index), file_of(out, preset, split, index))
