"""What the figures of the experiments share: panels, lines with bands, and the caption below."""

import textwrap
from collections.abc import Iterable
from typing import Literal

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from harness.palette import Style, styles

CHARACTERS_PER_INCH = 17
"""Of a caption, at its size below a narrow figure."""
NAMES_WIDTH = 58
"""Characters of such a line below a panel."""
NARROW_IN = 9.6
"""A wider figure is shown smaller, so that its caption is larger."""


def panels(
    titles: Iterable[str], title: str, *, sharey: bool | Literal["row"] = True, rows: int = 1
) -> tuple[Figure, list[Axes]]:
    """Make a figure of panels side by side, in one row or several."""
    titles = list(titles)
    columns = len(titles) // rows
    figure = Figure(figsize=(7.0 if columns == 1 else 4.8 * columns, 4.2 * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, sharey=sharey, squeeze=False).ravel())
    for each, name in zip(axes, titles, strict=True):
        each.set_title(name, fontsize=10)
        each.tick_params(labelleft=True)
    figure.suptitle(title, fontsize=11)
    return figure, axes


def lines(
    axes: Axes, frame: pd.DataFrame, x: str, y: str, drawn: dict[str, Style] | None = None, by: str = "solver"
) -> None:
    """Draw a line with markers for each solver, and a band where the frame has the columns ``low`` and ``high``."""
    drawn = drawn or styles(frame[by].unique())
    for label, group in frame.groupby(by, sort=False):
        style, group = drawn[str(label)], group.sort_values(x)
        axes.plot(
            group[x], group[y], color=style.color, linestyle=style.line, marker=style.marker, markersize=style.size,
            markeredgecolor="white", markeredgewidth=0.6, linewidth=1.6, label=str(label),
        )  # fmt: skip
        if {"low", "high"} <= set(group):
            axes.fill_between(group[x], group["low"], group["high"], color=style.color, alpha=0.1, linewidth=0)


def name_hidden(axes: Axes, last: pd.DataFrame, y: str) -> None:
    """Say below the axis which solvers lie on one another, so that one hides the others, in the rows at its right."""
    last = last.sort_values(y)
    together = (last[y].diff() > 0.004 * (axes.get_ylim()[1] - axes.get_ylim()[0])).cumsum()
    groups = [", ".join(group) for _, group in last["solver"].groupby(together.to_numpy()) if len(group) > 1]
    if groups:
        text = textwrap.fill(f"together at the right: {'; '.join(groups)}", NAMES_WIDTH)
        axes.annotate(
            text, (0, 0), xycoords="axes fraction", xytext=(0, -34), textcoords="offset points",
            va="top", fontsize=8, color="#444444",
        )  # fmt: skip


def log_seconds(axes: Axes) -> None:
    """Make the vertical axis one of seconds, logarithmic with readable ticks."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g} s" if y >= 1 else f"{1000 * y:g} ms"))


def legend(figure: Figure, axes: Iterable[Axes], title: str = "solver") -> None:
    """Name what is drawn, once for all panels, beside them."""
    found: dict[str, Artist] = {}
    for each in axes:
        handles, labels = each.get_legend_handles_labels()
        found |= {label: handle for handle, label in zip(handles, labels, strict=True) if label not in found}
    figure.legend(
        list(found.values()), list(found), loc="outside right upper", title=title, alignment="left", fontsize=9
    )


def ours_and_published(instances: pd.Series) -> list[str]:
    """Title a panel with ours, means over so many clusters, and one with what the paper's figure shows."""
    return [f"ours, {counted(int(instances.max()), 'cluster')}", "published, read off the figure"]


def counted(count: int, noun: str) -> str:
    """Write a count with its noun: ``1 seed``, ``3 seeds``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def write_below(figure: Figure, caption: str) -> None:
    """Write the caption below the panels, so that the picture explains itself wherever it goes."""
    width = figure.get_size_inches()[0]
    larger = max(1.0, width / NARROW_IN) ** 0.5
    text = textwrap.fill(caption, int(width * CHARACTERS_PER_INCH / larger))
    figure.text(0.01, -0.02, text, va="top", fontsize=8 * larger, color="#444444")
