"""The card's parts, each of which knows its height and draws itself; `pages` stacks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from orchestrator.compose.card import palette
from orchestrator.compose.card.canvas import INNER, LEFT, LINE_HEIGHT, RIGHT, Canvas
from orchestrator.compose.card.fonts import Weight

if TYPE_CHECKING:
    from orchestrator.compose.card.content import Row

_TITLE: Final = 30
_BODY: Final = 15
_SMALL: Final = 13
_PADDING: Final = 14
_MOST_NOTICE_LINES: Final = 3
_MOST_LEFT_OUT: Final = 4
_NAME_COLUMN: Final = 236
_WHERE_COLUMN: Final = 96


class Block(Protocol):
    """A part of the card over its whole inner width."""

    def height(self, canvas: Canvas) -> float:
        """How high it is drawn."""

    def draw(self, canvas: Canvas, top: float) -> None:
        """Draw it."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The title and the marks."""

    title: str
    mark: str
    page: str
    """`2 / 3`, empty on a single page."""

    def height(self, canvas: Canvas) -> float:
        """Brand line and up to two lines of title."""
        return 26 + len(self._lines(canvas)) * _TITLE * 1.18

    def draw(self, canvas: Canvas, top: float) -> None:
        """Brand left, mark right, title below."""
        brand = "WETREAD" + (f"   {self.page}" if self.page else "")
        canvas.text(LEFT, top + 12, brand, _SMALL, weight=Weight.BOLD, colour=palette.MUTED)
        if self.mark:
            chip = canvas.width_of(self.mark, _SMALL, Weight.BOLD) + 20
            canvas.panel(RIGHT - chip, top - 4, chip, 22, palette.BACKGROUND, radius=11, outline=palette.WARNING)
            canvas.text(
                RIGHT - chip / 2, top + 12, self.mark, _SMALL, weight=Weight.BOLD, colour=palette.WARNING, align="m"
            )
        for number, line in enumerate(self._lines(canvas)):
            canvas.text(LEFT - 1, top + 50 + number * _TITLE * 1.18, line, _TITLE, weight=Weight.SEMIBOLD)

    def _lines(self, canvas: Canvas) -> list[str]:
        return canvas.wrapped(self.title, _TITLE, INNER, weight=Weight.SEMIBOLD, most=2)


@dataclass(frozen=True, slots=True)
class Warnings:
    """That the result is preliminary, and what the model demands to be said."""

    warning: str
    notices: tuple[str, ...]

    def height(self, canvas: Canvas) -> float:
        """One line, and up to three per notice."""
        return 2 * _PADDING - 4 + (1 + len(self._lines(canvas))) * _BODY * LINE_HEIGHT

    def draw(self, canvas: Canvas, top: float) -> None:
        """A panel with a bar at its left."""
        canvas.panel(LEFT, top, INNER, self.height(canvas), palette.WARNING_PANEL, radius=6)
        canvas.panel(LEFT, top, 4, self.height(canvas), palette.WARNING, radius=2)
        baseline = top + _PADDING + 11
        first = canvas.shortened(self.warning, _BODY, INNER - 2 * _PADDING - 4, Weight.BOLD)
        canvas.text(LEFT + _PADDING + 4, baseline, first, _BODY, weight=Weight.BOLD, colour=palette.WARNING)
        for number, line in enumerate(self._lines(canvas), start=1):
            canvas.text(LEFT + _PADDING + 4, baseline + number * _BODY * LINE_HEIGHT, line, _BODY)

    def _lines(self, canvas: Canvas) -> list[str]:
        width = INNER - 2 * _PADDING - 4
        return [
            line
            for notice in self.notices
            for line in canvas.wrapped(_sentence(notice), _BODY, width, most=_MOST_NOTICE_LINES)
        ]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The views that the model did not get, with the reason."""

    lines: tuple[str, ...]

    def height(self, canvas: Canvas) -> float:
        """A title and a line each."""
        del canvas
        return 20 + min(len(self.lines), _MOST_LEFT_OUT + 1) * _SMALL * LINE_HEIGHT

    def draw(self, canvas: Canvas, top: float) -> None:
        """The first few, and how many more the report names."""
        section(canvas, top, "Views left out")
        shown = list(self.lines[:_MOST_LEFT_OUT])
        if len(self.lines) > _MOST_LEFT_OUT:
            shown.append(f"and {len(self.lines) - _MOST_LEFT_OUT} more, named in the structured report")
        for number, line in enumerate(shown, start=1):
            canvas.text(
                LEFT,
                top + 16 + number * _SMALL * LINE_HEIGHT,
                canvas.shortened(line, _SMALL, INNER),
                _SMALL,
                colour=palette.SECONDARY,
            )


@dataclass(frozen=True, slots=True)
class Section:
    """A small title above what follows."""

    title: str

    def height(self, canvas: Canvas) -> float:
        """One line."""
        del canvas
        return 20

    def draw(self, canvas: Canvas, top: float) -> None:
        """In capitals."""
        section(canvas, top, self.title)


@dataclass(frozen=True, slots=True)
class TableRow:
    """One further finding."""

    row: Row

    def height(self, canvas: Canvas) -> float:
        """As many lines as its longest cell."""
        return 7 + max(len(self._value(canvas)), len(self._name(canvas))) * _BODY * LINE_HEIGHT

    def draw(self, canvas: Canvas, top: float) -> None:
        """Name, value, place, under a thin line."""
        canvas.line(LEFT, top, INNER, palette.LINE)
        for number, line in enumerate(self._name(canvas)):
            canvas.text(LEFT, top + 18 + number * _BODY * LINE_HEIGHT, line, _BODY, colour=palette.SECONDARY)
        for number, line in enumerate(self._value(canvas)):
            canvas.text(
                LEFT + _NAME_COLUMN, top + 18 + number * _BODY * LINE_HEIGHT, line, _BODY, weight=Weight.SEMIBOLD
            )
        where = canvas.shortened(self.row.where, _BODY, _WHERE_COLUMN - 8)
        canvas.text(RIGHT, top + 18, where, _BODY, colour=palette.MUTED, align="r")

    def _name(self, canvas: Canvas) -> list[str]:
        return canvas.wrapped(self.row.name, _BODY, _NAME_COLUMN - 16, most=2)

    def _value(self, canvas: Canvas) -> list[str]:
        width = INNER - _NAME_COLUMN - _WHERE_COLUMN
        return canvas.wrapped(self.row.value, _BODY, width, weight=Weight.SEMIBOLD, most=12)


@dataclass(frozen=True, slots=True)
class Footer:
    """When, by what, instead of what."""

    lines: tuple[tuple[str, str], ...]

    def height(self, canvas: Canvas) -> float:
        """A line each, under a thin line."""
        del canvas
        return 10 + len(self.lines) * _SMALL * LINE_HEIGHT

    def draw(self, canvas: Canvas, top: float) -> None:
        """Labels in a column of their own."""
        canvas.line(LEFT, top, INNER, palette.LINE)
        for number, (label, value) in enumerate(self.lines, start=1):
            baseline = top + 6 + number * _SMALL * LINE_HEIGHT
            canvas.text(LEFT, baseline, label, _SMALL, colour=palette.MUTED)
            shown = canvas.shortened(value, _SMALL, INNER - 84)
            canvas.text(LEFT + 84, baseline, shown, _SMALL, colour=palette.SECONDARY)


def section(canvas: Canvas, top: float, title: str) -> None:
    """Draw a section's title."""
    canvas.text(LEFT, top + 11, title.upper(), 12, weight=Weight.BOLD, colour=palette.MUTED)


def _sentence(text: str) -> str:
    """With a capital letter at its beginning."""
    return text[:1].upper() + text[1:]
