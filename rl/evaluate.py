"""``python -m rl.evaluate``: the policy against certified optima, the two-step rule beside it."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from data import Cluster, InputError, check
from data.instances import Instance, resolve
from rl.act import Cut
from rl.solver import VMR2L, VMR2LParams
from rl.store import SHIPPED
from solvers import Deadline, Problem, create

BOOTSTRAP = 2000


@dataclass(frozen=True)
class Options:
    """Measure a policy: greedy (K = 1) and the best of K sampled trajectories, against certified optima.

    Prints a table: gap of FR to the certified bound (mean with a 95 % bootstrap interval over clusters, median,
    worst), slots gained, seconds a cluster; the two-step rule stands beside the policy in every table.
    """

    weights: Path = SHIPPED
    """A safetensors file that rl.train wrote."""
    data: str = "medium"
    """Presets, files and folders, separated by commas, as for harness.compare."""
    count: int = 40
    """Clusters of each preset or folder."""
    split: str = "test"
    """train, dev or test."""
    mnl: Annotated[str, tyro.conf.arg(metavar="N,N")] = "50"
    """Migration limits, separated by commas."""
    samples: Annotated[str, tyro.conf.arg(metavar="K,K")] = "1,8"
    """Numbers of trajectories, separated by commas; the first is greedy, the others are sampled."""
    threshold: float = 0.1
    """Improbable options are not sampled, 0 to 1; what it means says --cut."""
    cut: Cut = "share"
    """A share of the best option's probability, an absolute probability, or a quantile of all options'."""
    seeds: str = "0"
    """Seeds of the sampling, separated by commas."""
    certify_s: float = 10.0
    """Time for each certificate, seconds; certificates are kept in --bounds."""
    bounds: Path = Path("results/bounds.json")
    """Where certificates are kept."""
    threads: int = 1
    """Threads of the network."""
    out: Path | None = None
    """Write all runs there as JSON."""


@dataclass(frozen=True)
class Certificate:
    """What is known about one problem: FR at the start, FR of one slot, certified bound, FR of the two-step rule."""

    initial: float
    quantum: float
    bound: float
    rule: float
    rule_s: float


def certify(cluster: Cluster, mnl: int, time_limit_s: float) -> Certificate:
    """Prove how low FR can get, and let the two-step rule plan."""
    problem = Problem(cluster, mnl)
    exact = create("mip")
    bound = exact.solve(problem, Deadline(time_limit_s)).bound
    deadline = Deadline(time_limit_s)
    rule = create("two-step").solve(problem, deadline)
    rule_s = deadline.elapsed_s()
    final = problem.score.rate(problem.placement().apply_plan(rule.plan).free)
    return Certificate(problem.initial_fr, problem.score.quantum, bound if bound is not None else 0.0, final, rule_s)


def certificates(instances: list[Instance], mnl: int, options: Options) -> list[Certificate]:
    """Look the certificates up, and prove those that are missing."""
    known = json.loads(options.bounds.read_text()) if options.bounds.exists() else {}
    create("mip").prepare()
    result = []
    for each in track(instances, f"Certifying MNL {mnl}", transient=True, console=Console(stderr=True)):
        key = f"{each.name} mnl={mnl}"
        if key not in known:
            known[key] = asdict(certify(each.load(), mnl, options.certify_s))
        result.append(Certificate(**known[key]))
    options.bounds.parent.mkdir(parents=True, exist_ok=True)
    options.bounds.write_text(json.dumps(known))
    return result


def best_of(solver: VMR2L, cluster: Cluster, mnl: int, seed: int) -> tuple[float, float]:
    """Return FR after the best of the solver's trajectories, however long they take, and the seconds they took."""
    problem, deadline = Problem(cluster, mnl), Deadline(3600.0)
    plan = solver.solve(problem, deadline, seed).plan
    took_s = deadline.elapsed_s()
    return check(cluster, plan, mnl=mnl).final_fr, took_s


def gap(final: float, bound: float) -> float:
    """Return how far FR is above the bound, as a share of the bound."""
    return (final - bound) / bound if bound > 0 else float(final > bound)


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean."""
    rng = np.random.default_rng(0)
    means = rng.choice(values, size=(BOOTSTRAP, len(values))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def run(options: Options, console: Console) -> None:
    """Measure and print."""
    counts = _numbers(options.samples)
    names = [name.strip() for name in options.data.split(",") if name.strip()]
    rows: list[dict[str, object]] = []
    for name in names:
        instances = resolve(name, options.count, options.split)
        for mnl in _numbers(options.mnl):
            known = certificates(instances, mnl, options)
            table = _table(f"{name}, MNL {mnl}, {len(instances)} clusters")
            for samples in counts:
                solver = VMR2L(
                    VMR2LParams(samples, options.threshold, options.cut, options.threads, str(options.weights))
                )
                solver.prepare()
                seeds = _numbers(options.seeds) if samples > 1 else [0]
                found = [
                    best_of(solver, each.load(), mnl, seed)
                    for seed in seeds
                    for each in track(instances, f"K = {samples}", transient=True, console=Console(stderr=True))
                ]
                facts = known * len(seeds)
                finals = [final for final, _ in found]
                _row(table, f"vmr2l K={samples}", finals, facts, [seconds for _, seconds in found])
                rows += [
                    {"data": name, "mnl": mnl, "k": samples, "final": final, "bound": cert.bound, "rule": cert.rule}
                    for final, cert in zip(finals, facts, strict=True)
                ]
            _row(table, "two-step", [each.rule for each in known], known, [each.rule_s for each in known])
            console.print(table)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(rows, indent=1))


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("planner")
    for heading in ("FR gap", "95 %", "median", "worst", "slots", "optimum", "optimal", "s each"):
        table.add_column(heading, justify="right")
    return table


def _row(table: Table, name: str, finals: list[float], known: list[Certificate], seconds: list[float]) -> None:
    gaps = np.array([gap(final, each.bound) for final, each in zip(finals, known, strict=True)])
    slots = np.mean([(each.initial - final) / each.quantum for final, each in zip(finals, known, strict=True)])
    optimum = np.mean([(each.initial - each.bound) / each.quantum for each in known])
    low, high = interval(gaps)
    table.add_row(
        name, f"{gaps.mean():.2%}", f"{low:.2%} to {high:.2%}", f"{np.median(gaps):.2%}", f"{gaps.max():.2%}",
        f"{slots:.2f}", f"{optimum:.2f}", f"{np.mean(gaps < 1e-9):.0%}", f"{np.mean(seconds):.2f}",
    )  # fmt: skip


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"{text!r} is not a list of whole numbers; write for example 1,8.") from None


def main() -> None:
    """Run the command line."""
    options = tyro.cli(Options, prog="python -m rl.evaluate")
    try:
        run(options, Console())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
