"""What is left of a plan when VMs come and go while it is made."""

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from harness.experiments.bench import Bench
from harness.experiments.contract import Claim, Frames, Verdict
from harness.experiments.delays import ARRIVALS, BUSY, CALM, PLANNER, planned_settled, planner_of, plans_of, trajectory
from harness.experiments.drawing import legend, lines, panels
from harness.experiments.frames import listed, spread, value, where
from harness.experiments.migrations import LIMIT, medium_at
from harness.palette import styles
from harness.published import published
from harness.statistics import means


class Latency:
    """FR against the delay of a plan, and the FR of each solver when it is charged with its own time."""

    title = "What is left of a plan when VMs come and go while it is made"
    caption = (
        "Left: share of an optimal plan's gain that is left when it is applied after a delay, by arrivals a minute (as "
        "many VMs leave), 95 % bootstrap bands at 40; settled: in use for two hours before. Middle: FR against the "
        "delay for every solver at 40 arrivals a minute; the grey line is the cluster without any plan, which best-fit "
        "arrivals repair by themselves. Right: effective FR, the FR at the start less what is left of the gain once "
        "the solver's own seconds have passed; lower is better. At the bottom, mip with the paper's 50.55 minutes."
    )
    minutes = (1, 20)

    def run(self, bench: Bench) -> Frames:
        """Plan, let VMs come and go, and apply what is left of each plan."""
        clusters = bench.load("medium")
        plans = plans_of(medium_at(bench, LIMIT), clusters)
        settled, plans_settled = planned_settled(bench)
        plans |= plans_settled
        seeds = range(bench.choose(1, 3))

        def work(key: str) -> pd.DataFrame:
            instance, arrivals = key.split("@")
            cluster, rate = (clusters | settled)[instance], float(arrivals)
            own = plans[instance]
            if rate != ARRIVALS:
                own = where(own, solver=planner_of(own))
            rows = [row for seed in seeds for row in trajectory(cluster, own, rate, seed)]
            return pd.DataFrame(rows).assign(instance=instance, arrivals=rate)

        keys = [f"{name}@{rate:g}" for name in clusters for rate in (CALM, ARRIVALS, BUSY)]
        keys += [f"{name}@{ARRIVALS:g}" for name in settled]
        rows = bench.cells("latency", keys, work)
        rows["start"] = rows["instance"].str.endswith("-settled").map({True: "settled", False: "fresh"})
        rows["effective_fr"] = rows["start_fr"] - (rows["none_fr"] - rows["fr"])
        delayed, effective = where(rows, charged="delay"), where(rows, charged="own time", start="fresh")
        by = ["start", "arrivals", "solver", "delay_s"]
        level = means(delayed, by, "fr")
        for column in ("none_fr", "gain", "migrations"):
            level[column] = means(delayed, by, column)[column]
        gain = delayed.groupby(by)["gain"].transform("mean")
        kept = means(delayed.assign(kept=(delayed["none_fr"] - delayed["fr"]) / gain), by, "kept")
        level = level.assign(kept=kept["kept"], kept_low=kept["low"], kept_high=kept["high"])
        ranked = means(effective, ["solver"], "effective_fr").sort_values("effective_fr")
        ranked = ranked.merge(effective.groupby("solver")["delay_s"].mean().rename("seconds"), on="solver")
        return {"latency": level, "effective": ranked}

    def draw(self, frames: Frames) -> Figure:
        """Draw the shares by rate, the FR by solver, and the ranking."""
        frame = frames["latency"]
        figure, axes = panels(
            ["share of the gain left", f"FR, {ARRIVALS:g} arrivals a minute", "effective FR, own seconds"],
            self.title, sharey=False,
        )  # fmt: skip
        _shares(axes[0], where(frame, solver=planner_of(frame)))
        fresh = where(frame, start="fresh", arrivals=ARRIVALS)
        drawn = styles(fresh["solver"].unique())
        lines(axes[1], fresh.drop(columns=["low", "high"]), "delay_s", "fr", drawn)
        nothing = fresh.groupby("delay_s")["none_fr"].mean()
        axes[1].plot(nothing.index, nothing, color="#9a9a9a", linewidth=4, alpha=0.6, zorder=1, label="no plan")
        axes[1].set_ylabel("fragment rate (FR)")
        for each in axes[:2]:
            _delay_axis(each)
        _ranking(axes[2], frames["effective"])
        legend(figure, axes[1:2])
        return figure

    def findings(self, frames: Frames) -> list[str]:
        """Say how the gain falls off, and rank the solvers by effective FR."""
        frame, effective = frames["latency"], frames["effective"]
        found, planner = [], planner_of(frame)
        for start, rate in (("fresh", ARRIVALS), ("settled", ARRIVALS), ("fresh", CALM), ("fresh", BUSY)):
            curve = where(frame, solver=planner, start=start, arrivals=rate)
            kept = 100 * curve.set_index("delay_s")["kept"]
            shares = listed(((f"after {_delay(at)}", kept[at]) for at in (5, 60, 300, 3000)), "{:.0f} %")
            found.append(
                f"With {rate:g} arrivals a minute, {start} clusters, a plan of {planner} keeps of its gain: {shares}."
            )
        ranking = ", ".join(
            f"{row['solver']} {row['effective_fr']:.3f}{spread(row['low'], row['high'])} after {_delay(row['seconds'])}"
            for row in effective.to_dict("records")
        )
        return [*found, f"Effective FR: {ranking}."]

    def claims(self) -> list[Claim]:
        """Hold the shape of the published curve against ours, at the rate that repeats it."""
        theirs = published("fr_by_delay").set_index("delay_s")
        gain = theirs["initial_fr"] - theirs["final_fr"]
        left = (100 * gain / gain.iloc[0]).map("{:.0f} % left".format)
        return [
            Claim("Up to 5 s nothing is lost (holds: at least 95 % of the gain)", left[5], _keeps(5, 0.95, 9)),
            Claim("After 5 minutes half of the gain is gone, or more", left[300], _keeps(300, -9, 0.5)),
            Claim("After 50 minutes nothing is left (holds: at most 5 %)", left[3000], _keeps(3000, -9, 0.05)),
            Claim("Night is the time to reschedule (holds: at its rate a plan keeps more after 5 minutes)",
                  f"{CALM:g} arrivals a minute at 2 h, {ARRIVALS:g} in busy hours", _longer_at_night),
        ]  # fmt: skip


def _shares(axes: Axes, frame: pd.DataFrame) -> None:
    """Draw the share of the gain left, a line for each rate, and the published one."""
    looks = {
        ("fresh", CALM): ("#56b4e9", "--", f"{CALM:g}, calmest hour"),
        ("fresh", ARRIVALS): ("#0072b2", "-", f"{ARRIVALS:g}, busy hours"),
        ("settled", ARRIVALS): ("#0072b2", ":", f"{ARRIVALS:g}, settled"),
        ("fresh", BUSY): ("#332288", "-.", f"{BUSY:g}, busiest minute"),
    }
    for (start, rate), (color, line, label) in looks.items():
        curve = where(frame, start=start, arrivals=rate).sort_values("delay_s")
        axes.plot(curve["delay_s"], curve["kept"], color=color, linestyle=line, marker="o", markersize=4, label=label)
        if rate == ARRIVALS:
            axes.fill_between(
                curve["delay_s"], curve["kept_low"], curve["kept_high"], color=color, alpha=0.1, linewidth=0
            )
    theirs = published("fr_by_delay")
    gain = theirs["initial_fr"] - theirs["final_fr"]
    axes.plot(theirs["delay_s"], gain / gain.iloc[0], color="#000000", marker="x", linewidth=1.2, label="published")
    axes.axhline(0, color="#444444", linewidth=0.8)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.0f} %"))
    axes.set_ylim(-0.6, 1.05)
    axes.legend(loc="lower left", fontsize=8, title="arrivals a minute", alignment="left")


def _delay_axis(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([1, 5, 60, 300, 3000]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _delay(x)))
    axes.set_xlabel("delay until the plan is applied (logarithmic)")


def _delay(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 60 else f"{seconds / 60:.4g} min"


def _ranking(axes: Axes, effective: pd.DataFrame) -> None:
    """Draw one row a solver, best on top, with its interval and seconds."""
    drawn = styles([str(solver).partition(",")[0] for solver in effective["solver"]])
    effective = effective.iloc[::-1]
    for at, row in enumerate(effective.to_dict("records")):
        style = drawn[str(row["solver"]).partition(",")[0]]
        axes.plot([row["low"], row["high"]], [at, at], color=style.color, linewidth=2)
        axes.plot(row["effective_fr"], at, marker=style.marker, color=style.color, markersize=style.size + 1)
    axes.set_yticks(
        range(len(effective)),
        [f"{row['solver']}  {_delay(row['seconds'])}" for row in effective.to_dict("records")],
    )
    axes.set_xlabel("FR with 95 % interval")


def _keeps(delay_s: int, least: float, most: float) -> Callable[[Frames], Verdict | None]:
    """Return the test whether the share of the gain that is left after a delay is within bounds."""

    def test(frames: Frames) -> Verdict | None:
        kept = _kept(frames, ARRIVALS, delay_s)
        return None if kept is None else Verdict(f"{100 * kept:.0f} % left", least <= kept <= most)

    return test


def _longer_at_night(frames: Frames) -> Verdict | None:
    night, busy = (_kept(frames, rate, 300) for rate in (CALM, ARRIVALS))
    if night is None or busy is None:
        return None
    return Verdict(f"{100 * night:.0f} % left, {100 * busy:.0f} % in busy hours", night > busy)


def _kept(frames: Frames, rate: float, delay_s: int) -> float | None:
    """Return the share of the optimal plan's gain that is left after a delay."""
    return value(frames["latency"], "kept", start="fresh", arrivals=rate, delay_s=delay_s, solver=PLANNER)
