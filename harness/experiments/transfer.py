"""The shipped agent on what it was not trained for: other limits, sizes, clusters and mixes of VM types."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from data.generators import generate_sized
from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames, Verdict
from harness.experiments.drawing import legend, panels
from harness.experiments.frames import value, where
from harness.experiments.migrations import LIMIT
from harness.experiments.scale import with_share
from harness.palette import styles
from harness.statistics import means
from rl.curriculum import MIXTURE
from solvers import SolverSpec

SOLVERS_SHOWN = ("vmr2l", "two-step", "mip")
MNLS = (10, 25, 50, 100, 200)
SIZES = (0.5, 0.8, 1.2, 2.0, 4.0)
KINDS = ("large", "tight", "memory", "multi", "mixed")
DODGE = 0.09
"""Between the marks of two solvers at one place."""
LARGE_S = 3.8
"""What the paper's agent takes for a plan on its Large set (Ding et al., EuroSys '25, text)."""


class Transfer:
    """Share of the possible gain that the agent reaches without retraining, beside a rule and the optimum."""

    title = "Transfer: what the agent reaches without retraining"
    caption = (
        "Share of the gain that is certified to be possible at most; higher is better. Bars: 95 % bootstrap intervals. "
        "Left: Medium at other limits. Middle: clusters generated as Medium, with 0.5 to 4 times its PMs and as many "
        "times 50 migrations. Right: other clusters and other mixes of VM types, at MNL 50; (new): no cluster of the "
        "kind was in training. One set of weights throughout, trained on 40 to 1,176 PMs and limits of 15 to 100."
    )
    minutes = (1.5, 30)

    def run(self, bench: Bench) -> Frames:
        """Compare on every variation."""
        specs = [SolverSpec(name) for name in SOLVERS_SHOWN]
        medium = bench.load("medium", full=10)
        by_mnl = {mnl: bench.compare(f"transfer-mnl{mnl}", medium, mnl, solvers=specs).runs
                  for mnl in bench.choose((LIMIT, 100), MNLS)}  # fmt: skip
        rows = [runs.assign(what="MNL", case=str(mnl)) for mnl, runs in by_mnl.items()]
        rows.append(by_mnl[LIMIT].assign(what="PMs", case="1x"))
        for size in bench.choose((0.5, 2.0), SIZES):
            pms = {name: round(size * cluster.pms) for name, cluster in medium.items()}
            clusters = {f"{name}-{size:g}": generate_sized("medium", "test", number, count)
                        for number, (name, count) in enumerate(pms.items())}  # fmt: skip
            runs = bench.compare(f"transfer-size{size:g}", clusters, round(size * LIMIT), solvers=specs).runs
            rows.append(runs.assign(what="PMs", case=f"{size:g}x"))
        rows.append(by_mnl[LIMIT].assign(what="cluster", case="medium"))
        for kind in bench.choose(("large", "multi"), KINDS):
            runs = bench.compare(f"transfer-{kind}", bench.load(kind, full=10), LIMIT, solvers=specs).runs
            rows.append(runs.assign(what="cluster", case=kind if kind in MIXTURE else f"{kind} (new)"))
        frame, by = with_share(pd.concat(rows)), ["what", "case", "solver"]
        result = means(frame, by, "share")
        result["seconds"] = means(frame, by, "solve_s")["solve_s"]
        return {"transfer": result.sort_values("case", key=lambda cases: cases.map(_size), kind="stable")}

    def draw(self, frames: Frames) -> Figure:
        """Draw a panel a variation."""
        frame = frames["transfer"]
        titles = {"MNL": "other limits", "PMs": "other sizes", "cluster": "other clusters"}
        names = {"MNL": "most migrations allowed (MNL)", "PMs": "PMs, times 279", "cluster": "preset"}
        figure, axes = panels(titles.values(), self.title)
        for each, what in zip(axes, titles, strict=True):
            here = where(frame, what=what)
            cases = list(dict.fromkeys(here["case"]))
            for rank, (solver, style) in enumerate(styles(SOLVERS_SHOWN).items()):
                line = where(here, solver=solver).set_index("case").loc[cases]
                each.errorbar(
                    [at + (rank - 1) * DODGE for at in range(len(line))],
                    line["share"], [line["share"] - line["low"], line["high"] - line["share"]],
                    color=style.color, marker=style.marker, linestyle=style.line if what != "cluster" else "",
                    markersize=style.size, label=solver, capsize=3, elinewidth=1,
                )  # fmt: skip
            each.set_xticks(range(len(cases)), cases)
            each.set_xlim(-0.4, len(cases) - 0.6)
            each.set_xlabel(names[what])
        axes[0].set_ylabel("per cent of the possible gain")
        lowest = float(frame[["share", "low"]].min().min())
        axes[0].set_ylim(max(0.0, 5 * ((lowest - 1) // 5)), 101)
        axes[0].yaxis.set_major_locator(MaxNLocator(integer=True))
        legend(figure, axes[:1])
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """List what the agent reaches, by variation."""
        found = []
        for what in ("MNL", "PMs", "cluster"):
            here = where(frames["transfer"], what=what, solver="vmr2l")
            shares = ", ".join(f"{row['share']:.0f} % ({row['case']})" for row in here.to_dict("records"))
            found.append(f"vmr2l reaches of the possible gain, by {what}: {shares}.")
        return found

    def claims(self) -> list[Claim]:
        """Hold what the paper says of other sizes against ours."""
        return [
            Claim("Beyond a fifth more or fewer PMs the agent gets worse (holds: at 0.5x or 2x by 5 points or more; "
                  "ours was trained on parts of many sizes)", "in words only", _sizes),
            Claim("The agent keeps its quality at another MNL (holds: at 100 within 5 points of 50)",
                  "table not known", _limits),
            Claim(f"On the Large set it plans in {LARGE_S:g} s", f"{LARGE_S:g} s", _large),
        ]  # fmt: skip


def _size(case: str) -> float:
    """Return what a limit or a size is ordered by; clusters keep their order."""
    number = case.rstrip("x")
    return float(number) if number.replace(".", "").isdigit() else 0.0


def _sizes(frames: Frames) -> Verdict | None:
    here = where(frames["transfer"], what="PMs", solver="vmr2l")
    half, one, two = (value(here, "share", case=case) for case in ("0.5x", "1x", "2x"))
    if half is None or one is None or two is None:
        return None
    text = f"{half:.0f} % of the possible at 0.5x, {one:.0f} % at 1x, {two:.0f} % at 2x"
    return Verdict(text, one - min(half, two) >= 5)


def _limits(frames: Frames) -> Verdict | None:
    here = where(frames["transfer"], what="MNL", solver="vmr2l")
    more, usual = value(here, "share", case="100"), value(here, "share", case="50")
    if more is None or usual is None:
        return None
    return Verdict(f"{more:.0f} % of the possible at 100, {usual:.0f} % at 50", usual - more <= 5)


def _large(frames: Frames) -> Verdict | None:
    seconds = value(frames["transfer"], "seconds", case="large", solver="vmr2l")
    return None if seconds is None else Verdict(f"{seconds:.2g} s", seconds <= LARGE_S)
