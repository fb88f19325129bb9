"""Solver parameters: frozen dataclasses, written on a command line or in TOML, checked field by field."""

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from data import InputError

P = TypeVar("P")


@dataclasses.dataclass(frozen=True)
class NoParams:
    """For a solver that has nothing to set."""


def param(default: Any, meaning: str, *, low: float | None = None, high: float | None = None) -> Any:
    """Declare a parameter: its default, its meaning with unit, and its legal range (both ends included)."""
    return dataclasses.field(default=default, metadata={"meaning": meaning, "low": low, "high": high})


def build(solver: str, cls: type[P], values: Mapping[str, Any]) -> P:
    """Make the parameters of ``solver`` from text or TOML values.

    Raises
    ------
    InputError
        When a name is unknown, a value is not of the field's type, or out of its range.
    """
    fields = {each.name: each for each in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(cls)
    unknown = [name for name in values if name not in fields]
    if unknown:
        known = ", ".join(fields) or "none"
        raise InputError(f"solver {solver} has no parameter {unknown[0]!r}; it has: {known}.")
    made = {name: _convert(solver, fields[name], hints[name], value) for name, value in values.items()}
    return cls(**made)


def _convert(solver: str, field: "dataclasses.Field[Any]", kind: Any, value: Any) -> Any:
    where = f"solver {solver}, parameter {field.name}"
    if typing.get_origin(kind) is typing.Literal:
        choices = typing.get_args(kind)
        if value not in choices:
            raise InputError(f"{where}: {value!r} is not one of {', '.join(choices)}.")
        return value
    if kind is bool:
        if str(value).lower() not in ("true", "false"):
            raise InputError(f"{where}: {value!r} is neither true nor false.")
        return str(value).lower() == "true"
    if kind is str:
        return str(value)
    try:
        if isinstance(value, bool) or (kind is int and isinstance(value, float) and not value.is_integer()):
            raise TypeError  # TOML's true and 1.5 would become 1
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        wanted = "a whole number" if kind is int else "a number"
        raise InputError(f"{where}: {value!r} is not {wanted}.") from None
    low, high = field.metadata.get("low"), field.metadata.get("high")
    if number != number or (low is not None and number < low) or (high is not None and number > high):
        bounds = f"at least {low}" if high is None else f"between {low} and {high}"
        raise InputError(f"{where}: {value} is out of range; it must be {bounds}.")
    return number
