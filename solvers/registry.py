"""The solvers by name, loaded when asked for, so that listing them imports nothing heavy."""

import difflib
import importlib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data import InputError
from solvers.contract import Solver
from solvers.params import build

SOLVERS: dict[str, str] = {
    "ha": "solvers.ha:FilterAndScore",
    "greedy": "solvers.greedy:Greedy",
    "two-step": "solvers.two_step:TwoStep",
    "swap": "solvers.swap:Swap",
    "vbpp": "solvers.vbpp:Vbpp",
    "pop": "solvers.pop:Pop",
    "mcts": "solvers.mcts:Mcts",
    "mip": "solvers.mip:Mip",
    "mip-paper": "solvers.mip_paper:MipPaper",
    "vmr2l": "rl.solver:VMR2L",
    "neuplan": "rl.neuplan:NeuPlan",
    "decima": "rl.decima.solver:Decima",
}
"""Name to ``module:Class``; the class takes its frozen parameter dataclass, which it names ``Params``."""


@dataclass(frozen=True)
class SolverSpec:
    """A solver by name, with the parameters that were written."""

    name: str
    values: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return ":".join([self.name, *(f"{key}={value}" for key, value in self.values)])

    @property
    def params(self) -> str:
        """The written parameters alone, as ``workers=2:gap=0``."""
        return ":".join(f"{key}={value}" for key, value in self.values)

    @classmethod
    def parse(cls, text: str, separator: str = ":") -> "SolverSpec":
        """Read ``mip:workers=2:gap=0``; a solver within a solver's parameters has another separator."""
        name, *pairs = text.strip().split(separator)
        values = []
        for pair in pairs:
            key, equals, value = pair.partition("=")
            if not equals or not key:
                raise InputError(
                    f"solver {text!r}: {pair!r} is not name=value; write for example mip{separator}workers=2."
                )
            values.append((key, value))
        return cls(name, tuple(values))


def register(name: str, target: str) -> None:
    """Add a solver: ``target`` is its ``module:Class``. A name is given once.

    Raises
    ------
    InputError
        When the name is taken.
    """
    if name in SOLVERS:
        raise InputError(f"solver {name!r} is registered already, as {SOLVERS[name]}; choose another name.")
    SOLVERS[name] = target


def create(spec: SolverSpec | str) -> Solver:
    """Make the solver that ``spec`` names, with its parameters.

    Raises
    ------
    InputError
        When no solver has this name (says which exist), a package it needs is missing (says which), or a parameter
        is wrong.
    """
    spec = SolverSpec.parse(spec) if isinstance(spec, str) else spec
    cls = _load(spec.name)
    solver: Solver = cls(build(spec.name, cls.Params, dict(spec.values)))
    return solver


def parameters(spec: SolverSpec) -> dict[str, str]:
    """Return all parameters of a solver as they stand in a record, those that were not written with their defaults.

    Raises
    ------
    InputError
        As `create` does.
    """
    made = build(spec.name, _load(spec.name).Params, dict(spec.values))
    return {key: str(value) for key, value in asdict(made).items()}


def create_inner(text: str) -> Solver:
    """Make the solver that another one works with, written with plus signs: ``mip+workers=1``.

    Raises
    ------
    InputError
        As `create` does.
    """
    return create(SolverSpec.parse(text, "+"))


def parse_solvers(text: str) -> list[SolverSpec]:
    """Read solvers separated by commas, or the path of a TOML file with one table a solver.

    A table's key ``solver`` names the solver where the table's own name does not, so that one solver can stand in a
    file with several settings.
    """
    if text.endswith(".toml"):
        return _read_toml(Path(text))
    specs = [SolverSpec.parse(part) for part in text.split(",") if part.strip()]
    if not specs:
        raise InputError(f"no solver is named; choose among {', '.join(SOLVERS)}.")
    return specs


def _read_toml(path: Path) -> list[SolverSpec]:
    try:
        tables: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give the path of a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}; correct it there.") from None
    specs = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise InputError(f"{path}: {name} is not a table; write [{name}] above the parameters of a solver.")
        values = tuple((key, value) for key, value in table.items() if key != "solver")
        specs.append(SolverSpec(str(table.get("solver", name)), values))
    return specs


def _load(name: str) -> Any:
    if name not in SOLVERS:
        close = difflib.get_close_matches(name, SOLVERS, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise InputError(f"there is no solver {name!r}{hint}; choose among {', '.join(SOLVERS)}.")
    module, _, attribute = SOLVERS[name].partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise InputError(f"solver {name} needs the package {error.name!r}; install it with pip.") from None
