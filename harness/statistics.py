"""What the runs say: gaps to the certified bound, means with bootstrap intervals, and bounds that cannot be right."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

RESAMPLES = 10_000
TOLERANCE = 1e-9
"""FR moves in quanta; a bound this little above a reached FR is rounding."""


def bootstrap(values: NDArray[np.float64], seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95 % percentile interval of the mean over the first axis: [N, ...] to two arrays [...].

    NaN where there are fewer than two values.

    Instances are drawn with replacement (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
    """
    count = len(values)
    if count < 2:
        return np.full(values.shape[1:], np.nan), np.full(values.shape[1:], np.nan)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES) / count
    low, high = np.percentile(np.tensordot(weights, values, axes=1), [2.5, 97.5], axis=0)
    return low, high


def means(frame: pd.DataFrame, by: list[str], value: str) -> pd.DataFrame:
    """Return the mean of a column for each group, over instances after a mean over the other rows of each.

    The columns are ``by``, ``value``, ``low`` and ``high`` (95 % bootstrap interval) and ``instances``.
    """
    rows = []
    for key, group in frame.groupby(by, sort=False):
        values = group.groupby("instance")[value].mean().dropna().to_numpy(dtype=float)
        low, high = bootstrap(values)
        mean = values.mean() if len(values) else np.nan
        rows.append((*key, mean, float(low), float(high), len(values)))
    return pd.DataFrame(rows, columns=[*by, value, "low", "high", "instances"])


def unsound_bounds(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs whose claimed bound lies above an FR that a checked plan reached, with that FR as ``reached``.

    A plan within a smaller limit is a plan within a larger one, so it disproves the bounds of all limits from its own.
    """
    reached = runs.groupby(["instance", "mnl"])["final_fr"].min().groupby(level="instance").cummin().rename("reached")
    joined = runs.join(reached, on=["instance", "mnl"])
    return joined[joined["bound_fr"] > joined["reached"] + TOLERANCE]


def with_gap(runs: pd.DataFrame, bounds: pd.DataFrame | None = None) -> pd.DataFrame:
    """Add ``best_bound_fr``, the best certified bound of the instance and limit, and ``gap``, FR above it.

    Bounds that cannot be right are left out. Both are NaN where nobody has a bound. ``bounds`` are those of
    `harness.bounds`, for problems on which no run has one.
    """
    sound = runs.drop(index=unsound_bounds(runs).index)[["instance", "mnl", "bound_fr"]]
    if bounds is not None and len(bounds):
        sound = pd.concat([sound, bounds])
    best = sound.groupby(["instance", "mnl"])["bound_fr"].max().rename("best_bound_fr")
    joined = runs.join(best, on=["instance", "mnl"])
    joined["gap"] = (joined["final_fr"] - joined["best_bound_fr"]).clip(lower=0)
    return joined


def summarise(runs: pd.DataFrame, bounds: pd.DataFrame | None = None, *, intervals: bool = True) -> pd.DataFrame:
    """Return one row for each solver and MNL, in order of mean FR: means are over instances, each over its seeds.

    Without ``intervals`` the bootstrap is left out and ``low`` and ``high`` are NaN.
    """
    rows = []
    for (solver, mnl), group in with_gap(runs, bounds).groupby(["solver", "mnl"], sort=False):
        fr = group.groupby("instance")["final_fr"].mean()
        low, high = bootstrap(fr.to_numpy(dtype=float)) if intervals else (np.nan, np.nan)
        gap = group.groupby("instance")["gap"].mean()
        counts = group["status"].value_counts()
        rows.append(
            {
                "solver": solver,
                "mnl": mnl,
                "instances": len(fr),
                "runs": len(group),
                "initial_fr": group.groupby("instance")["initial_fr"].mean().mean(),
                "mean_fr": fr.mean(),
                "low": float(low),
                "high": float(high),
                "median_fr": fr.median(),
                "worst_fr": group["final_fr"].max(),
                "mean_gap": gap.mean(),
                "bounded": int(gap.notna().sum()),
                "slots": group["slots_gained"].mean(),
                "migrations": group["migrations"].mean(),
                "mean_s": group["solve_s"].mean(),
                "max_s": group["solve_s"].max(),
                **{status: int(counts.get(status, 0)) for status in ("ok", "late", "failed", "invalid")},
            }
        )
    return pd.DataFrame(rows).sort_values(["mnl", "mean_fr", "solver"], ignore_index=True)
