"""JSON into msgspec structs: a wrong file is refused with the place in it, and the id of the thing there."""

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from data.errors import InputError, locate
from data.formats.files import one_line, read_text

T = TypeVar("T")

ID_FIELDS = ("instance_id", "node_id", "vm", "cluster_name")
"""Fields that name the object they are in, in any of our formats."""


def read_json(path: Path, kind: type[T]) -> T:
    """Read a JSON file as ``kind``; fields that ``kind`` does not have are ignored.

    Raises
    ------
    InputError
        When the file cannot be read, is no JSON, or a value is missing or of the wrong type.
    """
    text = read_text(path)
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise _misfit(path, text, str(error)) from None
    except msgspec.DecodeError as error:
        raise _malformed(path, text, str(error)) from None
    except RecursionError:
        raise locate(path, "", "the JSON is nested too deeply; export the file again.") from None


def _misfit(path: Path, text: str, message: str) -> InputError:
    """Turn ``Expected `int`, got `str` - at `$.a[0].b``` into the house's sentence, with the id of ``a[0]``."""
    reason, _, place = message.partition(" - at `")
    place = place.removesuffix("`").removeprefix("$").removeprefix(".")
    name = _nearest_id(text, place)
    owner = f" ({name})" if name else ""
    reason = re.sub("^Invalid enum value (.*)", r"\1 is none of the values in docs/formats.md", reason)
    return locate(path, f"{place or 'top level'}{owner}", f"{one_line(reason, 200)}; correct it there.")


def _nearest_id(text: str, place: str) -> str:
    """Find the id of the innermost object on the way to ``place`` that has one."""
    try:
        here: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return ""
    found = ""
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", place):
        try:
            here = here[int(index)] if index else here[key]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(here, dict):
            found = next((here[name] for name in ID_FIELDS if isinstance(here.get(name), str)), found)
    return one_line(found)


def _malformed(path: Path, text: str, message: str) -> InputError:
    """Say where JSON itself is broken, by line and column instead of bytes."""
    match = re.search(r"\(byte (\d+)\)", message)
    if match is None:
        return locate(path, "", f"{message[:1].lower()}{message[1:]}; the file is cut off or broken, export it again.")
    reason = message[: match.start()].strip()
    content = text.encode()
    position = int(match[1]) - ("trailing" in reason)  # msgspec has read the first trailing character by then
    before = content[:position].decode(errors="ignore")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    if content[position:].startswith((b"NaN", b"Infinity")):
        reason = "NaN and Infinity are no numbers in JSON"
    return locate(path, f"line {line}, column {column}", f"{reason}; correct the JSON there.")
