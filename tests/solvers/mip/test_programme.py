"""The growing linear programme and its integer programmes, on a problem that fits on a napkin."""

import numpy as np
import pytest

from solvers.mip.programme import ENGINES, Programme


def _napkin():
    """Maximise 5 a + 4 b with 6 a + 4 b <= 24 and a + 2 b <= 6: 21 at (3, 1.5), in integers 20 at (4, 0)."""
    programme = Programme()
    programme.add_row(-np.inf, 24.0)
    programme.add_row(-np.inf, 6.0)
    _add(programme, [5.0, 4.0], [[6.0, 4.0], [1.0, 2.0]])
    return programme


def _add(programme, cost, matrix):
    row, column = np.nonzero(matrix)
    value = np.array(matrix)[row, column]
    programme.add_columns(cost, [10.0] * len(cost), row, programme.columns + column, value)


def _integer(programme, engine="highs", keep=None, at_least=None, target=np.inf, penalty=None, limit_s=10.0):
    return programme.solve_integer(
        np.ones(programme.columns, dtype=bool) if keep is None else np.array(keep),
        np.zeros(programme.columns, dtype=np.int64) if at_least is None else np.array(at_least),
        engine, target=target, penalty=penalty, time_limit_s=limit_s, threads=1, seed=0,
    )  # fmt: skip


def test_linear_solution_and_its_prices():
    """Value, columns and row prices are those of the textbook, and the prices price the solution."""
    solution = _napkin().solve(10.0)
    assert solution.value == pytest.approx(21.0)
    assert solution.use == pytest.approx([3.0, 1.5])
    assert solution.row_price == pytest.approx([0.75, 0.5])


def test_rows_columns_and_costs_may_change_after_a_solve():
    """What is added or repriced later counts, as if it had been there from the start."""
    programme = _napkin()
    programme.solve(10.0)
    _add(programme, [6.0], [[4.0], [1.0]])
    assert programme.solve(10.0).value == pytest.approx(36.0)
    row = programme.add_row(-np.inf, 2.0)
    _add(programme, [7.0], [[4.0], [1.0], [1.0]])
    assert row == 2
    assert programme.solve(10.0).use == pytest.approx([0.0, 0.0, 4.0, 2.0])
    programme.set_cost(2, 0.0)
    assert programme.solve(10.0).value == pytest.approx(14.0 + 40 / 3, abs=1.0)
    assert programme.solve(10.0).use[2] == pytest.approx(0.0)


def test_equality_rows_hold():
    """A row whose bounds are equal is met exactly."""
    programme = _napkin()
    programme.add_row(1.0, 1.0)
    _add(programme, [-1.0], [[0.0], [0.0], [1.0]])
    assert programme.solve(10.0).value == pytest.approx(20.0)
    assert _integer(programme).tolist() == [4, 0, 1]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_finds_the_integer_optimum(engine):
    """HiGHS, CP-SAT and SCIP answer in whole numbers, and with the same value."""
    use = _integer(_napkin(), engine)
    assert use.dtype == np.int64
    assert use.tolist() == [4, 0]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_left_out_stays_out(engine):
    """Columns that are not kept are 0, lower bounds hold, and a penalty moves the choice but not the constraints."""
    assert _integer(_napkin(), engine, keep=[False, True]).tolist() == [0, 3]
    assert _integer(_napkin(), engine, at_least=[0, 2]).tolist() == [2, 2]
    assert _integer(_napkin(), engine, penalty=np.array([4.5, 0.0])).tolist() in ([0, 3], [2, 2])


@pytest.mark.parametrize("engine", ENGINES)
def test_no_solution_is_none(engine):
    """Lower bounds that the rows do not admit give None, not an exception."""
    assert _integer(_napkin(), engine, at_least=[5, 0]) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_answers_are_checked_in_integers(engine):
    """A solution that is feasible only within an engine's tolerance is refused: it would be a VM too many."""
    programme = Programme()
    programme.add_row(-np.inf, 3.0 - 1e-8)
    _add(programme, [1.0], [[3.0]])
    use = _integer(programme, engine)
    assert use is None or use.tolist() == [0]


def test_no_time_is_none():
    """Where the limit is shorter than the engine's overrun nothing is started."""
    assert _integer(_napkin(), limit_s=0.0) is None


def test_target_is_enough():
    """A target may end the search early, and never makes the answer infeasible or worth less than the target."""
    use = _integer(_napkin(), target=18.0)
    assert np.array([5, 4]) @ use >= 18
    assert use @ [6, 4] <= 24
    assert use @ [1, 2] <= 6
