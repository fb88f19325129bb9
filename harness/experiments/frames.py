"""Looking things up in tidy tables."""

from collections.abc import Iterable

import pandas as pd


def where(frame: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Return the rows whose columns have these values."""
    for column, value in values.items():
        frame = frame[frame[column] == value]
    return frame


def value(frame: pd.DataFrame, column: str, **values: object) -> float | None:
    """Return the one number that stands there; None where nobody measured it."""
    found = where(frame, **values)[column].dropna()
    return float(found.iloc[0]) if len(found) else None


def spread(low: float, high: float) -> str:
    """Write an interval to stand behind its mean; nothing where there is none, as for a single cluster."""
    return "" if pd.isna(low) else f" ({low:.3f}-{high:.3f})"


def listed(pairs: Iterable[tuple[object, object]], form: str = "{:.3f}") -> str:
    """Write labels with their numbers: ``mip 0.285, ha 0.355``."""
    return ", ".join(f"{label} {form.format(number)}" for label, number in pairs)
