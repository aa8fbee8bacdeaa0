"""The grade of the study, large, and those of the sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.compose.card import palette
from orchestrator.compose.card.canvas import INNER, LEFT, RIGHT, Canvas
from orchestrator.compose.card.fonts import Weight
from orchestrator.compose.card.grades import BORDERLINE

if TYPE_CHECKING:
    from orchestrator.compose.card.grades import Grade, ScoreBar

_PADDING: Final = 20
_GAP: Final = 16
_LETTER_COLUMN: Final = 232
_BAR_STEP: Final = 36
_MOST_BARS: Final = 6
_SIDE_HEIGHT: Final = 98


@dataclass(frozen=True, slots=True)
class Hero:
    """The study's grade: what a reader must see from a metre away."""

    grade: Grade
    notes: tuple[str, ...]

    def height(self, canvas: Canvas) -> float:
        """Room for the letter, or for the bars if they need more."""
        del canvas
        bars = len(_most_telling(self.grade.bars))
        return max(196, 2 * _PADDING + 20 + bars * _BAR_STEP) + (40 if self.notes else 0)

    def draw(self, canvas: Canvas, top: float) -> None:
        """Letter left, bars right, notes below."""
        height = self.height(canvas)
        canvas.panel(LEFT, top, INNER, height, palette.PANEL, radius=12)
        upper = height - (40 if self.notes else 0)
        self._draw_letter(canvas, top, upper)
        if self.grade.bars:
            _draw_bars(canvas, LEFT + _LETTER_COLUMN + 8, RIGHT - _PADDING, top + _PADDING, self.grade)
        self._draw_notes(canvas, top + upper)

    def _draw_letter(self, canvas: Canvas, top: float, height: float) -> None:
        width = (_LETTER_COLUMN if self.grade.bars else INNER) - 2 * _PADDING
        left = LEFT + _PADDING
        canvas.text(left, top + _PADDING + 11, self.grade.title.upper(), 13, weight=Weight.BOLD, colour=palette.MUTED)
        size = canvas.fitting_size(self.grade.label, 128, width, Weight.BOLD, least=30)
        label = canvas.shortened(self.grade.label, size, width, Weight.BOLD)
        meaning = canvas.wrapped(self.grade.meaning, 18, width, weight=Weight.SEMIBOLD, most=2)
        bottom = top + height - _PADDING - (len(meaning) - 1) * 22
        canvas.text(
            left - size * 0.05,
            bottom - 34 + (128 - size) * -0.2,
            label,
            size,
            weight=Weight.BOLD,
            colour=palette.ACCENT,
        )
        for number, line in enumerate(meaning):
            canvas.text(left, bottom - 4 + number * 22, line, 18, weight=Weight.SEMIBOLD)

    def _draw_notes(self, canvas: Canvas, top: float) -> None:
        if not self.notes:
            return
        canvas.line(LEFT + _PADDING, top, INNER - 2 * _PADDING, palette.LINE)
        column = (INNER - 2 * _PADDING) / len(self.notes)
        for number, note in enumerate(self.notes):
            shown = canvas.shortened(note, 15, column - 8, Weight.SEMIBOLD)
            colour = palette.WARNING if note.startswith(BORDERLINE) else palette.TEXT
            canvas.text(LEFT + _PADDING + number * column, top + 26, shown, 15, weight=Weight.SEMIBOLD, colour=colour)


@dataclass(frozen=True, slots=True)
class Sides:
    """Right and left beside each other, as the films hang."""

    grades: tuple[Grade, ...]

    def height(self, canvas: Canvas) -> float:
        """One row."""
        del canvas
        return _SIDE_HEIGHT

    def draw(self, canvas: Canvas, top: float) -> None:
        """A panel each."""
        width = (INNER - _GAP * (len(self.grades) - 1)) / len(self.grades)
        for number, side in enumerate(self.grades):
            _draw_side(canvas, LEFT + number * (width + _GAP), top, width, side)


def _draw_side(canvas: Canvas, left: float, top: float, width: float, side: Grade) -> None:
    canvas.panel(left, top, width, _SIDE_HEIGHT, palette.PANEL, radius=12)
    inner = left + 16
    canvas.text(inner, top + 25, side.title.upper(), 12, weight=Weight.BOLD, colour=palette.MUTED)
    size = canvas.fitting_size(side.label, 56, 88, Weight.BOLD, least=18)
    label = canvas.shortened(side.label, size, 88, Weight.BOLD)
    canvas.text(inner - 2, top + 80, label, size, weight=Weight.BOLD, colour=palette.TEXT)
    text = inner + max(62, canvas.width_of(label, size, Weight.BOLD) + 18)
    room = left + width - 16 - text
    lines = canvas.wrapped(side.meaning, 15, room, weight=Weight.SEMIBOLD, most=2)
    for number, line in enumerate(lines):
        canvas.text(text, top + 44 + number * 18, line, 15, weight=Weight.SEMIBOLD)
    _draw_columns(canvas, text, top + 78, room, side)


def _draw_columns(canvas: Canvas, left: float, baseline: float, width: float, side: Grade) -> None:
    """One small bar per category in a row: the shape of the answer at a glance."""
    bars = side.bars[:_MOST_BARS]
    if not bars:
        return
    step = width / len(bars)
    for number, bar in enumerate(bars):
        colours = (palette.ACCENT if bar.chosen else palette.BAR, palette.TRACK)
        canvas.bar(left + number * step, baseline - 8, step - 8, bar.share, colours, height=6)
        shade = palette.TEXT if bar.chosen else palette.MUTED
        label = canvas.shortened(f"{bar.label} {bar.shown}", 12, step - 4)
        canvas.text(left + number * step, baseline + 10, label, 12, colour=shade)


def _draw_bars(canvas: Canvas, left: float, right: float, top: float, graded: Grade) -> None:
    canvas.text(left, top + 11, graded.measure, 13, colour=palette.MUTED)
    for number, bar in enumerate(_most_telling(graded.bars)):
        _draw_bar(canvas, left, right, top + 22 + number * _BAR_STEP, bar)


def _draw_bar(canvas: Canvas, left: float, right: float, top: float, bar: ScoreBar) -> None:
    weight = Weight.BOLD if bar.chosen else Weight.REGULAR
    colour = palette.TEXT if bar.chosen else palette.SECONDARY
    label = canvas.shortened(
        f"{bar.label}   {bar.meaning}" if bar.meaning != bar.label else bar.label, 15, right - left - 64, weight
    )
    canvas.text(left, top + 16, label, 15, weight=weight, colour=colour)
    canvas.text(right, top + 16, bar.shown, 15, weight=weight, colour=colour, align="r")
    colours = (palette.ACCENT if bar.chosen else palette.BAR, palette.TRACK)
    canvas.bar(left, top + 23, right - left, bar.share, colours)


def _most_telling(bars: tuple[ScoreBar, ...]) -> tuple[ScoreBar, ...]:
    """All where there is room; else the best-scored ones, in the model's order."""
    if len(bars) <= _MOST_BARS:
        return bars
    best = sorted(bars, key=lambda bar: (not bar.chosen, -bar.share))[:_MOST_BARS]
    return tuple(bar for bar in bars if bar in best)
