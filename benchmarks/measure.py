"""One row of the table, measured: solve, check, compare with the bar."""

import cProfile
import gc
import io
import math
import pstats
import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.rows import Row
from data import Cluster, assign_waves, check
from solvers import Deadline, Problem, Solution, Solver, create

EPSILON = 1e-9
ONCE_ABOVE_S = 8.0
"""A solve call that takes longer is not repeated."""


@dataclass(frozen=True)
class Line:
    """What is printed of a row; of several clusters, sums, and the worst gap and memory."""

    label: str
    slots: str = ""
    bound: str = ""
    status: str = ""
    gap: float | None = None
    """Share, 0 to 1, of the slots that the bound leaves to gain and the plan does not; None without a bound."""
    moves: int | None = None
    waves: int | None = None
    wall_s: float | None = None
    """Median of the solve calls."""
    cpu_s: float | None = None
    """Median of the processor seconds, which other work on the machine hardly changes."""
    longest_s: float | None = None
    near_s: float | None = None
    """Median until the first incumbent that gains 99 % of what the bound leaves to gain, None where half have none."""
    rss_mib: float | None = None
    """Peak of the process while it solves, with the instance and all libraries."""
    bar: str = ""
    verdict: str = ""
    """``holds``, ``misses`` with what misses, or empty where nothing is required."""
    note: str = ""


@dataclass(frozen=True)
class Run:
    """One solve call and what the checker says of it; slots counted from 0."""

    initial: float
    slots: float
    bound: float
    """Infinite without a bound."""
    moves: int
    waves: int
    wall_s: float
    cpu_s: float
    near_s: float
    objection: str
    """Why the run does not count, or empty."""

    @property
    def gap(self) -> float:
        """Share of what the bound leaves to gain that is not gained."""
        reachable = self.bound - self.initial
        return max(0.0, (self.bound - self.slots) / reachable) if reachable > EPSILON else 0.0

    @property
    def proven(self) -> bool:
        """Tell whether the plan meets its bound."""
        return self.slots >= self.bound - 1e-6


def measure(row: Row) -> Line:
    """Solve every cluster of a row with ``mip``, as often as it says, each time from a snapshot without caches."""
    solver = create("mip")
    solver.prepare()
    runs: list[Run] = []
    rss_mib = 0.0
    for make in row.clusters:
        cluster = make()
        for repeat in range(row.repeats):
            run, solved_mib = _run(solver, _problem(row, cluster), row.time_limit_s, repeat)
            runs.append(run)
            rss_mib = max(rss_mib, solved_mib)
            if run.wall_s > ONCE_ABOVE_S:
                break
    return _summary(row, runs, rss_mib)


def profile(row: Row, lines: int = 10) -> str:
    """Return where the time of one solve call goes: the functions with the most time of their own."""
    solver = create("mip")
    solver.prepare()
    problem = _problem(row, row.clusters[0]())
    profiler = cProfile.Profile()
    profiler.runcall(solver.solve, problem, Deadline(row.time_limit_s), 0)
    text = io.StringIO()
    pstats.Stats(profiler, stream=text).strip_dirs().sort_stats("tottime").print_stats(lines)
    return "\n".join(line for line in text.getvalue().splitlines() if line)


def _run(solver: Solver, problem: Problem, time_limit_s: float, seed: int) -> tuple[Run, float]:
    """Solve once, judge, and return the run with the peak memory, in MiB, of the process while it solved."""
    gc.collect()
    reset_peak()
    cpu_s, start_s = time.process_time(), time.perf_counter()
    solution = solver.solve(problem, Deadline(time_limit_s), seed)
    wall_s, cpu_s = time.perf_counter() - start_s, time.process_time() - cpu_s
    rss_mib = peak_mib()
    return _judge(problem, solution, time_limit_s, wall_s, cpu_s), rss_mib


def _problem(row: Row, cluster: Cluster) -> Problem:
    """Pose the row's problem on a copy of the snapshot, on which nothing is cached yet."""
    mnl = round(row.mnl * cluster.vms) if row.mnl < 1 else int(row.mnl)
    return Problem(replace(cluster), mnl, row.objective, row.rules)


def _judge(problem: Problem, solution: Solution, time_limit_s: float, wall_s: float, cpu_s: float) -> Run:
    """Replay the plan with the checker, its waves too, and count slots by what the checker says."""
    cluster, score = problem.cluster, problem.score
    plain = check(cluster, solution.plan, mnl=problem.mnl, rules=problem.rules, objective=problem.objective)
    objection = plain.reason
    waves: tuple[int, ...] = ()
    if plain.valid:
        waves = assign_waves(cluster, solution.plan, problem.rules)
        waved = check(cluster, solution.plan, rules=problem.rules, objective=problem.objective, waves=waves)
        objection = waved.reason
    if wall_s > time_limit_s:
        objection = objection or f"late: {wall_s:.2f} s of {time_limit_s:g} s"
    initial, slots = score.slots_of(plain.initial_fr), score.slots_of(plain.final_fr)
    bound = math.inf if solution.bound is None else score.slots_of(solution.bound)
    if slots > bound + 1e-6:
        objection = objection or f"the bound is wrong: {bound:.2f} slots but {slots:.2f} are reached"
    reachable = (slots if math.isinf(bound) else bound) - initial
    goal = initial + 0.99 * reachable - 1e-6
    near = [0.0] * (initial >= goal) + [each.seconds for each in solution.incumbents if score.slots_of(each.fr) >= goal]
    return Run(
        initial,
        slots,
        bound,
        len(solution.plan),
        len(set(waves)),
        wall_s,
        cpu_s,
        min(near, default=math.inf),
        objection,
    )


def _summary(row: Row, runs: list[Run], rss_mib: float) -> Line:
    walls = [run.wall_s for run in runs]
    several = len(row.clusters) > 1
    shown = runs if several else [max(runs, key=lambda run: run.gap)]
    proven = sum(run.proven and not run.objection for run in runs)
    status = f"proven {proven}/{len(runs)}" if several else ("proven" if proven == len(runs) else "feasible")
    bound = sum(run.bound for run in shown)
    gap = max(run.gap for run in runs)
    near_s = statistics.median(run.near_s for run in runs)
    return Line(
        row.label,
        f"{sum(run.slots for run in shown):.7g}",
        "none" if math.isinf(bound) else f"{bound:.7g}",
        status,
        None if math.isinf(gap) or math.isnan(gap) else gap,
        sum(run.moves for run in shown),
        max(run.waves for run in shown),
        statistics.median(walls),
        statistics.median(run.cpu_s for run in runs),
        max(walls),
        near_s if math.isfinite(near_s) else None,
        rss_mib,
        str(row.bar or ""),
        _verdict(row, runs, rss_mib),
        next((f"invalid: {run.objection}" for run in runs if run.objection), ""),
    )


def _verdict(row: Row, runs: list[Run], rss_mib: float) -> str:
    bar = row.bar
    if bar is None:
        return "misses: not valid" if any(run.objection for run in runs) else ""
    wrong = []
    if any(run.objection for run in runs):
        wrong.append("not valid")
    good = [run for run in runs if run.proven or (bar.gap and run.gap <= bar.gap)]
    if len(good) < bar.proven_share * len(runs):
        wrong.append("gap")
    if bar.slots is not None and any(round(run.slots) != bar.slots for run in runs):
        wrong.append("slots")
    if len(row.clusters) > 1:
        late = sum(run.wall_s > bar.wall_s for run in runs)
        if late > (1 - bar.proven_share) * len(runs) + EPSILON:
            wrong.append(f"time ({late}/{len(runs)} over)")
    elif statistics.median(run.wall_s for run in runs) > bar.wall_s:
        wrong.append("time")
    if bar.rss_gb is not None and rss_mib > bar.rss_gb * 1000**3 / 1024**2:
        wrong.append("memory")
    return "misses: " + ", ".join(wrong) if wrong else "holds"


STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> None:
    """Let the peak of the process's memory begin at what it uses now (Linux; elsewhere it counts from the start)."""
    if CLEAR_REFS.exists():
        CLEAR_REFS.write_text("5")


def peak_mib() -> float:
    """Return the peak resident memory of the process since the last reset, in MiB."""
    if STATUS.exists():
        fields = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) / 1024
    import resource  # absent on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
