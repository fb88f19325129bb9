"""The trajectory as a page that plays it: one file, opens offline."""

from collections.abc import Iterable
from itertools import groupby

import msgspec

from harness.palette import size_colors
from harness.report import template
from harness.trajectory.canvas import readable_on
from harness.trajectory.frames import Frame, Trajectory


def draw_page(trajectory: Trajectory) -> str:
    """Return the page."""
    colors = size_colors(trajectory.sizes)
    return template("trajectory/player.html").render(
        trajectory=trajectory,
        data=msgspec.to_builtins(trajectory, str_keys=True),
        colors={size: colors[size] for size in sorted({vm.cores for vm in trajectory.vms})},
        inks={size: readable_on(color) for size, color in colors.items()},
        waves=_waves(trajectory.frames[1:]),
    )


def _waves(frames: Iterable[Frame]) -> list[tuple[int, list[tuple[int, Frame]]]]:
    """Group the steps, numbered from 1, by wave."""
    steps = groupby(enumerate(frames, start=1), key=lambda step: step[1].move.wave if step[1].move else 0)
    return [(wave, list(members)) for wave, members in steps]
