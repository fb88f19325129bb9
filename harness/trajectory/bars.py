"""One PM as two stacked bars, node 0 on the left."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.trajectory.canvas import LINE, PAPER, SLOT, SOFT, Box, Canvas, readable_on
from harness.trajectory.frames import BOTH, Content, ShownPm, Spot, Trajectory


@dataclass(frozen=True)
class Bars:
    """Where a PM is drawn, and how large."""

    left: int
    base: int
    """The lower end."""
    bar: int
    """Pixels of a bar's width."""
    scale: float
    """Pixels of a core."""

    @property
    def width(self) -> int:
        """Pixels of both bars and the gap."""
        return 2 * self.bar + 1

    def box(self, node: int, bottom: int, cores: int) -> Box:
        """Return where ``cores`` lie that have ``bottom`` cores beneath them; across both bars for ``BOTH``."""
        left = self.left + (self.bar + 1 if node == 1 else 0)
        low, high = round(bottom * self.scale), round((bottom + cores) * self.scale)
        return Box(left, self.base - high, self.width if node == BOTH else self.bar, high - low)

    def frame(self, pm: ShownPm) -> Box:
        """Return the box around the PM."""
        return self.box(BOTH, 0, max(pm.capacity)).grown(3)


def draw_pm(
    canvas: Canvas, trajectory: Trajectory, pm: int, content: Content, at: Bars, colors: dict[int, str], numbers: bool
) -> None:
    """Draw what a PM holds, with the cores of every part where ``numbers`` are asked for."""
    for node, (capacity, free) in enumerate(zip(trajectory.pms[pm].capacity, content.free, strict=True)):
        used = capacity - free
        for bottom, cores in _slots(used, content.whole[node], trajectory.slot_cores):
            _draw_part(canvas, at.box(node, bottom, cores), SLOT, cores, numbers)
        fragment = at.box(node, used + content.whole[node], free - content.whole[node])
        canvas.hatch(fragment, LINE)
        if numbers and fragment.height >= 12:
            canvas.fill(Box(fragment.left + 4, int(fragment.centre[1]) - 6, fragment.width - 8, 12), PAPER)
            canvas.text(fragment.centre, str(free - content.whole[node]), 10, color=SOFT, anchor="mm")
        if capacity:
            canvas.outline(at.box(node, 0, capacity).grown(1), LINE)
    canvas.line([(at.left - 1, at.base), (at.left + at.width, at.base)], SOFT)
    for block in content.blocks:
        vm = trajectory.vms[block.vm]
        _draw_part(canvas, at.box(block.node, block.bottom, vm.on_each), colors[vm.cores], vm.cores, numbers)


def vm_box(trajectory: Trajectory, vm: int, content: Content, at: Bars) -> Box:
    """Return where a VM is drawn."""
    block = next(block for block in content.blocks if block.vm == vm)
    return at.box(block.node, block.bottom, trajectory.vms[vm].on_each)


def freed_boxes(trajectory: Trajectory, vm: int, source: Spot, after: Content, at: Bars) -> list[Box]:
    """Return what a VM left free: as much as it took, right above what is still there, on each of its nodes."""
    capacity, cores = trajectory.pms[source.pm].capacity, trajectory.vms[vm].on_each
    nodes = (0, 1) if source.node == BOTH else (source.node,)
    return [at.box(node, capacity[node] - after.free[node], cores) for node in nodes]


def _slots(used: int, whole: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut the free cores above the VMs into slots: bottom and cores of each."""
    for bottom in range(used, used + whole, size or max(1, whole)):
        yield bottom, size or whole


def _draw_part(canvas: Canvas, box: Box, color: str, cores: int, numbers: bool) -> None:
    """Fill a part of a bar, apart from the next one above it by a thin line."""
    canvas.fill(box if box.height < 2 else box._replace(top=box.top + 1, height=box.height - 1), color)
    if numbers and box.height >= 11:
        canvas.text(box.centre, str(cores), 10, color=readable_on(color), anchor="mm")
