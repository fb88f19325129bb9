"""Carrying out one experiment: its tables, figure, findings and provenance, in a folder of its own."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from rich.text import Text

from data.formats.files import write_text
from harness import provenance
from harness.experiments import create
from harness.experiments.bench import FLOATS, Bench
from harness.experiments.contract import Claim, Experiment, NotTestedError, Verdict
from harness.experiments.drawing import write_below
from harness.plot import STYLE, save

NOT_TESTED = Verdict("", None)


@dataclass(frozen=True)
class Result:
    """What came of an experiment, for the report."""

    name: str
    experiment: Experiment
    verdicts: tuple[tuple[Claim, Verdict], ...]
    caption: str = ""
    """That of the experiment, the time limit, and how many trajectories were sampled."""
    findings: tuple[str, ...] = ()
    figure: Path | None = None
    """The SVG; None where the experiment could not be carried out."""
    reason: str = ""
    """Why it could not."""


def conduct(name: str, bench: Bench) -> Result:
    """Carry out an experiment and write ``OUT/NAME/``; without what it needs, only say so.

    Raises
    ------
    InputError
        When an option cannot be used, or the folder belongs to another configuration.
    """
    experiment, folder = create(name), bench.folder / name
    bench.used.clear()
    provenance.begin(folder, bench.command, bench.configuration(), {}, {})
    complete = False
    try:
        frames = experiment.run(bench)
        complete = True
    except NotTestedError as error:
        untested = tuple((claim, NOT_TESTED) for claim in experiment.claims())
        return Result(name, experiment, untested, reason=str(error))
    finally:
        provenance.finish(folder, complete, comparisons=bench.used)
    for key, frame in frames.items():
        write_text(folder / f"{key}.csv", frame.to_csv(index=False, float_format=FLOATS))
    caption = experiment.caption + bench.conditions()
    with mpl.rc_context(STYLE):
        figure = experiment.draw(frames)
        write_below(figure, caption)
        _, svg = save(figure, folder / name)
    verdicts = tuple((claim, claim.test(frames) or NOT_TESTED) for claim in experiment.claims())
    result = Result(name, experiment, verdicts, caption, tuple(experiment.findings(frames)), svg)
    write_text(folder / "findings.md", _page(result))
    for finding in result.findings:
        bench.console.print(Text(f"  {finding}"), soft_wrap=True)
    return result


def spoken(verdict: Verdict) -> str:
    """Return a verdict in words."""
    return {True: "holds", False: "does not hold", None: "not tested"}[verdict.holds]


def _page(result: Result) -> str:
    experiment = result.experiment
    lines = [
        f"# {experiment.title}",
        "",
        f"![{experiment.title}]({result.name}.png)",
        "",
        f"*{result.caption}*",
        "",
    ]
    lines += [f"- {finding}" for finding in result.findings]
    if result.verdicts:
        lines += ["", "| the paper says | published | ours | verdict |", "|---|---|---|---|"]
        lines += [_row(claim, verdict) for claim, verdict in result.verdicts]
    return "\n".join(lines) + "\n"


def _row(claim: Claim, verdict: Verdict) -> str:
    return f"| {claim.says} | {claim.published} | {verdict.ours} | {spoken(verdict)} |"
