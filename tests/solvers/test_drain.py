"""Emptying PMs: right on tiny clusters, certain where it says so, with any solver."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from data import InputError, Plan, Rules, check
from solvers import Deadline, Problem, create
from solvers.drain import drain
from solvers.evacuation import evacuate
from solvers.mip import Mip, MipParams
from solvers.toys import build
from tests.solvers.brute_force import best_emptied
from tests.solvers.tiny import drained_tiny

ROOM = build("room", [(16, 0), (16, 0), (16, 0)], [(0, 0, 8), (0, 0, 4), (1, 0, 6), (2, 0, 5)])
"""pm_0 can be emptied: both VMs fit on pm_1 or pm_2 as they are, though not both on one."""


@cache
def _mip():
    solver = Mip(MipParams(workers=1))
    solver.prepare()
    return solver


def _drained(problem, name="mip", limit_s=2.0):
    """Drain, and ask the checker about the plan and the PMs."""
    solver = _mip() if name == "mip" else create(name)
    result = drain(problem, solver, _mip(), Deadline(limit_s))
    plan = result.solution.plan
    verdict = check(problem.cluster, plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    assert verdict.valid, verdict.reason
    home = problem.cluster.pm.tolist()
    for migration in plan:
        home[migration.vm] = migration.pm
    assert [vm for vm, pm in enumerate(home) if pm in problem.rules.drain] == result.staying.tolist()
    return result, verdict.final_fr


@pytest.mark.parametrize("seeds", [range(start, start + 12) for start in (0, 20, 40)], ids=str)
def test_brute_force_agrees(seeds):
    """Plans are valid and no better than the best that empties; bounds hold; what is called impossible is."""
    missed, certain = [], 0
    for seed in seeds:
        problem = drained_tiny(seed)
        truth = best_emptied(problem)
        result, fr = _drained(problem)
        if truth is None:
            assert not result.emptied, f"seed {seed}"
            certain += 1 if result.obstacle else -1
            continue
        assert not result.obstacle, f"seed {seed}: {result.obstacle}"
        bound = result.solution.bound
        assert bound is None or bound <= float(truth) + 1e-9, f"seed {seed}: the bound is too high"
        assert not result.emptied or fr >= float(truth) - 1e-9, f"seed {seed}: better than brute force"
        if not result.emptied or fr > float(truth) + 1e-9:
            missed.append(seed)
    assert len(missed) <= 1, missed
    assert certain > 0, "most that is impossible is known to be"
    assert sum(best_emptied(drained_tiny(seed)) is not None for seed in seeds) >= 2


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["greedy", "ha", "mip-paper"])
def test_other_solvers_go_on_from_an_empty_pm(name, seed):
    """With any solver the PMs are emptied where that is possible, and its own migrations keep off them."""
    problem = drained_tiny(seed)
    truth = best_emptied(problem)
    result, fr = _drained(problem, name, 1.0)
    assert result.emptied == (truth is not None)
    assert truth is None or fr >= float(truth) - 1e-9


@pytest.mark.parametrize(
    ("problem", "obstacle"),
    [
        (Problem(ROOM, 1, rules=Rules(drain=frozenset({0}))), "2 VMs are there and only 1 may migrate"),
        (Problem(ROOM, 5, rules=Rules(max_cost=1, drain=frozenset({0}))), "cost 2 to migrate and only 1 may be spent"),
        (Problem(ROOM, 5, rules=Rules(drain=frozenset({0, 1}))), "their VMs cannot all be placed elsewhere"),
        (Problem(replace(ROOM, movable=np.array([True, False, True, True])), 5, rules=Rules(drain=frozenset({0}))),
         "VM vm_1 on PM pm_0 is pinned"),
    ],
)  # fmt: skip
def test_obstacles(problem, obstacle):
    """It is said why PMs cannot be emptied, and as many VMs as may and can get off all the same."""
    result, _ = _drained(problem)
    assert not result.emptied
    assert obstacle in result.obstacle
    assert problem.mnl < 5 or len(result.solution.plan) >= 1


def test_room_is_made():
    """A VM elsewhere moves where that makes room for one that must leave."""
    tight = build("tight", [(8, 0), (16, 0), (8, 0)], [(0, 0, 8), (1, 0, 10), (1, 0, 4), (2, 0, 2)])
    problem = Problem(tight, 3, rules=Rules(drain=frozenset({0})))
    for name in ("mip", "greedy"):
        result, _ = _drained(problem, name)
        assert result.emptied
        assert [migration.vm for migration in result.solution.plan] == [3, 0]
    assert not _drained(replace(problem, mnl=1))[0].emptied


def test_the_plain_way_does_what_it_can():
    """One by one, largest first, each VM goes to its best destination; limits hold."""
    problem = Problem(ROOM, 5, rules=Rules(drain=frozenset({0})))
    assert [migration.vm for migration in evacuate(problem, Plan(), Deadline(1.0))] == [0, 1]
    assert len(evacuate(replace(problem, mnl=1), Plan(), Deadline(1.0))) == 1
    assert len(evacuate(replace(problem, rules=Rules(max_cost=1, drain=frozenset({0}))), Plan(), Deadline(1.0))) == 1


def test_medium_is_drained_with_proof(medium):
    """Three PMs of the released Medium snapshot are emptied within 50 migrations, at a certified FR."""
    problem = Problem(medium, 50, rules=Rules(drain=frozenset({3, 9, 100})))
    result, fr = _drained(problem, limit_s=60.0)
    assert result.emptied
    assert result.solution.status == "optimal"
    assert fr == pytest.approx(result.solution.bound, abs=1e-9)


def test_no_such_pm():
    """A PM that does not exist is refused in a sentence."""
    with pytest.raises(InputError, match="does not exist"):
        Problem(ROOM, 1, rules=Rules(drain=frozenset({7})))
