"""What the documentation shows is true: its links lead somewhere, and its example works."""

import importlib.util
import re
from pathlib import Path

import pytest

from solvers import SOLVERS
from solvers.conformance import check_solver

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    """Every relative link points to a file, and its anchor to a heading."""
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings], target


@pytest.mark.parametrize("page", ["README.md", "docs/solvers.md"])
def test_every_solver_is_listed(page):
    """A solver that can be named stands in the tables."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [name for name in SOLVERS if f"| `{name}` |" not in text] == []


def test_the_solver_of_the_readme_keeps_the_contract(tmp_path):
    """The example that shows how to add a solver is complete, passes every check, and is as short as it says."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Add a solver")[2]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL).group(1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    path = tmp_path / "steepest.py"
    path.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("steepest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    check_solver(module.Steepest)
