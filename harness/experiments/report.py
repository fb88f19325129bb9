"""``report.html``: the paper's claims beside our figures, then every experiment; one file that opens offline."""

from collections.abc import Sequence
from pathlib import Path

from data.formats.files import write_text
from harness import provenance
from harness.experiments.conduct import Result, spoken
from harness.report import inline, template


def write_report(folder: Path, results: Sequence[Result], quick: bool) -> Path:
    """Write the report of some experiments into ``folder`` and return its path."""
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
    path = folder / "report.html"
    write_text(path, text)
    return path
