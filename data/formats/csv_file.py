"""CSV files with named columns: a wrong header is refused with what is known, a wrong cell with its line and column."""

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError, locate
from data.formats.files import one_line, read_text

CLOSE = 0.7
"""Similarity from which an unknown column is taken for a misspelt one: rack_id for rack, moveable for movable."""


@dataclass(frozen=True)
class Record:
    """One line of a table."""

    where: str
    """The file and the line."""
    owner: str
    """What the line is about, as ``VM vm_12``."""
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        if not self.cells[column]:
            raise self.error(column, f"{one_line(self.owner)} has no {column}; fill the cell in.")
        return self.cells[column]

    def choice(self, column: str, choices: dict[str, str]) -> str:
        """Return what stands for a cell among ``choices``, given in lower case."""
        value = self.text(column)
        if value.lower() not in choices:
            wanted = ", ".join(choices)
            raise self.error(column, f"{one_line(self.owner)} has {one_line(value)}; write one of {wanted}.")
        return choices[value.lower()]

    def number(self, column: str) -> float:
        """Return a number that has no sign, exponent or separator; 4096.0 is fine."""
        value = self.text(column)
        if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{0,15})?", value):
            shown = one_line(value, 40)
            raise self.error(column, f"{one_line(self.owner)} has {shown}; write a whole number in plain digits.")
        return float(value)

    def error(self, column: str, message: str) -> InputError:
        """Name the file, line and column where ``message`` applies."""
        return InputError(f"{self.where}, column {column}: {message}")


def read_table(
    path: Path, kind: str, required: Sequence[str], optional: Sequence[str]
) -> tuple[list[str], list[Record]]:
    """Read a CSV file whose first line names its columns, in any order.

    Outer blanks, blank lines, a byte order mark and either line ending are tolerated, and columns of other names are
    ignored unless they look like a misspelt one.

    Parameters
    ----------
    path
        The file.
    kind
        What a line is about; its name is in the first of the required columns.
    required, optional
        The known columns, in lower case.

    Returns
    -------
    columns, records
        The known columns that the file has, and one record a line.

    Raises
    ------
    InputError
        When the file cannot be read, a column is missing, or a line has another number of cells than the header.
    """
    lines = _lines(path, read_text(path))
    _, header = next(lines, (1, []))
    columns = [cell.lower() for cell in header]
    _check_header(path, columns, required, optional)
    known = [column for column in columns if column in (*required, *optional)]
    records = []
    for line, cells in lines:
        if len(cells) != len(columns):
            raise locate(
                path, f"line {line}", f"there are {len(cells)} cells under {len(columns)} columns; quote a cell that "
                "contains a comma."
            )  # fmt: skip
        row = dict(zip(columns, cells, strict=True))
        record = Record(f"{path}: line {line}", f"{kind} {row[required[0]]}", row)
        record.text(required[0])
        records.append(record)
    return known, records


def _lines(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line that is not blank, with the number of the line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield line, stripped
            line = reader.line_num + 1
    except csv.Error as error:
        raise locate(path, f"line {line}", f"this is not CSV ({error}); correct the quotes there.") from None


def _check_header(path: Path, columns: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> None:
    known = (*required, *optional)
    for index, column in enumerate(columns):
        if column in known and column in columns[:index]:
            raise locate(path, f"line 1, column {column}", "the column appears twice; keep one.")
        absent = [name for name in known if name not in columns]
        close = difflib.get_close_matches(column, absent, n=1, cutoff=CLOSE)
        if column not in known and close:
            where = f"line 1, column {one_line(column)}"
            raise locate(path, where, f"no such column is known (did you mean {close[0]}?); rename or remove it.")
    missing = [name for name in required if name not in columns]
    if missing:
        raise locate(
            path, "line 1", f"the column {missing[0]} is missing; a comma-separated header names {', '.join(required)} "
            f"and, where wanted, {', '.join(optional)}."
        )  # fmt: skip
