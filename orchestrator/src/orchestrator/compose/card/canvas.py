"""Drawing in units of the layout: 720 wide, 960 high, whatever the number of pixels."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from PIL import Image, ImageDraw

from orchestrator.compose.card.fonts import Weight, font
from orchestrator.compose.card.palette import BACKGROUND, TEXT, Colour

if TYPE_CHECKING:
    from orchestrator.handoffs import Preview

WIDTH: Final = 720
HEIGHT: Final = 960
"""3:4, upright: fills a portrait monitor, and at one pixel per unit fits a 1080p screen without scaling."""

MARGIN: Final = 32
LEFT: Final = MARGIN
RIGHT: Final = WIDTH - MARGIN
INNER: Final = RIGHT - LEFT
LINE_HEIGHT: Final = 1.32
"""Of the size of the letters."""

_SMOOTHING: Final = 4

Align = Literal["l", "m", "r"]
_ELLIPSIS: Final = "…"


@lru_cache(maxsize=32)
def _disc(radius: int) -> Image.Image:
    """A mask of a full circle, (2 radius, 2 radius), with soft edges."""
    side = 2 * radius
    large = Image.new("L", (side * _SMOOTHING, side * _SMOOTHING))
    ImageDraw.Draw(large).ellipse((0, 0, side * _SMOOTHING - 1, side * _SMOOTHING - 1), fill=255)
    return large.resize((side, side), Image.Resampling.BOX)


@lru_cache(maxsize=128)
def _corner(radius: int, left: int, top: int) -> Image.Image:
    """A quarter of the disc, (radius, radius)."""
    return _disc(radius).crop((left, top, left + radius, top + radius))


class Canvas:
    """One page. Positions and sizes are in layout units, y grows downward."""

    def __init__(self, pixels_per_unit: float) -> None:
        self._scale = pixels_per_unit
        self.image = Image.new("RGB", (self._px(WIDTH), self._px(HEIGHT)), BACKGROUND)
        self._draw = ImageDraw.Draw(self.image)

    def _px(self, units: float) -> int:
        return round(units * self._scale)

    def width_of(self, text: str, size: float, weight: Weight = Weight.REGULAR) -> float:
        """The advance of a line of text."""
        return font(weight, self._px(size)).getlength(text) / self._scale

    def text(
        self,
        x: float,
        baseline: float,
        text: str,
        size: float,
        *,
        weight: Weight = Weight.REGULAR,
        colour: Colour = TEXT,
        align: Align = "l",
    ) -> None:
        """Draw a line of text on its baseline; `x` is its left end, middle or right end."""
        self._draw.text(
            (self._px(x), self._px(baseline)), text, fill=colour, font=font(weight, self._px(size)), anchor=f"{align}s"
        )

    def shortened(self, text: str, size: float, width: float, weight: Weight = Weight.REGULAR) -> str:
        """The text, cut at the end so that it is no wider."""
        if self.width_of(text, size, weight) <= width:
            return text
        while text and self.width_of(text + _ELLIPSIS, size, weight) > width:
            text = text[:-1].rstrip()
        return text + _ELLIPSIS

    def wrapped(
        self, text: str, size: float, width: float, *, weight: Weight = Weight.REGULAR, most: int = 99
    ) -> list[str]:
        """The text in lines that are no wider; the last of `most` lines is cut."""
        lines: list[str] = []
        words = text.split()
        while words and len(lines) < most - 1:
            count = self._words_that_fit(words, size, width, weight)
            lines.append(self.shortened(" ".join(words[:count]), size, width, weight))
            words = words[count:]
        if words:
            lines.append(self.shortened(" ".join(words), size, width, weight))
        return lines

    def _words_that_fit(self, words: list[str], size: float, width: float, weight: Weight) -> int:
        count = 1
        while count < len(words) and self.width_of(" ".join(words[: count + 1]), size, weight) <= width:
            count += 1
        return count

    def fitting_size(self, text: str, size: float, width: float, weight: Weight, least: float) -> float:
        """The largest size up to `size` at which the text is no wider; at least `least`."""
        full = self.width_of(text, size, weight)
        return size if full <= width else max(least, size * width / full)

    def panel(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: Colour,
        *,
        radius: float = 8,
        outline: Colour | None = None,
    ) -> None:
        """Draw a rectangle with round corners."""
        box = (self._px(x), self._px(y), self._px(x + width), self._px(y + height))
        if outline:
            self._rounded(box, self._px(radius), outline)
            thin = max(1, self._px(1))
            box = (box[0] + thin, box[1] + thin, box[2] - thin, box[3] - thin)
            radius -= 1
        self._rounded(box, self._px(radius), colour)

    def _rounded(self, box: tuple[int, int, int, int], radius: int, colour: Colour) -> None:
        """Fill a box; its corners are smooth, which Pillow's own are not."""
        left, top, right, bottom = box
        radius = min(radius, (right - left) // 2, (bottom - top) // 2)
        for inner in ((left + radius, top, right - radius, bottom), (left, top + radius, right, bottom - radius)):
            if inner[0] < inner[2] and inner[1] < inner[3]:
                self.image.paste(colour, inner)
        if radius < 1:
            return
        for x, part in ((left, 0), (right - radius, radius)):
            for y, half in ((top, 0), (bottom - radius, radius)):
                self.image.paste(colour, (x, y, x + radius, y + radius), _corner(radius, part, half))

    def line(self, x: float, y: float, width: float, colour: Colour) -> None:
        """Draw a thin horizontal line."""
        self._draw.rectangle(
            (self._px(x), self._px(y), self._px(x + width) - 1, self._px(y) + max(1, self._px(1)) - 1), fill=colour
        )

    def bar(
        self, x: float, y: float, width: float, share: float, colours: tuple[Colour, Colour], *, height: float = 8
    ) -> None:
        """Draw a horizontal bar, filled to `share` (0 to 1); colours of the filling and of the rest."""
        filled, empty = colours
        self.panel(x, y, width, height, empty, radius=height / 2)
        if share > 0:
            self.panel(x, y, max(height, width * share), height, filled, radius=height / 2)

    def picture(self, x: float, y: float, width: float, height: float, preview: Preview) -> None:
        """Draw a preview as large as the box allows, in its middle, its sides in proportion."""
        grey = Image.frombytes("L", (preview.columns, preview.rows), preview.pixels)
        ratio = min(self._px(width) / preview.columns, self._px(height) / preview.rows)
        size = (max(1, round(preview.columns * ratio)), max(1, round(preview.rows * ratio)))
        grey = grey.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        left = self._px(x) + (self._px(width) - size[0]) // 2
        top = self._px(y) + (self._px(height) - size[1]) // 2
        self.image.paste(grey.convert("RGB"), (left, top))
