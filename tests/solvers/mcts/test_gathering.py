"""The finer score: slots first, then remainders gathered."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import Migration, Objective
from solvers import Problem
from solvers.mcts.gathering import Gathering
from solvers.moves import MoveTable
from solvers.toys import build
from tests.solvers.problems import OBJECTIVES, legal_moves, problems


@pytest.mark.parametrize(
    ("objective", "free", "remainders"),
    [
        ("cores16", [20, 12], [4 / 16, 12 / 16]),
        ("double32", [20, 24], [4 / 32, 8 / 32]),
        ("double32", [10, 40], [10 / 32, 16 / 32]),
        ("memory8", [4, 14], [4 / 8, 6 / 8]),
    ],
)
def test_remainders_by_hand(objective, free, remainders):
    """What a node has beyond whole slots; a double counts half a slot a node, and no more than a half."""
    cluster = build("bare", [(free[0], free[1])], [])
    cores = np.array([[[each, each] for each in free]])
    assert Gathering(cluster, Objective.parse(objective)).remainders(cores)[0] == pytest.approx(remainders)


def test_loose_cores_go_where_there_are_more():
    """Of 8 and 8 loose cores, a 4 makes 4 and 12; nothing more is gained by it."""
    vms = [(0, 0, 4), (0, 0, 4), (1, 0, 8)]
    cluster = build("even", [(16, 0), (16, 0)], vms, movable=np.array([True, True, False]))
    problem = Problem(cluster, 1)
    assert MoveTable(problem).best_move() is None
    assert MoveTable(problem, score=Gathering(cluster, problem.objective)).best_move() == Migration(0, 1, 0)


@settings(max_examples=40, deadline=None)
@given(problems(min_vms=1), st.sampled_from(OBJECTIVES[:4]), st.data())
def test_slots_come_first(problem, text, data):
    """A migration that gains slots of a plain rate gains by the finer score too, and one that loses slots loses."""
    problem = Problem(problem.cluster, problem.mnl, Objective.parse(text), problem.rules)
    moves = legal_moves(problem.placement())
    if not moves or not problem.score.quantum:
        return
    move = data.draw(st.sampled_from(moves))
    plain, finer = (MoveTable(problem, score=score) for score in (None, Gathering(problem.cluster, problem.objective)))
    gain = plain.gain(move)
    assert gain == 0 or np.sign(finer.gain(move)) == np.sign(gain)
