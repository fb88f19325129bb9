"""Plans in files."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from data import Cluster, InputError, Objective, Plan, Rules
from data.audit import audit
from data.plan_file import PlanFile, make_plan_file, read_plan, to_plan, write_plan

TO_ZERO = Plan.of([(0, 1, 1), (2, 1, 0)])


@pytest.fixture
def plan_file(tiny: Cluster) -> PlanFile:
    """Describe the two migrations that bring the tiny cluster to FR 0."""
    return make_plan_file(tiny, TO_ZERO, "tiny", "hand", 2, Objective(), bound_fr=0.0)


def test_plan_file_says_it_all(plan_file: PlanFile, tmp_path: Path) -> None:
    """The file has the documented fields: names, places, waves, and the FR after each step."""
    write_plan(tmp_path / "plan.json", plan_file)
    content = json.loads((tmp_path / "plan.json").read_text())
    steps = content.pop("migrations")
    assert content == {
        "format": "vmr-plan/1", "instance": "tiny", "solver": "hand", "mnl": 2, "fragment_cores": 16,
        "objective": "cores16", "stay_in_cluster": False, "max_cost": None, "drain": [],
        "initial_fr": 2 / 3, "final_fr": 0.0, "bound_fr": 0.0,
    }  # fmt: skip
    assert steps[0] == {
        "vm": "vm_0", "from": {"pm": "pm_0", "numa": [0]}, "to": {"pm": "pm_1", "numa": [1]}, "wave": 0,
        "fr_after": pytest.approx(1 / 3),
    }  # fmt: skip


def test_round_trip(plan_file: PlanFile, tiny: Cluster, tmp_path: Path) -> None:
    """What is written is read back, and resolves to the same plan, which holds."""
    path = tmp_path / "deep" / "plan.json"
    write_plan(path, plan_file)
    assert read_plan(path) == plan_file
    assert to_plan(read_plan(path), tiny) == TO_ZERO
    assert audit(tiny, plan_file).objection == ""


def test_doubles_and_returns(tiny: Cluster) -> None:
    """A double has both nodes in its places, and a VM that moves twice starts its second step where it went."""
    plan_file = make_plan_file(tiny, Plan.of([(0, 1, 1), (0, 0, 1)]), "tiny", "hand", 5, Objective())
    assert plan_file.migrations[1].source == plan_file.migrations[0].target
    assert [step.wave for step in plan_file.migrations] == [0, 1]
    double = make_plan_file(tiny, Plan.of([(3, 0, 0)]), "tiny", "hand", 5, Objective())
    assert double.migrations[0].target.numa == [0, 1]
    assert to_plan(double, tiny) == Plan.of([(3, 0, 0)])


def test_invalid_plan_is_not_written(tiny: Cluster) -> None:
    """A plan that the checker refuses gets no file: vm_1 is pinned."""
    with pytest.raises(InputError, match=r"plan of hand for tiny is not valid: migration 0: VM vm_1 is pinned"):
        make_plan_file(tiny, Plan.of([(1, 1, 0)]), "tiny", "hand", 2, Objective())


@pytest.mark.parametrize(
    "text", ["double64", "memory32", "0.25*cores8+0.75*memory32", "0.0000123*cores8+0.9999877*double8"]
)
def test_other_objectives(tiny: Cluster, tmp_path: Path, text: str) -> None:
    """The file says what its FRs measure, also where that is no core fragment."""
    objective = Objective.parse(text)
    write_plan(tmp_path / "plan.json", make_plan_file(tiny, TO_ZERO, "tiny", "hand", 2, objective))
    back = read_plan(tmp_path / "plan.json")
    assert back.parsed_objective() == objective
    assert back.fragment_cores == (8 if "cores" in text else None)
    assert audit(tiny, back).objection == ""


def test_the_empty_plan(tiny: Cluster, tmp_path: Path) -> None:
    """A planner that finds nothing better leaves a file, too."""
    plan_file = make_plan_file(tiny, Plan(), "tiny", "hand", 0, Objective())
    write_plan(tmp_path / "plan.json", plan_file)
    assert read_plan(tmp_path / "plan.json") == plan_file
    assert audit(tiny, plan_file).objection == ""


def test_rules_are_kept(tiny: Cluster) -> None:
    """A plan made under a rule is verified under it."""
    plan_file = make_plan_file(tiny, TO_ZERO, "tiny", "hand", 2, Objective(), rules=Rules(stay_in_cluster=True))
    assert plan_file.stay_in_cluster
    assert audit(tiny, plan_file).objection == ""


def test_a_limit_on_cost_is_kept(tiny: Cluster, tmp_path: Path) -> None:
    """A plan made under a limit on the cost of migrations is verified under it, or under a smaller one."""
    dear = replace(tiny, migration_cost=np.array([2, 1, 3, 1, 1]))
    write_plan(
        tmp_path / "plan.json", make_plan_file(dear, TO_ZERO, "tiny", "hand", 2, Objective(), rules=Rules(max_cost=5))
    )
    plan_file = read_plan(tmp_path / "plan.json")
    assert plan_file.rules(dear) == Rules(max_cost=5)
    assert audit(dear, plan_file).objection == ""
    assert audit(dear, plan_file, max_cost=9).objection == ""
    assert "would bring the cost to 5 but the limit is 4" in audit(dear, plan_file, max_cost=4).objection
    assert "limit is 3" in audit(dear, msgspec.structs.replace(plan_file, max_cost=3)).objection


def test_pms_to_be_emptied_are_kept(tiny: Cluster, tmp_path: Path) -> None:
    """The file names the PMs that nothing may go to; who stays there is counted."""
    rules = Rules(drain=frozenset({0}))
    plan = Plan.of([(0, 1, 1)])
    write_plan(tmp_path / "plan.json", make_plan_file(tiny, plan, "tiny", "hand", 2, Objective(), rules=rules))
    plan_file = read_plan(tmp_path / "plan.json")
    assert (plan_file.drain, plan_file.rules(tiny)) == (["pm_0"], rules)
    found = audit(tiny, plan_file)
    assert (found.objection, found.staying) == ("", int((tiny.pm == 0).sum()) - 1)
    barred = audit(tiny, msgspec.structs.replace(plan_file, drain=["pm_1"]))
    assert "cannot go to PM pm_1, which is to be emptied" in barred.objection
    with pytest.raises(InputError, match="there is no PM pm_7 in tiny"):
        audit(tiny, msgspec.structs.replace(plan_file, drain=["pm_7"]))


def test_only_fragment_cores(plan_file: PlanFile) -> None:
    """A file of another program need not name an objective: slots of fragment_cores cores are meant."""
    assert msgspec.structs.replace(plan_file, objective="", fragment_cores=8).parsed_objective().rates[0].size == 8


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"initial_fr": 0.5}, "initial_fr is claimed to be 0.5 but the replay gives 0.666667"),
        ({"final_fr": 0.25}, "final_fr is claimed to be 0.25 but the replay gives 0"),
        ({"bound_fr": 0.1}, "bound_fr claims that no plan gets below 0.1 but this one reaches 0"),
        ({"mnl": 1}, "the plan has 2 migrations but the limit is 1"),
    ],
)
def test_wrong_claims(tiny: Cluster, plan_file: PlanFile, change: dict, reason: str) -> None:
    """A wrong figure makes a plan invalid even where its migrations are legal."""
    assert audit(tiny, msgspec.structs.replace(plan_file, **change)).objection == reason


def test_wrong_steps(tiny: Cluster, plan_file: PlanFile) -> None:
    """A wrong FR after a step, or waves that are not independent, make a plan invalid; four decimals are enough."""

    def objection(**change: object) -> str:
        first, second = plan_file.migrations
        steps = [msgspec.structs.replace(first, **change), second]
        return audit(tiny, msgspec.structs.replace(plan_file, migrations=steps)).objection

    assert objection(fr_after=0.3333) == ""
    assert objection(fr_after=0.333) == "migrations[0].fr_after is claimed to be 0.333 but the replay gives 0.333333"
    assert objection(wave=3) == "waves must be one number a migration and never fall"


def test_other_measures(tiny: Cluster, plan_file: PlanFile) -> None:
    """A reader may hold the plan to less migrations, another rate, or a rule that the file does not promise."""
    assert audit(tiny, plan_file, mnl=1).objection
    assert audit(tiny, plan_file, objective=Objective.parse("cores8")).objection == ""
    assert audit(tiny, plan_file, stay_in_cluster=True).objection == ""
