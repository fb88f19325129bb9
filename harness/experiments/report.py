"""``report.html``: the paper's claims beside our figures, then every experiment; one file that opens offline."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from data.formats.files import write_text
from harness import provenance
from harness.experiments.conduct import Result, spoken
from harness.report import inline, template


def write_report(folder: Path, results: Sequence[Result], quick: bool) -> Path:
    """Write the report of some experiments into ``folder``, the claims beside it as a table, and return its path."""
    verdicts = [verdict.holds for result in results for _, verdict in result.verdicts]
    page = template("experiments/experiments.html", inline=inline, spoken=spoken)
    text = page.render(
        results=results,
        quick=quick,
        counts={
            "holds": verdicts.count(True),
            "fails": verdicts.count(False),
            "untested": verdicts.count(None),
        },
        attempt=provenance.read(folder / results[-1].name)["attempts"][-1],
    )
    claims = [
        (result.name, claim.says, claim.published, verdict.ours, spoken(verdict))
        for result in results
        for claim, verdict in result.verdicts
    ]
    table = pd.DataFrame(claims, columns=["experiment", "claim", "published", "ours", "verdict"])
    write_text(folder / "claims.csv", table.to_csv(index=False))
    path = folder / "report.html"
    write_text(path, text)
    return path
