"""The paper's published numbers, as small tables that say in their first lines where they come from."""

from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent


def published(name: str) -> pd.DataFrame:
    """Read the published table ``name``; solvers have our names."""
    return pd.read_csv(FOLDER / f"{name}.csv", comment="#")


def source(name: str) -> str:
    """Return where the table comes from, in one line."""
    lines = (FOLDER / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return " ".join(line.removeprefix("#").strip() for line in lines if line.startswith("#"))
