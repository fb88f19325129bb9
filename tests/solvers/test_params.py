"""Parameters: converted from text or TOML, and refused out of type or range."""

from dataclasses import dataclass, fields
from typing import Literal

import pytest

from data import InputError
from solvers import SOLVERS, create
from solvers.params import NoParams, build, param


@dataclass(frozen=True)
class Params:
    """One field of each kind."""

    workers: int = param(1, "threads", low=1, high=8)
    gap: float = param(0.0, "relative gap", low=0)
    backend: Literal["cbc", "highs"] = param("cbc", "who solves")
    hint: bool = param(True, "start from the incumbent")
    note: str = param("", "free text")


def test_defaults():
    """Nothing written means the defaults."""
    assert build("s", Params, {}) == Params()
    assert build("s", NoParams, {}) == NoParams()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("workers", "8", 8), ("workers", 2, 2), ("gap", "1e-3", 1e-3), ("gap", 1, 1.0), ("backend", "highs", "highs"),
        ("hint", "false", False), ("hint", True, True), ("hint", "True", True), ("note", 5, "5"),
    ],
)  # fmt: skip
def test_text_and_toml_values_are_converted(name, value, expected):
    """A value is of the field's type afterwards, wherever it came from."""
    made = getattr(build("s", Params, {name: value}), name)
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("worker", 1, "no parameter 'worker'; it has: workers, gap"),
        ("workers", "two", "'two' is not a whole number"),
        ("workers", "1.5", "is not a whole number"),
        ("workers", 1.5, "is not a whole number"),
        ("workers", True, "is not a whole number"),
        ("workers", float("inf"), "is not a whole number"),
        ("workers", float("nan"), "is not a whole number"),
        ("gap", True, "is not a number"),
        ("workers", 0, "between 1 and 8"),
        ("workers", 9, "between 1 and 8"),
        ("gap", -0.1, "at least 0"),
        ("gap", "nan", "out of range"),
        ("gap", "wide", "is not a number"),
        ("gap", None, "is not a number"),
        ("gap", [1], "is not a number"),
        ("backend", "gurobi", "not one of cbc, highs"),
        ("hint", "yes", "neither true nor false"),
        ("hint", 1, "neither true nor false"),
    ],
)
def test_wrong_values_are_refused(name, value, complaint):
    """An unknown name, a wrong type and a value out of range are each refused with what is right."""
    with pytest.raises(InputError) as caught:
        build("s", Params, {name: value})
    assert complaint in str(caught.value)
    assert "solver s" in str(caught.value)


@pytest.mark.parametrize("solver", list(SOLVERS))
def test_every_parameter_says_what_it_means(solver):
    """Each field of each solver has a meaning, and its default is one that could be written."""
    cls = create(solver).Params
    for field in fields(cls):
        assert field.metadata["meaning"], field.name
        assert build(solver, cls, {field.name: str(field.default)}) == cls()
