"""Whether the bounds of ``mip`` hold: tiny clusters with every constraint, against brute force."""

from benchmarks.measure import Line
from benchmarks.tiny import Options, judge

LABEL = "bound soundness, tiny clusters with every constraint mix"


def soundness(clusters: int) -> Line:
    """Count what is better than all ordered plans, which nothing may be, and what is as good."""
    tally = judge(Options(clusters=clusters, solvers="mip"))["mip"]
    counts = tally.counts
    wrong = {key: counts[key] for key in ("invalid", "better", "wrong bounds", "raised") if counts[key]}
    return Line(
        label=LABEL,
        status=f"equal {counts['equal'] / clusters:.1%}",
        bar="never better than brute force",
        verdict="misses: " + ", ".join(f"{count} {key}" for key, count in wrong.items()) if wrong else "holds",
        note=f"{clusters} clusters, {counts['bounds']} bounds, worst FR gap {tally.worst:.4f}, "
        f"order explains {counts['order']} of {clusters - counts['equal']} not equal; {'; '.join(tally.notes)}",
    )
