"""Every registered solver keeps the contract, and the suite that says so notices when one does not."""

import time
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import count
from typing import Any

import numpy as np
import pytest

from data import Migration, Plan, Rules
from solvers import SOLVERS, Incumbent, Problem, Solution, create
from solvers.conformance import ConformanceError, check_solver, checks
from solvers.toys import toys
from tests.solvers.brute_force import best_plan

CHECKS = {check.name: check for check in checks()}


@pytest.mark.parametrize("check", list(CHECKS))
@pytest.mark.parametrize("name", list(SOLVERS))
def test_solver_conforms(name, check):
    """Every registered solver passes every check."""
    CHECKS[check](partial(create, name))


@pytest.mark.skipif(find_spec("highspy") is None, reason="needs the package highspy")
@pytest.mark.parametrize("check", ["toy-order", "toy-mix", "toy-rack_group", "toy-nothing_free", "in-time"])
def test_mip_paper_conforms_with_highs(check):
    """The other backend of mip-paper keeps the contract as well."""
    CHECKS[check](partial(create, "mip-paper:backend=highs"))


@pytest.mark.parametrize("toy", toys(), ids=lambda toy: toy.name)
def test_toys_are_what_they_say(toy):
    """The best FR that a toy states is the one that brute force finds."""
    assert best_plan(toy.problem).fr == toy.best_fr


def _legal(problem, placement):
    for vm in range(problem.cluster.vms):
        for pm, node in np.argwhere(placement.legal(vm)).tolist():
            yield Migration(vm, pm, node)


@dataclass
class _Custom:
    """Takes the first migration that gains, again and again: an honest solver, unless a part is replaced."""

    see: Any = lambda problem: problem
    candidates: Any = _legal
    finish: Any = lambda solution, _problem, _deadline: solution
    prepare: Any = lambda: None
    name: str = "custom"

    def solve(self, problem, deadline, seed=0):  # noqa: ARG002 - the contract's signature
        seen, moves = self.see(problem), []
        placement = seen.placement()
        while len(moves) < seen.mnl and not deadline.expired(0.1):
            better = self._first_better(seen, placement, deadline)
            if better is None:
                break
            moves.append(better)
        return self.finish(Solution(Plan(tuple(moves))), problem, deadline)

    def _first_better(self, problem, placement, deadline):
        slots = problem.score.slots(placement.free)
        for migration in self.candidates(problem, placement):
            back = placement.apply(migration)
            if problem.score.slots(placement.free) > slots + 1e-9:
                return migration
            placement.undo(back)
            if deadline.expired(0.1):
                break
        return None


def test_an_honest_solver_passes():
    """A plain solver that keeps the contract passes all checks, so that the suite asks nothing impossible."""
    check_solver(_Custom)


def _seeing(**changes):
    """Make a solver that sees the problem with fields of the cluster changed; values may be functions of it."""

    def see(problem):
        made = {name: value(problem.cluster) for name, value in changes.items()}
        return replace(problem, cluster=replace(problem.cluster, **made))

    return partial(_Custom, see=see)


def _answering(answer):
    """Make a solver that ends an honest run with ``answer(solution, problem, deadline)``."""
    return partial(_Custom, finish=answer)


def _whole_groups(cluster):
    return tuple(group for group in cluster.groups if len({int(cluster.pm[vm]) for vm in group.vms}) == len(group.vms))


def _without_memory(cluster):
    return cluster.demand * np.array([1, 0])


def _half_doubles(problem, placement):
    """Look at node 0 only."""
    for vm in np.flatnonzero(problem.cluster.double).tolist():
        for pm in range(problem.cluster.pms):
            if (placement.free[pm, 0] >= problem.cluster.demand[vm]).all() and pm != placement.pm[vm]:
                yield Migration(vm, pm, 0)


def _cheap(problem, placement):
    return (each for each in _legal(problem, placement) if problem.cluster.migration_cost[each.vm] <= 3)


def _without_room(_solution, problem, _deadline):
    placement = problem.placement()
    wrong = [(vm, *where) for vm in range(problem.cluster.vms) for where in np.argwhere(~placement.legal(vm))]
    return Solution(Plan.of(wrong[:1]))


def _worse(_solution, problem, _deadline):
    for migration in _legal(problem, problem.placement()):
        if problem.score.rate(problem.placement().apply_plan(Plan((migration,))).free) > problem.initial_fr:
            return Solution(Plan((migration,)))
    return Solution()


def _sleepy(when):
    """Oversleep in the problems that ``when(problem, deadline)`` picks."""

    def finish(solution, problem, deadline):
        if when(problem, deadline):
            time.sleep(deadline.remaining_s() + 0.4)
        return solution

    return _answering(finish)


def _overwrite(_solution, problem, _deadline):
    problem.cluster.pm.flags.writeable = True
    problem.cluster.pm[:] = 0
    return Solution()


def _overwrite_free(_solution, problem, _deadline):
    problem.cluster.free.flags.writeable = True
    problem.cluster.free[:] += 1
    return Solution()


def _in_numpy(solution, _problem, _deadline):
    return Solution(Plan(tuple(Migration(*map(np.int64, migration)) for migration in solution.plan)))


def _reversing(when):
    """Look at the candidates from the end when ``when()`` says so."""

    def candidates(problem, placement):
        found = list(_legal(problem, placement))
        return found[::-1] if when(problem) else found

    return candidates


def _moody():
    """Make every second solver another one."""
    made = count()

    def factory():
        odd = next(made) % 2
        return _Custom(candidates=_reversing(lambda _problem: odd))

    return factory


def _remembering():
    """Make a solver that changes its ways after the first problem."""
    seen = set()

    def has_seen_others(problem):
        seen.add(id(problem))
        return len(seen) > 1

    return _Custom(candidates=_reversing(has_seen_others))


def _raise(*_arguments):
    raise OSError("no weights")


BAD = {
    "moves a pinned VM": (_seeing(movable=lambda c: np.ones(c.vms, bool)), "toy-pinned", "is pinned"),
    "enters a closed PM": (_seeing(open=lambda c: np.ones(c.pms, bool)), "toy-closed_target", "is closed"),
    "leaves a closed PM": (_seeing(open=lambda c: np.ones(c.pms, bool)), "toy-closed_source", "is closed"),
    "breaks host groups": (_seeing(groups=lambda _: ()), "toy-host_group", "would join"),
    "breaks rack groups": (
        _seeing(groups=lambda c: tuple(each for each in c.groups if each.granularity == "host")),
        "toy-rack_group",
        "would join",
    ),
    "sees the first group only": (_seeing(groups=lambda c: c.groups[:1]), "toy-several_groups", "would join"),
    "forgets broken groups": (_seeing(groups=_whole_groups), "toy-broken_group", "would join"),
    "ignores memory": (_seeing(demand=_without_memory), "toy-memory", "MiB"),
    "leaves its cluster": (
        partial(_Custom, see=lambda problem: replace(problem, rules=Rules())),
        "toy-stay_in_cluster",
        "would leave its cluster",
    ),
    "goes to a PM that is to be emptied": (
        partial(_Custom, see=lambda problem: replace(problem, rules=Rules())),
        "toy-drained",
        "which is to be emptied",
    ),
    "ignores what migrations cost": (
        partial(_Custom, see=lambda problem: replace(problem, rules=Rules())),
        "toy-cost",
        "would bring the cost to 5 but the limit is 3",
    ),
    "adds no costs up": (
        partial(_Custom, see=lambda problem: replace(problem, rules=Rules(max_cost=100)), candidates=_cheap),
        "toy-costs_add_up",
        "would bring the cost to 4",
    ),
    "exceeds the limit": (
        partial(_Custom, see=lambda problem: Problem(problem.cluster, problem.mnl + 1)),
        "toy-limit_binds",
        "but the limit is 1",
    ),
    "moves although it may not": (
        partial(_Custom, see=lambda problem: Problem(problem.cluster, problem.mnl + 1)),
        "toy-no_migration_allowed",
        "but the limit is 0",
    ),
    "splits doubles": (partial(_Custom, candidates=_half_doubles), "toy-one_node", "on node 1"),
    "goes where no room is": (_answering(_without_room), "toy-one_move", "not valid"),
    "makes it worse": (_answering(_worse), "toy-rack_group", "worse than that of the empty plan"),
    "is late": (_sleepy(lambda problem, _: problem.cluster.pms > 50), "in-time", "late by"),
    "ignores a cancelled deadline": (_sleepy(lambda _, deadline: deadline.time_limit_s > 10), "cancelled", "late by"),
    "always takes its time": (_sleepy(lambda _, deadline: not deadline.time_limit_s), "time-limit-0", "late by"),
    "raises": (_answering(_raise), "toy-no_vms", "solve() raises OSError"),
    "raises in prepare": (partial(_Custom, prepare=_raise), "toy-one_move", "prepare() raises OSError"),
    "writes to the problem": (_answering(_overwrite), "toy-one_move", "written to"),
    "writes to what is cached": (_answering(_overwrite_free), "toy-one_move", "written to"),
    "lies about the bound": (
        _answering(lambda _solution, problem, _: Solution(bound=problem.initial_fr)),
        "toy-one_move",
        "which can be reached",
    ),
    "beats its own bound": (
        _answering(lambda solution, problem, _: replace(solution, bound=problem.initial_fr)),
        "toy-one_move",
        "above the plan's own FR",
    ),
    "calls it optimal": (
        _answering(lambda solution, *_: replace(solution, status="optimal")),
        "toy-one_move",
        "called optimal",
    ),
    "lies about incumbents": (
        _answering(lambda solution, *_: replace(solution, incumbents=(Incumbent(0.0, 1, 0.1),))),
        "toy-nothing_to_gain",
        "last incumbent",
    ),
    "returns a list": (_answering(lambda solution, *_: list(solution.plan)), "toy-one_move", "not a Solution"),
    "returns no plan": (_answering(lambda *_: Solution(plan=None)), "toy-one_move", "not a Plan"),
    "returns NumPy numbers": (_answering(_in_numpy), "toy-one_move", "three whole numbers"),
    "returns NaN": (_answering(lambda *_: Solution(bound=float("nan"))), "toy-one_move", "the bound is nan"),
    "is moody": (_moody(), "steady", "another plan"),
    "remembers": (_remembering, "forgets", "solved before"),
}


@pytest.mark.parametrize("kind", list(BAD))
def test_a_bad_solver_fails(kind):
    """Each way to break the contract is noticed by the check made for it, for the right reason."""
    factory, name, complaint = BAD[kind]
    with pytest.raises(ConformanceError) as caught:
        CHECKS[name](factory)
    assert complaint in str(caught.value)


def test_check_solver_lists_all_failures():
    """One call tells an author everything that is wrong, not the first thing only."""
    with pytest.raises(ConformanceError) as caught:
        check_solver(BAD["breaks host groups"][0])
    assert "toy-host_group: " in str(caught.value)
    assert "toy-several_groups: " in str(caught.value)
    assert "toy-one_move: " not in str(caught.value)
