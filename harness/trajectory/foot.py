"""The lower part of a picture: source and destination close up, the curve, the legend."""

from collections.abc import Callable

from harness.palette import size_colors
from harness.trajectory.bars import Bars, draw_pm, vm_box
from harness.trajectory.canvas import ACCENT, INK, LINE, MARGIN, SLOT, SOFT, WIDTH, Box, Canvas, fitting, width_of
from harness.trajectory.frames import Content, Move, Trajectory

FOOT = 232
"""Pixels of its height."""
CURVE, LEGEND = 500, 880
"""Pixels from the left; source and destination come first."""
HOW_TO_READ = (
    "Each pair of bars is a PM: node 0 on the left, node 1 on the right.",
    "VMs are stacked from below; free cores are on top.",
    "A migration pays where fragments come together into a whole slot.",
    "FR is the share of free cores that are fragments.",
)


def draw_foot(
    canvas: Canvas, trajectory: Trajectory, step: int, before: dict[int, Content], after: dict[int, Content], top: int
) -> None:
    """Draw it from ``top`` down; ``before`` and ``after`` say what the PMs held and hold."""
    canvas.line([(MARGIN, top), (WIDTH - MARGIN, top)], LINE)
    move = trajectory.frames[step].move
    if move is not None:
        _draw_ends(canvas, trajectory, move, before, after, top)
    elif trajectory.slot:
        for row, line in enumerate(HOW_TO_READ):
            canvas.text((MARGIN, top + 22 + 20 * row), line, 12, color=SOFT)
    _draw_curve(canvas, trajectory, step, top)
    _draw_legend(canvas, trajectory, top)


def _draw_ends(
    canvas: Canvas,
    trajectory: Trajectory,
    move: Move,
    before: dict[int, Content],
    after: dict[int, Content],
    top: int,
) -> None:
    """Draw source and destination large, before and after the migration."""
    canvas.text((MARGIN, top + 22), "source and destination, before and after", 12, color=SOFT)
    colors = size_colors(trajectory.sizes)
    pms = list(dict.fromkeys([move.source.pm, move.target.pm]))
    scale = 150 / max(1, *(max(trajectory.pms[pm].capacity) for pm in pms))
    base, left = top + FOOT - 34, MARGIN + 4
    for pm in pms:
        old, new = Bars(left, base, 36, scale), Bars(left + 100, base, 36, scale)
        draw_pm(canvas, trajectory, pm, before[pm], old, colors, numbers=True)
        draw_pm(canvas, trajectory, pm, after[pm], new, colors, numbers=True)
        if pm == move.source.pm:
            canvas.mark(vm_box(trajectory, move.vm, before[pm], old))
        if pm == move.target.pm:
            canvas.mark(vm_box(trajectory, move.vm, after[pm], new))
        middle = left + (100 + new.width) / 2
        canvas.text((middle, base - 75), "→", 16, anchor="mm")
        full, short = trajectory.pms[pm].name, trajectory.pms[pm].short
        name = full if width_of(full, 12, bold=True) <= 170 else fitting(short, 170, 12, bold=True)
        canvas.text((middle, base + 18), name, 12, bold=True, anchor="ms")
        left += 214


def _draw_curve(canvas: Canvas, trajectory: Trajectory, step: int, top: int) -> None:
    """Draw FR after each migration, the part that is still to come faintly, and the bound."""
    box = Box(CURVE, top + 44, 300, FOOT - 92)
    canvas.text((box.left, top + 22), "FR after each migration", 12, color=SOFT)
    rates = [frame.fr for frame in trajectory.frames]
    bound = trajectory.bound_fr
    low, high = min([*rates, *([bound] if bound is not None else [])]), max(rates)
    last = max(1, len(rates) - 1)

    def at(index: float, rate: float) -> tuple[float, float]:
        share = (high - rate) / (high - low) if high > low else 0.5
        return box.left + index / last * box.width, box.top + share * box.height

    canvas.line([at(0, low), at(last, low)], LINE)
    if bound is not None:
        y = at(0, bound)[1]
        for x in range(box.left, box.left + box.width, 8):
            canvas.line([(x, y), (x + 4, y)], SOFT)
        canvas.text((box.left + box.width, y + 15), f"certified bound {bound:.4f}", 11, color=SOFT, anchor="rs")
    for until, color in ((last, LINE), (step, INK)):
        corners = [at(x, rate) for index, rate in enumerate(rates[: until + 1]) for x in (index, min(index + 1, until))]
        canvas.line(corners, color, 2)
    here = at(step, rates[step])
    canvas.disc(here, 4, ACCENT)
    canvas.text((box.left, box.top - 8), f"{rates[0]:.4f}", 11, color=SOFT)
    if step:
        canvas.text((here[0] + 7, here[1] - 7), f"{rates[step]:.4f}", 12, bold=True)
    canvas.text((box.left, box.top + box.height + 15), f"0 to {len(rates) - 1} migrations", 11, color=SOFT)


def _draw_legend(canvas: Canvas, trajectory: Trajectory, top: int) -> None:
    """Say what colours and patterns mean, and what is not drawn."""
    colors, y = size_colors(trajectory.sizes), top + 22
    drawn = sorted({vm.cores for vm in trajectory.vms})
    if drawn:
        canvas.text((LEGEND, y), "VMs by cores; a double lies across both nodes", 11, color=SOFT)
    for index, size in enumerate(drawn[:16]):
        x, line = LEGEND + index % 8 * 37, y + 12 + index // 8 * 20
        canvas.fill(Box(x, line, 14, 14), colors[size])
        canvas.text((x + 17, line + 11), str(size), 11)
    y += 16 + 20 * min(2, -(-len(drawn) // 8))
    for text, paint in _patterns(canvas, trajectory).items():
        paint(Box(LEGEND, y, 14, 14))
        canvas.text((LEGEND + 22, y + 11), text, 11)
        y += 20
    for text in _rest(trajectory):
        y += 16
        canvas.text((LEGEND, y), text, 11, color=SOFT)


def _patterns(canvas: Canvas, trajectory: Trajectory) -> dict[str, Callable[[Box], None]]:
    """Return what each pattern means, and how it is drawn."""
    whole = f"whole slot: {trajectory.slot}" if trajectory.slot else "free cores"
    patterns: dict[str, Callable[[Box], None]] = {whole: lambda box: canvas.fill(box, SLOT)}
    if trajectory.slot:
        patterns["fragment: free, but no whole slot"] = lambda box: canvas.hatch(box, LINE)
    if trajectory.pms:
        patterns["arrived in this step"] = lambda box: canvas.outline(box, ACCENT, 2)
        patterns["left in this step"] = lambda box: canvas.dashes(box, ACCENT)
    return patterns


def _rest(trajectory: Trajectory) -> list[str]:
    rest, touched = trajectory.rest, len(trajectory.pms)
    if not rest.pms:
        return ["All open PMs take part."]
    fragments = [f"{rest.fragments} of them fragments."] if trajectory.slot else []
    return [
        f"{touched} PM{'s take' if touched != 1 else ' takes'} part. The other {rest.pms} keep their",
        f"{rest.vms} VMs and {rest.free} free cores{',' if fragments else '.'}",
        *fragments,
    ]
