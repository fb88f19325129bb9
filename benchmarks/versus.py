"""``mip`` against the paper's per-VM model, on clusters small enough for that to be solved."""

import time
from functools import partial

from benchmarks.instances import part
from benchmarks.measure import EPSILON, Line
from data import check
from data.generators import generate
from solvers import Deadline, Problem, Solution, create

PMS, MNL = 40, 10
CLUSTERS = tuple(partial(generate, "medium", "test", index) for index in range(3))
BACKENDS = ("cbc", "highs")


def versus(index: int, backend: str, limit_s: float) -> Line:
    """Solve 40 PMs of a preset cluster with both, the paper's model with a limit of its own; the checker decides."""
    label = label_of(index, backend)
    cluster = part(CLUSTERS[index](), PMS, seed=index)
    problem = Problem(cluster, MNL)
    ours, ours_s = _run("mip", problem, 10.0)
    theirs, theirs_s = _run(f"mip-paper:backend={backend}", problem, limit_s)
    wrong = [
        f"{name}: {verdict.reason}"
        for name, solution in (("mip", ours), ("mip-paper", theirs))
        if not (verdict := check(cluster, solution.plan, mnl=MNL)).valid
    ]
    score = problem.score
    reached, other = (score.slots_of(check(cluster, each.plan, mnl=MNL).final_fr) for each in (ours, theirs))
    proven = theirs.status == "optimal"
    if proven and abs(reached - other) > EPSILON * 1e3:
        wrong.append(f"mip has {reached:g} slots, the proven optimum is {other:g}")
    if theirs.bound is not None and reached > score.slots_of(theirs.bound) + 1e-6:
        wrong.append("mip is better than the bound of mip-paper")
    if ours.bound is not None and other > score.slots_of(ours.bound) + 1e-6:
        wrong.append("mip-paper is better than the bound of mip")
    end = f"proven in {theirs_s:.1f} s" if proven else f"not proven in {limit_s:g} s"
    return Line(
        label=label,
        slots=f"{reached:g}",
        bound="none" if ours.bound is None else f"{score.slots_of(ours.bound):g}",
        status="proven" if ours.status == "optimal" else ours.status,
        moves=len(ours.plan),
        wall_s=ours_s,
        bar="equal where theirs is proven",
        verdict="misses: " + "; ".join(wrong) if wrong else "holds",
        note=f"mip-paper {backend}: {other:g} slots, {end}, {theirs_s / ours_s:.0f} times as long",
    )


def label_of(index: int, backend: str) -> str:
    """Name the comparison as ``--only`` finds it."""
    return f"mip-paper {backend}, {PMS} PMs no. {index}, MNL {MNL}"


def _run(name: str, problem: Problem, limit_s: float) -> tuple[Solution, float]:
    solver = create(name)
    solver.prepare()
    start = time.perf_counter()
    solution = solver.solve(Problem(problem.cluster, problem.mnl), Deadline(limit_s))
    return solution, time.perf_counter() - start
