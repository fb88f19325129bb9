"""Objectives as node values and placeholders."""

import numpy as np
import pytest

from data import Objective, check
from solvers import Deadline, Problem
from solvers.mip import Mip
from solvers.mip.direct import solve_direct
from solvers.mip.worth import Worth, expresses
from solvers.toys import crowd

OBJECTIVES = ["cores16", "double64", "0.5*cores16+0.5*double64", "0.25*cores8+0.25*cores16+0.5*double32"]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_placeholders_and_nodes_are_worth_what_the_score_says(objective):
    """Any two free levels: as many placeholders as fit, and what is left on each node, add up to the PM's slots."""
    score = Problem(crowd(2), 1, Objective.parse(objective)).score
    worth = Worth.of(score)
    levels = worth.levels((200, 0), (1, 1))[:, 0]
    free = np.random.default_rng(0).integers(0, 200, size=(500, 2))
    held = free.min(axis=1) // worth.half if worth.half else np.zeros(500, dtype=int)
    value = held * worth.placeholder + levels[free - held[:, None] * worth.half].sum(axis=1)
    assert value == pytest.approx(score.pm_slots(np.stack([free, np.zeros_like(free)], axis=-1)), abs=1e-6)


def test_slots_that_do_not_divide_are_left_to_the_direct_model():
    """Placeholders add up exactly only where slots on one node divide half of those on both."""
    parse = Objective.parse
    assert not expresses(Problem(crowd(2), 1, parse("0.5*cores12+0.5*double64")).score)
    assert not expresses(Problem(crowd(2), 1, parse("0.5*double32+0.5*double64")).score)
    assert expresses(Problem(crowd(2), 1, parse("0.5*memory100+0.5*double64")).score)


@pytest.mark.parametrize("objective", OBJECTIVES[1:3])
def test_no_worse_than_the_direct_model_and_no_better_than_its_bound(objective):
    """On a small crowd both exact ways agree."""
    problem = Problem(crowd(6), 4, Objective.parse(objective))
    solution = Mip().solve(problem, Deadline(60.0))
    direct = solve_direct(problem, Deadline(60.0), lambda _: None, problem.placement(), threads=2, seed=0)
    verdict = check(problem.cluster, solution.plan, mnl=4, objective=problem.objective)
    assert verdict.valid, verdict.reason
    assert problem.score.slots_of(solution.bound) >= problem.score.slots_of(verdict.final_fr) - 1e-6
    assert problem.score.slots_of(verdict.final_fr) <= direct.bound_slots + 1e-6
    assert solution.status == "optimal"
