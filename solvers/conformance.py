"""What every solver must do, as checks that anybody can run on a solver of their own.

>>> from solvers.conformance import check_solver
>>> check_solver(MySolver)  # doctest: +SKIP

With pytest: ``@pytest.mark.parametrize("check", checks(), ids=str)`` and ``check(MySolver)`` in the body.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from data import Migration, Plan, Rules, Verdict, check
from solvers.contract import Incumbent, Problem, Solution, Solver
from solvers.deadline import Deadline
from solvers.toys import crowd, toys

Factory = Callable[[], Solver]
"""Makes a solver that has solved nothing yet."""

TOY_LIMIT_S = 2.0
CROWD_LIMIT_S = 0.5
TOLERANCE_S = 0.25
"""How late an answer may be: what a busy machine may take away."""
STEADY_LIMIT_S = 4.0
"""Solvers that need less than half of this must repeat themselves."""
EPSILON = 1e-9


class ConformanceError(AssertionError):
    """The solver broke the contract; the message says where and how."""


@dataclass(frozen=True)
class Check:
    """One named check: call it with a factory."""

    name: str
    run: Callable[[Factory], None]

    def __call__(self, factory: Factory) -> None:
        """Raise `ConformanceError` when a solver of the factory breaks the contract."""
        self.run(factory)

    def __str__(self) -> str:
        return self.name


def checks() -> tuple[Check, ...]:
    """Return every check there is."""
    return (
        *(Check(f"toy-{toy.name}", partial(_answers_toy, toy.name)) for toy in toys()),
        Check("time-limit-0", _no_time),
        Check("cancelled", _cancelled),
        Check("in-time", _in_time),
        Check("steady", _steady),
        Check("forgets", _forgets),
    )


def check_solver(factory: Factory) -> None:
    """Run every check, and raise one `ConformanceError` that lists all that failed."""
    failures = []
    for each in checks():
        try:
            each(factory)
        except ConformanceError as error:
            failures.append(f"{each}: {error}")
    if failures:
        raise ConformanceError("\n".join(failures))


def _answers_toy(name: str, factory: Factory) -> None:
    """Require a right answer to a toy, made anew: a bad solver may have spoilt the one before."""
    toy = next(toy for toy in toys() if toy.name == name)
    bound = _answer(_make(factory), toy.problem, Deadline(TOY_LIMIT_S)).bound
    _require(
        bound is None or bound <= float(toy.best_fr) + EPSILON,
        f"the bound {bound} is above FR {float(toy.best_fr)}, which can be reached",
    )


def _no_time(factory: Factory) -> None:
    """Require the empty plan, or another valid one at once, where the limit is 0 s."""
    _answer(_make(factory), toys()[0].problem, Deadline(0.0))
    _answer(_make(factory), Problem(crowd(20), 10), Deadline(0.0))


def _cancelled(factory: Factory) -> None:
    """Require that a cancelled run ends, however much time it had."""
    deadline = Deadline(60.0)
    deadline.cancel()
    _answer(_make(factory), Problem(crowd(20), 10), deadline, limit_s=0.0)


def _in_time(factory: Factory) -> None:
    """Require an answer by the deadline to a problem that could keep a solver busy for long."""
    _answer(_make(factory), Problem(crowd(60), 20), Deadline(CROWD_LIMIT_S))


def _steady(factory: Factory) -> None:
    """Require one plan of two fresh solvers for one seed, where the deadline does not cut them short."""
    for problem in _varied():
        first = _unhurried(_make(factory), problem)
        if first is not None:
            second = _unhurried(_make(factory), problem)
            _require(second in (None, first), f"{problem.cluster.name}: the same seed gives another plan")


def _forgets(factory: Factory) -> None:
    """Require that a solver that has solved something else answers like a fresh one."""
    used = _make(factory)
    problems = _varied()
    for before, problem in zip(problems, problems[1:] + problems[:1], strict=True):
        if _unhurried(used, before) is None:
            continue
        again = _unhurried(used, problem)
        fresh = _unhurried(_make(factory), problem) if again is not None else None
        _require(fresh in (None, again), f"{problem.cluster.name}: the plan depends on what was solved before")


def _varied() -> list[Problem]:
    """Problems of different sizes and rules, with several equally good plans."""
    crowded = crowd(6, seed=1)
    return [Problem(crowded, 5), toys()[1].problem, Problem(crowd(4, seed=2), 3, rules=Rules(stay_in_cluster=True))]


def _unhurried(solver: Solver, problem: Problem) -> Plan | None:
    """Return the solver's plan, or None where it used so much time that the deadline may have shaped it."""
    deadline = Deadline(STEADY_LIMIT_S)
    plan = _answer(solver, problem, deadline).plan
    return plan if deadline.elapsed_s() < STEADY_LIMIT_S / 2 else None


def _make(factory: Factory) -> Solver:
    solver = factory()
    try:
        solver.prepare()
    except Exception as error:
        raise ConformanceError(f"prepare() raises {error!r}") from error
    _require(isinstance(solver.name, str) and bool(solver.name), f"the name {solver.name!r} is no text")
    return solver


def _answer(solver: Solver, problem: Problem, deadline: Deadline, limit_s: float | None = None) -> Solution:
    """Let the solver answer, and require all that holds for any answer to any problem."""
    limit_s = deadline.time_limit_s if limit_s is None else limit_s
    before = _fingerprint(problem)
    began_s = deadline.elapsed_s()
    try:
        solution = solver.solve(problem, deadline, seed=0)
    except Exception as error:
        raise ConformanceError(f"solve() raises {error!r}") from error
    late_s = deadline.elapsed_s() - began_s - limit_s
    _require(_fingerprint(problem) == before, "the problem was written to")
    _require(late_s <= TOLERANCE_S, f"late by {late_s:.2f} s after a limit of {limit_s:g} s")
    _require_types(solution)
    verdict = check(problem.cluster, solution.plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    _require(verdict.valid, f"the plan is not valid: {verdict.reason}")
    _require_claims(solution, verdict)
    return solution


def _fingerprint(problem: Problem) -> list[bytes | int]:
    """Take all that a careless solver could write to."""
    cluster = problem.cluster
    arrays = (
        cluster.capacity, cluster.demand, cluster.double, cluster.pm, cluster.node, cluster.open, cluster.movable,
        cluster.pool, cluster.rack, cluster.free, cluster.may_leave, cluster.vm_type, cluster.types, cluster.grouped,
        cluster.migration_cost,
    )  # fmt: skip
    return [*(np.ascontiguousarray(array).tobytes() for array in arrays), problem.mnl, hash(cluster.groups)]


def _require_types(solution: object) -> None:
    _require(isinstance(solution, Solution), f"solve() returns {type(solution).__name__}, not a Solution")
    assert isinstance(solution, Solution)
    plan, bound = solution.plan, solution.bound
    _require(isinstance(plan, Plan) and isinstance(plan.migrations, tuple), f"the plan is {plan!r}, not a Plan")
    for migration in plan:
        whole = isinstance(migration, Migration) and all(type(number) is int for number in migration)
        _require(whole, f"{migration!r} is not a Migration of three whole numbers (Plan.of makes them)")
    _require(bound is None or (isinstance(bound, float) and math.isfinite(bound)), f"the bound is {bound!r}")
    _require(solution.status in ("optimal", "feasible"), f"the status is {solution.status!r}")
    _require(isinstance(solution.incumbents, tuple), f"the incumbents are {type(solution.incumbents).__name__}")
    _require(all(isinstance(each, Incumbent) for each in solution.incumbents), "an incumbent is not an Incumbent")


def _require_claims(solution: Solution, verdict: Verdict) -> None:
    """Require that what the solver says of its plan is what the checker finds."""
    final, bound, record = verdict.final_fr, solution.bound, solution.incumbents
    _require(final <= verdict.initial_fr + EPSILON, f"FR {final} is worse than that of the empty plan")
    _require(bound is None or bound <= final + EPSILON, f"the bound {bound} is above the plan's own FR {final}")
    if solution.status == "optimal":
        _require(bound is not None and final <= bound + EPSILON, f"FR {final} is called optimal at bound {bound}")
    for earlier, later in pairwise(record):
        better = later.fr < earlier.fr + EPSILON and later.seconds >= earlier.seconds
        _require(better, f"incumbent {later} follows {earlier}, which is better or later")
    if record:
        same = abs(record[-1].fr - final) <= EPSILON and record[-1].migrations == len(solution.plan)
        _require(
            same, f"the last incumbent is {record[-1]}, but the plan has {len(solution.plan)} migrations, FR {final}"
        )


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ConformanceError(message)
