"""POP: plans of parts that hold together, in time whatever the parts do."""

import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import InputError, Plan, check
from solvers import SOLVERS, Deadline, Problem, Solution, create
from solvers.params import NoParams
from solvers.toys import crowd
from tests.solvers.problems import problems


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(1, 3), st.integers(0, 5))
def test_plans_of_parts_hold_together(problem, parts, seed):
    """Groups, racks and the limit cross parts: the merged plan is valid on the whole, and no worse than nothing."""
    plan = create(f"pop:parts={parts}:inner=two-step").solve(problem, Deadline(5.0), seed).plan
    verdict = check(problem.cluster, plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    assert verdict.valid, verdict.reason
    assert verdict.final_fr <= verdict.initial_fr + 1e-12


def test_one_part_is_the_inner_solver():
    """A single part is the whole problem."""
    problem = Problem(crowd(6), 5)
    alone = create("two-step").solve(problem, Deadline(5.0)).plan
    assert create("pop:parts=1:inner=two-step").solve(problem, Deadline(5.0)).plan == alone


def test_the_inner_solver_has_its_own_parameters():
    """After plus signs; a wrong name is refused when the solver is made."""
    create("pop:parts=2:inner=swap+longest=3+patience=1").prepare()
    with pytest.raises(InputError, match="solver swap, parameter longest: 99 is out of range"):
        create("pop:inner=swap+longest=99")
    with pytest.raises(InputError, match="did you mean two-step"):
        create("pop:inner=two-stepp")
    with pytest.raises(InputError, match="write for example mip\\+workers=2"):
        create("pop:inner=mip+2")


def test_seeds_deal_differently():
    """Another seed is another partition; as published there is only one."""
    problem = Problem(crowd(40), 20)
    plans = [create("pop:parts=4:inner=two-step").solve(problem, Deadline(5.0), seed).plan for seed in (0, 1)]
    assert plans[0] != plans[1]
    published = create("pop:parts=4:inner=two-step:published=true")
    assert published.solve(problem, Deadline(5.0), 0).plan == published.solve(problem, Deadline(5.0), 1).plan


@dataclass
class Sluggish:
    """Oversleeps on the part that has the first PM, and answers the others at once."""

    params: NoParams = NoParams()
    name = "sluggish"
    Params = NoParams

    def prepare(self):
        """Nothing to prepare."""

    def solve(self, problem, deadline, seed=0):
        """Answer by the rule of two steps, sooner or later."""
        if problem.cluster.pm_names[0] == "pm_0":
            time.sleep(1.0)
        return create("two-step").solve(problem, deadline, seed) if deadline.remaining_s() else Solution(Plan())


def test_a_late_part_is_left_out(monkeypatch):
    """The others' plans arrive in time."""
    monkeypatch.setitem(SOLVERS, "sluggish", f"{__name__}:Sluggish")
    monkeypatch.setattr("solvers.pop.usable_cores", lambda: 2)
    problem, deadline = Problem(crowd(12), 8), Deadline(0.5)
    plan = create("pop:parts=4:inner=sluggish:published=true").solve(problem, deadline).plan
    assert deadline.elapsed_s() < 0.6
    assert plan
    assert {migration.pm for migration in plan} <= set(range(3, 12))
