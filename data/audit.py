"""Whether a plan file keeps what it promises: its migrations by the checker, and every figure it claims."""

from dataclasses import dataclass, replace
from pathlib import Path

from data.checker import Verdict, check
from data.cluster import Cluster
from data.objective import Objective
from data.plan_file import PlanFile, to_plan

ROUNDING = 5e-5 + 1e-9
"""A claimed FR may differ by what four decimals cannot say."""


@dataclass(frozen=True)
class Audit:
    """What was found."""

    verdict: Verdict
    """The checker's, on the migrations, their waves and their number."""
    wrong_claim: str
    """One sentence on the first figure of the file that the replay contradicts, or empty."""

    staying: int
    """VMs that the plan leaves on the PMs that it is to empty."""

    @property
    def objection(self) -> str:
        """Why the file does not hold, or empty."""
        return self.verdict.reason or self.wrong_claim


def audit(
    cluster: Cluster,
    plan_file: PlanFile,
    where: Path | str = "plan",
    *,
    mnl: int | None = None,
    objective: Objective | None = None,
    stay_in_cluster: bool = False,
    max_cost: int | None = None,
) -> Audit:
    """Replay a plan file and compare its claims.

    Parameters
    ----------
    cluster, plan_file, where
        The snapshot, the plan, and the file it was read from, for messages.
    mnl
        A limit besides the file's own.
    objective
        What to measure instead of the file's objective; the file's FRs are then not compared.
    stay_in_cluster
        Check this rule even where the file does not promise it.
    max_cost
        A limit on the cost besides the file's own.

    Raises
    ------
    InputError
        When the plan does not belong to this cluster.
    """
    own = plan_file.parsed_objective()
    measured = objective or own
    plan = to_plan(plan_file, cluster, where)
    rules = replace(
        plan_file.rules(cluster),
        stay_in_cluster=stay_in_cluster or plan_file.stay_in_cluster,
        max_cost=min((each for each in (max_cost, plan_file.max_cost) if each is not None), default=None),
    )
    verdict = check(
        cluster,
        plan,
        mnl=plan_file.mnl if mnl is None else min(mnl, plan_file.mnl),
        rules=rules,
        objective=measured,
        waves=[step.wave for step in plan_file.migrations],
    )
    home = dict(enumerate(cluster.pm.tolist())) | {vm: pm for vm, pm, _ in plan}
    staying = sum(pm in rules.drain for pm in home.values())
    return Audit(verdict, _wrong_claim(plan_file, verdict) if verdict.valid and measured == own else "", staying)


def _wrong_claim(plan_file: PlanFile, verdict: Verdict) -> str:
    claims = {
        "initial_fr": (plan_file.initial_fr, verdict.initial_fr),
        "final_fr": (plan_file.final_fr, verdict.final_fr),
    }
    for index, (step, fr) in enumerate(zip(plan_file.migrations, verdict.fr_after[1:], strict=True)):
        claims[f"migrations[{index}].fr_after"] = step.fr_after, fr
    for field, (claimed, replayed) in claims.items():
        if abs(claimed - replayed) > ROUNDING:
            return f"{field} is claimed to be {claimed:.6g} but the replay gives {replayed:.6g}"
    if plan_file.bound_fr is not None and plan_file.bound_fr > verdict.final_fr + ROUNDING:
        bound, reached = plan_file.bound_fr, verdict.final_fr
        return f"bound_fr claims that no plan gets below {bound:.6g} but this one reaches {reached:.6g}"
    return ""
