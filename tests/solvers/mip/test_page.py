"""The page that explains the exact solver says what the code does."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

from solvers import Problem
from solvers.mip.bound import static_bound
from solvers.mip.pricing import Pricer, Prices
from solvers.mip.reduction import reduce_problem
from solvers.toys import build

PAGE = Path(__file__).parents[3] / "docs" / "exact.md"


def _table(heading):
    """Return the cells of the table whose first row begins with ``heading``, that row and the ruler left out."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_worked_example_runs():
    """What the page shows of the code is what the code prints."""
    results = doctest.testfile(str(PAGE), module_relative=False)
    assert results.attempted > 10
    assert results.failed == 0


def test_the_worked_example_is_right_by_hand():
    """The tables of G and V, computed by hand, are those of the pricer."""
    pricer = Pricer(reduce_problem(Problem(build("node", [(24, 0)], [(0, 0, 4), (0, 0, 8)]), 1)))
    evaluation = pricer.evaluate(Prices.rounded(np.array([0.0, -0.5]), np.zeros(0), 0.5))
    phi, arrival = ([float(cell) for cell in row[1:]] for row in _table("free cores"))
    assert phi == pricer.value[:, 0].tolist()
    assert arrival == evaluation.arrival[0, :, 0].tolist()
    held = int(pricer.singles.start[1])
    for row, earns, used in zip(_table("leaves"), evaluation.worth[held:], pricer.singles.used[held:, 0], strict=True):
        free = 3 + int(used)
        assert [float(cell) for cell in row[1:]] == [earns, 4 * free, arrival[free], earns + arrival[free]]


@pytest.mark.parametrize("first", [0, 3])
def test_the_bounds_in_closed_form_are_as_stated(medium, large, first):
    """The table of static bounds is what the code computes on the released snapshots."""
    cluster = (medium, large)[first // 3]
    for _, _, mnl, bound, at, optimum in _table("snapshot")[first : first + 3]:
        pricer = Pricer(reduce_problem(Problem(cluster, int(mnl))))
        evaluation = static_bound(pricer)
        slots = pricer.initial_slots + evaluation.bound
        above, _, below = at.partition("/")
        assert slots == pytest.approx(float(bound), abs=0.005)
        assert evaluation.prices.migration == pytest.approx(int(above) / int(below or 1), abs=1e-5)
        assert np.floor(slots) == int(optimum)


def test_nothing_outside_the_repository_is_cited():
    """Every file that the page names exists in the repository."""
    root = PAGE.parents[1]
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", PAGE.read_text(encoding="utf-8")):
        assert (root / name).exists(), name
