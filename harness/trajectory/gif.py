"""The trajectory as an animated GIF: a picture for the snapshot and for each migration."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.progress import track

from harness.palette import size_colors
from harness.trajectory.bars import Bars, draw_pm, freed_boxes, vm_box
from harness.trajectory.canvas import ACCENT, INK, MARGIN, SOFT, WIDTH, Canvas, fitting, shared_palette, width_of
from harness.trajectory.foot import FOOT, draw_foot
from harness.trajectory.frames import Content, Move, Trajectory

HEAD = 92
"""Pixels above the PMs."""
LABEL = 26
"""Pixels below a row of PMs, for their names."""
BARS, SHORTEST = 400, 88
"""Pixels in height for the bars of all rows together, and the least that each row gets."""
FIRST_MS, STEP_MS, LAST_MS = 2000, 800, 5000


def draw_gif(trajectory: Trajectory) -> bytes:
    """Return the GIF, which runs for ever; a plan of n migrations has n + 1 pictures."""
    palette = shared_palette(size_colors(trajectory.sizes).values())
    console = Console(stderr=True)
    drawn = track(
        pictures(trajectory), "pictures", len(trajectory.frames), console=console, transient=True,
        disable=not console.is_terminal,
    )  # fmt: skip
    images = (canvas.quantized(palette) for canvas in drawn)
    shown_ms = [FIRST_MS, *[STEP_MS] * (len(trajectory.frames) - 1)]
    shown_ms[-1] = LAST_MS
    file = io.BytesIO()
    next(images).save(file, "GIF", save_all=True, append_images=images, duration=shown_ms, loop=0, optimize=True)
    return file.getvalue()


def pictures(trajectory: Trajectory) -> Iterator[Canvas]:
    """Draw each frame."""
    sheet = Sheet.of(trajectory)
    held: dict[int, Content] = {}
    for step, frame in enumerate(trajectory.frames):
        before, held = held, held | frame.changed
        canvas = Canvas(WIDTH, sheet.height)
        _head(canvas, trajectory, step)
        _pms(canvas, trajectory, sheet, held, frame.move)
        if frame.move:
            _migration(canvas, trajectory, sheet, held, frame.move)
        draw_foot(canvas, trajectory, step, before, held, sheet.height - FOOT)
        yield canvas


@dataclass(frozen=True)
class Sheet:
    """Where each PM is drawn."""

    bars: tuple[Bars, ...]
    labels: tuple[str, ...]
    """Short names, cut where they are still too long."""
    label_size: int
    height: int
    """Pixels of the whole picture."""
    colors: dict[int, str]

    @classmethod
    def of(cls, trajectory: Trajectory) -> "Sheet":
        """Lay out the PMs in rows of equal length, as large as they may be."""
        count = max(1, len(trajectory.pms))
        rows = -(-count // ((WIDTH - 2 * MARGIN) // 22))
        columns = -(-count // rows)
        pitch = min(96, (WIDTH - 2 * MARGIN) // columns)
        tallest = max((max(pm.capacity) for pm in trajectory.pms), default=1)
        scale = max(SHORTEST, min(5 * tallest, BARS / rows)) / max(1, tallest)
        scale = float(int(scale)) if scale >= 1 else scale  # whole pixels: equal VMs look equal
        bar = (pitch - max(4, pitch // 4) - 1) // 2
        tall = round(tallest * scale) + LABEL
        left = (WIDTH - columns * pitch + pitch - 2 * bar - 1) // 2
        bars = [
            Bars(left + index % columns * pitch, HEAD + index // columns * tall + tall - LABEL, bar, scale)
            for index in range(len(trajectory.pms))
        ]
        size = 9 if all(width_of(pm.short, 9, bold=True) <= pitch for pm in trajectory.pms) else 8
        labels = tuple(fitting(pm.short, pitch - 1, size, bold=True) for pm in trajectory.pms)
        height = HEAD + (rows * tall + 8 if bars else 90) + FOOT
        return cls(tuple(bars), labels, size, height, size_colors(trajectory.sizes))


def _head(canvas: Canvas, trajectory: Trajectory, step: int) -> None:
    """Say which step this is, what moves, and how far the FR has come."""
    frame, last = trajectory.frames[step], len(trajectory.frames) - 1
    limit = f"at most {trajectory.mnl} migration{'s' * (trajectory.mnl != 1)}"
    title = f"{trajectory.instance}, {trajectory.solver}, {limit}, {trajectory.objective}"
    canvas.text((MARGIN, 20), fitting(title, WIDTH - 2 * MARGIN, 12), 12, color=SOFT)
    canvas.text((MARGIN, 48), f"step {step} of {last}", 20, bold=True)
    at = MARGIN + int(width_of(f"step {last} of {last}", 20, bold=True)) + 24
    if frame.move is None:
        canvas.text((at, 48), "the snapshot" if last else "the plan moves nothing", 20)
    else:
        vm = trajectory.vms[frame.move.vm]
        name = fitting(vm.name, 260, 20, bold=True)
        canvas.text((at, 48), name, 20, bold=True, color=ACCENT)
        at += int(width_of(name, 20, bold=True)) + 12
        canvas.text((at, 48), f"{vm.cores} core{'s' * (vm.cores != 1)}, {fitting(vm.kind, 200, 20)}", 20)
        ends = (fitting(trajectory.where(spot), 330, 14) for spot in (frame.move.source, frame.move.target))
        canvas.text((MARGIN, 70), "  →  ".join(ends), 14)
    canvas.text((WIDTH - MARGIN, 48), f"FR {frame.fr:.4f}", 20, bold=True, anchor="rs")
    slots = f"{frame.total:g} slot{'s' * (frame.total != 1)} gained"
    if frame.move is not None:
        slots = f"this step {f'{frame.gained:+g}' if frame.gained else 0}, in all {slots}"
    canvas.text((WIDTH - MARGIN, 70), f"{slots};  {_bound(trajectory, frame.fr)}", 14, anchor="rs")


def _bound(trajectory: Trajectory, fr: float) -> str:
    if trajectory.bound_fr is None:
        return "no bound is known"
    reached = " reached" if fr - trajectory.bound_fr < 1e-9 else ""
    return f"certified bound {trajectory.bound_fr:.4f}{reached}"


def _pms(canvas: Canvas, trajectory: Trajectory, sheet: Sheet, held: dict[int, Content], move: Move | None) -> None:
    """Draw every touched PM, and mark those that the migration is between."""
    ends = {move.source.pm, move.target.pm} if move else set()
    for pm, (at, label) in enumerate(zip(sheet.bars, sheet.labels, strict=True)):
        draw_pm(canvas, trajectory, pm, held[pm], at, sheet.colors, numbers=False)
        middle = at.left + at.width / 2
        canvas.text((middle, at.base + 13), label, sheet.label_size, pm in ends, INK if pm in ends else SOFT, "ms")
        if pm in ends:
            canvas.outline(at.frame(trajectory.pms[pm]), INK, 2)


def _migration(canvas: Canvas, trajectory: Trajectory, sheet: Sheet, held: dict[int, Content], move: Move) -> None:
    """Mark what the VM left free and where it is now, with an arrow between them."""
    source, target = move.source.pm, move.target.pm
    freed = freed_boxes(trajectory, move.vm, move.source, held[source], sheet.bars[source])
    for box in freed:
        canvas.dashes(box, ACCENT)
    landed = vm_box(trajectory, move.vm, held[target], sheet.bars[target])
    canvas.mark(landed)
    canvas.arrow(freed[0].centre, landed.centre, ACCENT)
