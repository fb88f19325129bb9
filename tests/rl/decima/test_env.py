"""Limits: which places best-fit may choose among, held against plain code."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import Objective, Rules
from rl.decima.env import POWERS, LimitedEnv
from solvers import Problem
from solvers.toys import crowd
from tests.strategies import clusters


def best_fit(problem: Problem, placement, vm: int, pms: list[int]) -> tuple[float, int]:
    """Return the slots gained and minus the sum of squared free cores at the best legal place on some PMs."""
    cluster, found = problem.cluster, []
    for pm, node in np.argwhere(placement.legal(vm)).tolist():
        if pm in pms:
            after = placement.free[pm].copy()
            after[slice(0, 2) if cluster.double[vm] else node] -= cluster.demand[vm]
            gain = float(problem.score.pm_slots(after) - problem.score.pm_slots(placement.free[pm]))
            found.append((round(gain, 6), -int(np.square(after[:, 0]).sum())))
    return max(found)


@settings(max_examples=20, deadline=None)
@given(clusters(), st.booleans(), st.sampled_from(("cores16", "double32", "0.5*cores8+0.5*memory16")))
def test_best_fit_among_the_first(snapshot, stay, text):
    """Under every limit, the place is the best of the first PMs that can take the VM, and all options are listed."""
    problem = Problem(snapshot, 5, Objective.parse(text), Rules(stay_in_cluster=stay))
    env, placement = LimitedEnv([problem]), problem.placement()
    env.observe()
    for vm in range(snapshot.vms):
        legal = placement.legal(vm)
        able = [pm for pm in env.order(0) if legal[pm].any()]
        rows = env.goals(np.array([vm]), np.array([0])).rows
        limits = [1 << limit for limit in range(POWERS) if 1 << limit < len(able)]
        assert rows[:, 3].tolist() == ([*limits, len(able)] if able else [])
        for _, _, limit, considered, gain, place, _ in rows.tolist():
            pm, node = divmod(int(place), 2)
            assert legal[pm, node]
            wanted = best_fit(problem, placement, vm, able[: int(considered)])
            assert gain == pytest.approx(wanted[0], abs=1e-5)
            assert best_fit(problem, placement, vm, [pm]) == wanted
            assert limit == POWERS or considered == 1 << int(limit)


def test_the_order_is_the_same_in_every_run():
    """Two environments of the same problems list the same options, and each problem has an order of its own."""
    problems = [Problem(crowd(9), 4)] * 2
    one, other = LimitedEnv(problems), LimitedEnv.restored(tuple(LimitedEnv(problems).arrays))
    assert [one.order(place) for place in (0, 1)] == [other.order(place) for place in (0, 1)]
    assert one.order(0) != one.order(1)
