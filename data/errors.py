"""The one error that bad input raises."""

from pathlib import Path


class InputError(ValueError):
    """Something the user gave cannot be used; the message is one sentence: what, where, and what to do."""


def locate(path: Path | str, field: str, message: str) -> InputError:
    """Name the file and the place in it where ``message`` applies."""
    return InputError(f"{path}: {field}: {message}" if field else f"{path}: {message}")
