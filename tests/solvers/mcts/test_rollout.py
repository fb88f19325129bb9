"""Roll-outs: where nothing gains they make ready, and so get further than the rule of two steps."""

from data import check
from solvers import Deadline, Problem, create
from solvers.incumbents import Incumbents
from solvers.mcts.gathering import Gathering
from solvers.mcts.rollout import roll_out
from solvers.moves import MoveTable
from solvers.toys import build, crowd

THREE = build(
    "three", [(16, 0), (16, 0), (16, 0), (16, 0)], [(0, 0, 5), (0, 0, 5), (0, 0, 5), (1, 0, 11), (2, 0, 11), (3, 0, 11)]
)


def test_three_departures_are_found_where_two_do_not_suffice():
    """Three VMs must leave one node before it is a slot; neither one nor two of them gain."""
    problem, deadline = Problem(THREE, 5), Deadline(10.0)
    assert not create("two-step").solve(problem, deadline).plan
    best = Incumbents(problem, deadline)
    roll_out(MoveTable(problem), (), Gathering(problem.cluster, problem.objective), best, deadline)
    assert len(best.plan) == 3
    assert check(THREE, best.plan, mnl=5).final_fr == 0


def test_no_step_loses():
    """The state at the end of a roll-out is as good as its best plan."""
    problem, deadline = Problem(crowd(8, seed=5), 20), Deadline(10.0)
    table, best = MoveTable(problem), Incumbents(problem, deadline)
    roll_out(table, (), Gathering(problem.cluster, problem.objective), best, deadline)
    assert problem.score.slots(table.placement.free) == best.slots
