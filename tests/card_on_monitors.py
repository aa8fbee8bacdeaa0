"""The card among the images, as a viewer hangs it on a monitor: no viewer's own furniture, only its scaling."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLACK: Final = (0, 0, 0)
_EDGE: Final = (52, 52, 52)
_MOST_IMAGES: Final = 4
"""A hanging protocol shows the four standard views beside the card; further ones are on other pages."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """A screen, and how a viewer divides it: the images, and the card in one cell among them."""

    name: str
    columns: int
    rows: int
    cells_across: int
    cells_down: int


MONITORS: Final = (
    Monitor("1080p", 1920, 1080, 3, 1),
    Monitor("5mp-portrait", 2048, 2560, 2, 2),
)
"""A reporting PC's second screen with two images and the card; one portrait screen of a mammography workstation."""


def hung(monitor: Monitor, card: Image.Image, images: Sequence[Image.Image]) -> Image.Image:
    """The screen: images in their cells, the card in the last; each as large as its cell allows, never distorted."""
    screen = Image.new("RGB", (monitor.columns, monitor.rows), _BLACK)
    count = monitor.cells_across * monitor.cells_down
    shown = [*images[: min(_MOST_IMAGES, count - 1)], card]
    for place, picture in enumerate(shown):
        _put(screen, picture, _cell(monitor, place if picture is not card else count - 1))
    return screen


def _cell(monitor: Monitor, place: int) -> tuple[int, int, int, int]:
    width, height = ceil(monitor.columns / monitor.cells_across), ceil(monitor.rows / monitor.cells_down)
    left, top = place % monitor.cells_across * width, place // monitor.cells_across * height
    return left, top, min(width, monitor.columns - left), min(height, monitor.rows - top)


def _put(screen: Image.Image, picture: Image.Image, cell: tuple[int, int, int, int]) -> None:
    left, top, width, height = cell
    screen.paste(_EDGE, (left, top, left + width, top + height))
    screen.paste(_BLACK, (left, top, left + width - 1, top + height - 1))
    factor = min((width - 1) / picture.width, (height - 1) / picture.height)
    size = (round(picture.width * factor), round(picture.height * factor))
    scaled = picture.convert("RGB").resize(size, Image.Resampling.BILINEAR)
    screen.paste(scaled, (left + (width - size[0]) // 2, top + (height - size[1]) // 2))
