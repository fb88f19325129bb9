"""One colour and marker for a solver, the same in every figure, and colours for sizes.

Colours are those of Okabe and Ito (Color Universal Design, 2008), and for other solvers the qualitative schemes of Paul
Tol: both can be told apart with any colour vision. So can those of sizes, which follow viridis.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.colors import to_hex


class Style(NamedTuple):
    """How a solver is drawn."""

    color: str
    marker: str
    size: float = 6.0
    """Of the marker, points: thin shapes need more to be seen as well as the others."""
    line: str = "-"


STYLES = {
    "ha": Style("#707070", "o"),
    "greedy": Style("#e69f00", "s"),
    "two-step": Style("#56b4e9", "^"),
    "swap": Style("#009e73", "D"),
    "vbpp": Style("#cc79a7", "v"),
    "pop": Style("#332288", "p"),
    "mcts": Style("#882255", "<"),
    "mip": Style("#0072b2", "P", 7.0),
    "mip-paper": Style("#000000", "X"),
    "vmr2l": Style("#d55e00", "*", 9.5),
    "neuplan": Style("#117733", ">"),
    "decima": Style("#999933", "h"),
}
OTHERS = (
    Style("#661100", ">"),
    Style("#6699cc", "h"),
    Style("#aa4499", "d"),
    Style("#44aa99", "H"),
    Style("#cc6677", "8"),
    Style("#ddcc77", "D"),
    Style("#88ccee", "<"),
)
LINES = ("-", "--", "-.", ":")


def styles(labels: Iterable[str]) -> dict[str, Style]:
    """Return the style of each label: a solver keeps its colour, its settings differ by line.

    An unknown solver's style follows from its name, and moves on only where another one here has it already.
    """
    chosen: dict[str, Style] = {}
    bases: dict[str, Style] = {}
    for label in labels:
        base = label.partition(":")[0]
        if base not in bases:
            bases[base] = STYLES.get(base) or _other(base, set(bases.values()))
        variant = sum(known.partition(":")[0] == base for known in chosen)
        chosen[label] = bases[base]._replace(line=LINES[variant % len(LINES)])
    return chosen


def size_colors(sizes: Sequence[int]) -> dict[int, str]:
    """Return a colour for each size, smallest first: from yellow to dark violet, the larger the darker."""
    viridis = mpl.colormaps["viridis_r"]
    last = max(1, len(sizes) - 1)
    return {size: to_hex(viridis(0.02 + 0.93 * rank / last)) for rank, size in enumerate(sizes)}


def _other(name: str, taken: set[Style]) -> Style:
    start = zlib.crc32(name.encode()) % len(OTHERS)
    candidates = [OTHERS[(start + step) % len(OTHERS)] for step in range(len(OTHERS))]
    return next((style for style in candidates if style not in taken), candidates[0])
