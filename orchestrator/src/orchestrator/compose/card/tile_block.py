"""The strip of views: each input's picture, its name and what was found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.compose.card import palette
from orchestrator.compose.card.blocks import section
from orchestrator.compose.card.canvas import INNER, LEFT, Canvas
from orchestrator.compose.card.fonts import Weight

if TYPE_CHECKING:
    from orchestrator.compose.card.content import Tile

_GAP: Final = 12
_CAPTION: Final = 26
_TITLE: Final = 22
_IN_A_ROW: Final = {1: 4, 2: 4, 3: 4, 4: 4, 5: 5, 6: 6, 7: 4, 8: 4}
_MOST_IN_A_ROW: Final = 6
LEAST_PICTURE: Final = 72
MOST_PICTURE: Final = 240


@dataclass(frozen=True, slots=True)
class Tiles:
    """The inputs, at most twelve; the pictures' height is what the page has to spare."""

    title: str
    tiles: tuple[Tile, ...]
    picture_height: float = LEAST_PICTURE

    @property
    def rows(self) -> int:
        """Of tiles."""
        return -(-len(self.tiles) // self._in_a_row)

    @property
    def _in_a_row(self) -> int:
        return _IN_A_ROW.get(len(self.tiles), _MOST_IN_A_ROW)

    @property
    def has_pictures(self) -> bool:
        """Whether it is worth more room than it needs."""
        return any(tile.preview for tile in self.tiles)

    def height(self, canvas: Canvas) -> float:
        """Title and rows."""
        del canvas
        return _TITLE + self.rows * (self.picture_height + _CAPTION) + (self.rows - 1) * _GAP

    def draw(self, canvas: Canvas, top: float) -> None:
        """Row by row."""
        section(canvas, top, self.title)
        width = (INNER - _GAP * (self._in_a_row - 1)) / self._in_a_row
        for number, tile in enumerate(self.tiles):
            row, column = divmod(number, self._in_a_row)
            self._draw_tile(
                canvas,
                LEFT + column * (width + _GAP),
                top + _TITLE + row * (self.picture_height + _CAPTION + _GAP),
                width,
                tile,
            )

    def _draw_tile(self, canvas: Canvas, left: float, top: float, width: float, tile: Tile) -> None:
        canvas.panel(left, top, width, self.picture_height, (0, 0, 0), radius=4, outline=palette.LINE)
        if tile.preview:
            canvas.picture(left + 3, top + 3, width - 6, self.picture_height - 6, tile.preview)
        else:
            self._say_why(canvas, left, top, width, tile.missing_because)
        baseline = top + self.picture_height + 18
        canvas.text(left, baseline, canvas.shortened(tile.name, 14, width * 0.62), 14, weight=Weight.SEMIBOLD)
        result = f"{tile.label}  {tile.shown}".strip()
        room = width - canvas.width_of(tile.name, 14, Weight.SEMIBOLD) - 8
        if result and canvas.width_of(result, 14) > room:
            result = tile.label
        canvas.text(
            left + width, baseline, canvas.shortened(result, 14, max(room, 20)), 14, colour=palette.SECONDARY, align="r"
        )

    def _say_why(self, canvas: Canvas, left: float, top: float, width: float, reason: str) -> None:
        lines = canvas.wrapped(f"No picture: {reason}", 12, width - 16, most=4)
        first = top + self.picture_height / 2 - (len(lines) - 1) * 8 + 4
        for number, line in enumerate(lines):
            canvas.text(left + width / 2, first + number * 16, line, 12, colour=palette.MUTED, align="m")
