"""Every registered solver on the released snapshots, within its limits."""

import pytest

from data import check
from solvers import SOLVERS, Deadline, Problem, create
from solvers.conformance import TOLERANCE_S

LIMIT_S = 2.0


@pytest.mark.parametrize("name", list(SOLVERS))
def test_a_valid_answer_in_time_on_large(large, name):
    """1,176 PMs, 4,546 VMs, MNL 100, 2 s: every solver answers in time, and no solver raises."""
    problem = Problem(large, 100)
    solver = create(name)
    solver.prepare()
    deadline = Deadline(LIMIT_S)
    solution = solver.solve(problem, deadline)
    assert deadline.elapsed_s() <= LIMIT_S + TOLERANCE_S
    verdict = check(large, solution.plan, mnl=100)
    assert verdict.valid, verdict.reason
    assert verdict.final_fr <= verdict.initial_fr
    assert solution.bound is None or solution.bound <= verdict.final_fr + 1e-9
