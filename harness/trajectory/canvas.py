"""What a frame of the GIF is drawn with: text, boxes, hatching, arrows, and one palette for all frames."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from PIL import Image, ImageColor, ImageDraw, ImageFont

PAPER, INK, SOFT, LINE = "#ffffff", "#1c2430", "#5b6675", "#c3cad3"
SLOT = "#d5dce4"
"""Free cores in a whole slot."""
ACCENT = "#b8004f"
"""The moving VM."""
WIDTH, MARGIN = 1200, 20
"""Pixels of every picture's width, and of what stays empty at its sides."""
SMOOTH = 4
"""Points on a side of a pixel by which arrows are smoothed."""

Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle, in pixels from the top left corner."""

    left: int
    top: int
    width: int
    height: int

    @property
    def centre(self) -> Point:
        """The middle of it."""
        return self.left + self.width / 2, self.top + self.height / 2

    def grown(self, by: int) -> "Box":
        """Return the box with a margin on all sides."""
        return Box(self.left - by, self.top - by, self.width + 2 * by, self.height + 2 * by)


class Canvas:
    """An image to draw one frame on."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width, height), PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def text(
        self, at: Point, text: str, size: int = 13, bold: bool = False, color: str = INK, anchor: str = "ls"
    ) -> None:
        """Write a line; ``anchor`` is Pillow's: left, middle or right, then baseline, middle or top."""
        self._draw.text(at, text, fill=color, font=_font(size, bold), anchor=anchor)

    def fill(self, box: Box, color: str) -> None:
        """Fill a box, if it has any area."""
        if box.width > 0 and box.height > 0:
            self._draw.rectangle(_corners(box), fill=color)

    def outline(self, box: Box, color: str, width: int = 1) -> None:
        """Draw the border of a box, inside it."""
        self._draw.rectangle(_corners(box), outline=color, width=width)

    def mark(self, box: Box) -> None:
        """Draw a border in the accent with a light rim on both sides, so that no colour beneath hides it."""
        self.outline(box.grown(1), PAPER, 4)
        self.outline(box, ACCENT, 2)

    def hatch(self, box: Box, color: str) -> None:
        """Fill a box with slanted lines that meet those of its neighbours."""
        for row in range(box.top, box.top + box.height):
            first = (-box.left - row) % 4
            self._draw.point([(x, row) for x in range(box.left + first, box.left + box.width, 4)], fill=color)

    def line(self, points: Sequence[Point], color: str, width: int = 1) -> None:
        """Connect points."""
        self._draw.line([*points], fill=color, width=width)

    def dashes(self, box: Box, color: str) -> None:
        """Draw the border of a box in dashes two pixels wide."""
        for across in range(0, box.width, 6):
            width = min(4, box.width - across)
            for top in (box.top, box.top + box.height - 2):
                self.fill(Box(box.left + across, top, width, 2), color)
        for down in range(0, box.height, 6):
            height = min(4, box.height - down)
            for left in (box.left, box.left + box.width - 2):
                self.fill(Box(left, box.top + down, 2, height), color)

    def disc(self, at: Point, radius: float, color: str) -> None:
        """Draw a filled circle."""
        self._draw.circle(at, radius, fill=color)

    def arrow(self, start: Point, end: Point, color: str) -> None:
        """Draw an arrow that bends to one side, smooth and with a light rim, over whatever is there."""
        (x0, y0), (x1, y1) = start, end
        length = max(1.0, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
        bend = max(26.0, 0.18 * length)
        sideways = (y1 - y0) / length, (x0 - x1) / length
        if sideways[1] > 0:  # always upwards, where the free cores are
            sideways = -sideways[0], -sideways[1]
        middle = (x0 + x1) / 2 + bend * sideways[0], (y0 + y1) / 2 + bend * sideways[1]
        curve = [_between(start, middle, end, step / 24) for step in range(25)]
        head = _head(curve[-4], end)
        curve[-1] = ((head[1][0] + head[2][0]) / 2, (head[1][1] + head[2][1]) / 2)
        for margin, shade in ((2.0, PAPER), (0.0, color)):
            self._smooth(curve[:-2] + curve[-1:], head, 2.5 + 2 * margin, margin, shade)

    def quantized(self, palette: Image.Image) -> Image.Image:
        """Return the image in the colours of a palette."""
        return self.image.quantize(palette=palette, dither=Image.Dither.NONE)

    def _smooth(self, curve: list[Point], head: list[Point], width: float, margin: float, color: str) -> None:
        """Draw a curve and its head large, and paste them small."""
        points = curve + head
        left, top = (int(min(point[axis] for point in points)) - 8 for axis in (0, 1))
        right, bottom = (int(max(point[axis] for point in points)) + 8 for axis in (0, 1))
        mask = Image.new("L", ((right - left) * SMOOTH, (bottom - top) * SMOOTH))
        draw = ImageDraw.Draw(mask)
        large = [((x - left) * SMOOTH, (y - top) * SMOOTH) for x, y in points]
        draw.line(large[: len(curve)], fill=255, width=round(width * SMOOTH), joint="curve")
        draw.polygon(large[len(curve) :], fill=255, outline=255, width=round(2 * margin * SMOOTH) or 1)
        self.image.paste(color, (left, top), mask.resize((right - left, bottom - top), Image.Resampling.BOX))


def shared_palette(colors: Iterable[str]) -> Image.Image:
    """Return a palette with our own and the given colours, and what smoothed text needs on them; 255 at most.

    The one that is left marks what stays as it was, which makes the file a quarter as large.
    """
    paper, ink, soft, accent, line = map(ImageColor.getrgb, (PAPER, INK, SOFT, ACCENT, LINE))
    fills = [ImageColor.getrgb(color) for color in (SLOT, *colors)]
    shades = [paper, ink, soft, accent, line, *fills]
    shades += [_mix(paper, color, share / 8) for color in (ink, soft, accent) for share in range(1, 8)]
    shades += [_mix(fill, color, share / 4) for fill in fills for color in (ink, paper) for share in range(1, 4)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for shade in list(dict.fromkeys(shades))[:255] for part in shade])
    return palette


def readable_on(color: str) -> str:
    """Return ink or white, whichever stands out more on a colour."""
    red, green, blue = ImageColor.getrgb(color)[:3]
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else PAPER


def width_of(text: str, size: int = 13, bold: bool = False) -> float:
    """Measure a line, in pixels."""
    return _font(size, bold).getlength(text)


def fitting(text: str, width: float, size: int, bold: bool = False) -> str:
    """Return text, or as much of its end as fits: names differ at their ends."""
    if width_of(text, size, bold) <= width:
        return text
    while text and width_of(f"…{text}", size, bold) > width:
        text = text[1:]
    return f"…{text}"


@cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    """Return the font that the figures have, too: matplotlib brings it along."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts" / "ttf" / name, size)


def _corners(box: Box) -> tuple[int, int, int, int]:
    return box.left, box.top, box.left + max(1, box.width) - 1, box.top + max(1, box.height) - 1


def _between(start: Point, middle: Point, end: Point, share: float) -> Point:
    """Return a point of the quadratic curve from start to end that is drawn towards the middle."""
    weights = (1 - share) ** 2, 2 * share * (1 - share), share**2
    x, y = (sum(w * p[axis] for w, p in zip(weights, (start, middle, end), strict=True)) for axis in (0, 1))
    return x, y


def _head(before: Point, tip: Point) -> list[Point]:
    """Return the triangle of an arrow that comes from ``before``: its tip, then the two other corners."""
    x, y = tip[0] - before[0], tip[1] - before[1]
    length = max(1e-9, (x * x + y * y) ** 0.5)
    x, y = x / length, y / length
    back = tip[0] - 11 * x, tip[1] - 11 * y
    return [tip, (back[0] - 5.5 * y, back[1] + 5.5 * x), (back[0] + 5.5 * y, back[1] - 5.5 * x)]


def _mix(color: tuple[int, ...], other: tuple[int, ...], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(color[:3], other[:3], strict=True))
    return red, green, blue
