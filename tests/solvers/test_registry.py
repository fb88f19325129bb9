"""Solvers by name: what is listed, what is made, and what is refused with advice."""

import subprocess
import sys
from dataclasses import astuple

import pytest

from data import InputError
from solvers import SOLVERS, SolverSpec, create, parse_solvers, register


@pytest.mark.parametrize("name", list(SOLVERS))
def test_each_name_makes_its_solver(name):
    """Every listed solver can be made, and calls itself by the name it is listed under."""
    made = create(name)
    assert made.name == name
    assert made.params == made.Params()


@pytest.mark.parametrize("name", list(SOLVERS))
def test_defaults_name_no_place_on_the_machine(name):
    """Parameters are part of every record, which must read the same wherever the project lies."""
    assert [each for each in astuple(create(name).params) if str(each).startswith(("/", "~"))] == []


def test_importing_solvers_is_light():
    """Listing solvers loads none of the heavy packages."""
    code = "import solvers, sys; print([m for m in ('torch', 'ortools', 'pulp', 'pandas', 'rl') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("text", "advice"), [("gredy", "did you mean greedy?"), ("xyzzy", "choose among ha, greedy")])
def test_unknown_names_are_answered_with_advice(text, advice):
    """A misspelt name gets a suggestion, any other the list."""
    with pytest.raises(InputError) as caught:
        create(text)
    assert advice in str(caught.value)


def test_a_missing_package_is_named(monkeypatch):
    """A solver whose package is not installed says which one."""
    monkeypatch.setitem(SOLVERS, "absent", "no_such_package_at_all.solver:Solver")
    with pytest.raises(InputError, match="absent needs the package 'no_such_package_at_all'"):
        create("absent")


def test_register_adds_once(monkeypatch):
    """A new name is added and made; a name that is taken is refused."""
    monkeypatch.setattr("solvers.registry.SOLVERS", dict(SOLVERS))
    register("mine", SOLVERS["greedy"])
    assert create("mine").name == "greedy"
    with pytest.raises(InputError, match="registered already"):
        register("mine", "elsewhere:Solver")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("greedy", [("greedy", "")]),
        ("mip:workers=2:gap=0, greedy ,", [("mip", "workers=2:gap=0"), ("greedy", "")]),
        ("mip-paper:backend=highs,mip-paper", [("mip-paper", "backend=highs"), ("mip-paper", "")]),
    ],
)
def test_command_line_notation(text, expected):
    """Colons within a solver, commas between solvers; what is printed reads the same again."""
    specs = parse_solvers(text)
    assert [(spec.name, spec.params) for spec in specs] == expected
    assert parse_solvers(",".join(map(str, specs))) == specs


@pytest.mark.parametrize("text", ["", " , ", "mip:workers", "mip:=2", "mip:workers=2:"])
def test_bad_notation_is_refused(text):
    """What cannot be read is refused with an example or the list."""
    with pytest.raises(InputError, match=r"mip:workers=2|choose among"):
        parse_solvers(text)


def test_toml_has_a_table_for_each_solver(tmp_path):
    """One solver may stand in a file with several settings, in the file's order."""
    path = tmp_path / "solvers.toml"
    path.write_text('[greedy]\n[quick]\nsolver = "mip-paper"\nthreads = 2\n[mip-paper]\nbackend = "highs"\n')
    assert parse_solvers(str(path)) == [
        SolverSpec("greedy"),
        SolverSpec("mip-paper", (("threads", 2),)),
        SolverSpec("mip-paper", (("backend", "highs"),)),
    ]
    assert create(parse_solvers(str(path))[1]).params.threads == 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read"),
        ("[greedy", "not valid TOML"),
        ("greedy = 1\n", "is not a table"),
        (b"\xff\xfe", "TOML"),
    ],
)
def test_bad_toml_is_refused(tmp_path, content, complaint):
    """A file that cannot be used is named, with what to do."""
    path = tmp_path / "solvers.toml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=complaint) as caught:
        parse_solvers(str(path))
    assert str(path) in str(caught.value)
