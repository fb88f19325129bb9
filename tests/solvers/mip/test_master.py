"""The restricted master: its value at convergence, its box, and what its patterns lose."""

import numpy as np
import pytest

from solvers import Problem
from solvers.mip.bound import static_bound
from solvers.mip.master import Master
from solvers.mip.pricing import Pricer, Prices
from solvers.mip.reduction import reduce_problem
from solvers.toys import crowd
from tests.solvers.mip.tools import converge, cores_problem, draw_prices, gainful_problems


@pytest.fixture(scope="module")
def converged():
    """Column generation run to its end on some tiny problems and a small crowd."""
    return [converge(problem) for problem in (*gainful_problems(12), Problem(crowd(12), 6))]


def test_linear_programme_meets_the_dual_function(converged):
    """When no column helps any more, the two values are the same: primal and dual are of one programme."""
    for _, relaxation, evaluation in converged:
        assert relaxation.value == pytest.approx(evaluation.bound, abs=1e-3)


def test_rows_hold(converged):
    """The relaxation keeps the MNL, the balance of every kind and the counts of classes and states."""
    for master, relaxation, _ in converged:
        reduction = master.pricer.reduction
        leaving = np.array([each.leaving for each in master.patterns]).reshape(-1, reduction.kinds)
        arriving = np.array([each.arriving for each in master.patterns]).reshape(-1, reduction.kinds)
        assert leaving.sum(axis=1) @ relaxation.use <= reduction.problem.mnl + 1e-6
        assert ((leaving - arriving).T @ relaxation.use <= 1e-6).all()
        nodes, pms = reduction.state_count.astype(float), reduction.class_count.astype(float)
        for pattern, use in zip(master.patterns, relaxation.use, strict=True):
            if pattern.pm_class < 0:
                nodes[pattern.state] -= use
            else:
                pms[pattern.pm_class] -= use
                np.subtract.at(nodes, reduction.class_states[pattern.pm_class], use)
        assert nodes.min() >= -1e-6
        assert pms.min() >= -1e-6


def test_patterns_leave_nothing_overdrawn(converged):
    """Every node ends with what is free on it, after doubles and singles have come and gone, and it is not negative."""
    for master, _, _ in converged:
        reduction = master.pricer.reduction
        singles, doubles = len(reduction.single), reduction.doubles
        for pattern in master.patterns:
            states = [pattern.state] if pattern.pm_class < 0 else reduction.class_states[pattern.pm_class]
            left = reduction.state[states, 1:3] + (pattern.singles[:, 0] - pattern.singles[:, 1]) @ reduction.single
            left += (pattern.leaving - pattern.arriving)[singles:] @ reduction.double[:doubles]
            assert (pattern.singles.sum(axis=0) == [pattern.leaving[:singles], pattern.arriving[:singles]]).all()
            assert (left >= 0).all()


def test_losses_are_what_a_solution_lacks(converged):
    """No pattern gains more than the best, those in use at the optimum lose nothing."""
    for master, relaxation, evaluation in converged:
        losses = master.losses(evaluation)
        assert losses.min(initial=0.0) >= 0.0
        assert losses @ relaxation.use == pytest.approx(0.0, abs=1e-2)


def test_losses_filter_exactly(converged):
    """At any prices all that a solution loses is covered by bound less value: the ground for leaving patterns out."""
    rng = np.random.default_rng(0)
    for master, relaxation, _ in converged:
        kinds = master.pricer.reduction.kinds
        prices = draw_prices(master.pricer.reduction, rng.normal(-0.5, 1.0, size=max(kinds, 1)), 0.4)
        evaluation = master.pricer.evaluate(prices)
        lost = master.losses(evaluation)[relaxation.use > 1e-9] @ relaxation.use[relaxation.use > 1e-9]
        assert lost <= evaluation.bound - relaxation.value + 1e-6


def test_the_box_holds_prices():
    """Prices stay within the width around the centre, and the value counts as boxed where the box is in use."""
    pricer = Pricer(reduce_problem(Problem(crowd(12), 6)))
    kinds = pricer.reduction.kinds
    far = Prices.rounded(np.zeros(kinds), np.zeros(0), 0.0)
    master = Master(pricer, far)
    master.add_best(static_bound(pricer))
    relaxation = master.solve(10.0)
    assert relaxation.boxed
    assert np.abs(relaxation.prices.single - far.single).max() <= 0.5 + 1e-5
    for _ in range(12):
        if not relaxation.boxed:
            break
        assert master.recentre(static_bound(pricer).prices, widen=2.0)
        relaxation = master.solve(10.0)
    assert not relaxation.boxed


def test_patterns_are_columns_once():
    """The same prices again add nothing."""
    pricer = Pricer(reduce_problem(cores_problem(1)))
    evaluation = static_bound(pricer)
    master = Master(pricer, evaluation.prices)
    assert master.add_best(evaluation) == len(master.patterns)
    assert master.add_best(evaluation) == 0


def test_no_pattern_moves_a_vm_out_and_its_like_in(converged):
    """A pattern whose VMs leave and arrive alike would count migrations that nobody has to make."""
    for master, _, _ in converged:
        assert not any(pattern.singles.all(axis=1).any() for pattern in master.patterns)


def test_who_takes_the_last_place_crowds_out_all_others():
    """Where a node of its kind is taken nothing else can be done with it; elsewhere everything can."""
    master, _, _ = converge(Problem(crowd(12), 6))
    states = np.array([pattern.state for pattern in master.patterns])
    taken = int(np.flatnonzero(master.pricer.reduction.state_count[states] == 1)[0])
    use = np.zeros(len(master.patterns), dtype=np.int64)
    use[taken] = 1
    assert (master.crowded_out(np.array([taken]), use) == (states == states[taken])).all()
    assert not master.crowded_out(np.zeros(0, dtype=np.int64), use).any()
