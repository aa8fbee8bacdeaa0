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
_LETTER: Final = 128
_WORD: Final = 64
_LEAST_WORD: Final = 32
_SHORT_LABEL: Final = 2
_LEAST_HEIGHT: Final = 196
_HEIGHT_WITHOUT_BARS: Final = 126
_MEANING_STEP: Final = 22
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
        bars = len(_most_telling(self.grade.bars))
        least = _LEAST_HEIGHT if bars else _HEIGHT_WITHOUT_BARS + len(self._meaning(canvas)) * _MEANING_STEP
        return max(least, 2 * _PADDING + 20 + bars * _BAR_STEP) + (40 if self.notes else 0)

    def draw(self, canvas: Canvas, top: float) -> None:
        """Letter left, bars right, notes below."""
        height = self.height(canvas)
        canvas.panel(LEFT, top, INNER, height, palette.PANEL, radius=12)
        upper = height - (40 if self.notes else 0)
        self._draw_letter(canvas, top, upper)
        if self.grade.bars:
            _draw_bars(canvas, LEFT + _LETTER_COLUMN + 8, RIGHT - _PADDING, top + _PADDING, self.grade)
        self._draw_notes(canvas, top + upper)

    @property
    def _letter_width(self) -> float:
        return (_LETTER_COLUMN if self.grade.bars else INNER) - 2 * _PADDING

    def _meaning(self, canvas: Canvas) -> list[str]:
        most = 2 if self.grade.bars else 4
        return canvas.wrapped(self.grade.meaning, 18, self._letter_width, weight=Weight.SEMIBOLD, most=most)

    def _draw_letter(self, canvas: Canvas, top: float, height: float) -> None:
        """The label as large as its column allows, its meaning below, both from the bottom up."""
        width = self._letter_width
        left = LEFT + _PADDING
        canvas.text(left, top + _PADDING + 11, self.grade.title.upper(), 13, weight=Weight.BOLD, colour=palette.MUTED)
        meaning = self._meaning(canvas)
        baseline = top + height - _PADDING - 4 - max(0, len(meaning) - 1) * _MEANING_STEP
        for number, line in enumerate(meaning):
            canvas.text(left, baseline + number * _MEANING_STEP, line, 18, weight=Weight.SEMIBOLD)
        size, lines = _as_large_as_possible(canvas, self.grade.label, width)
        baseline -= (30 if meaning else 0) + (len(lines) - 1) * size
        for number, line in enumerate(lines):
            canvas.text(
                left - size * 0.04, baseline + number * size, line, size, weight=Weight.BOLD, colour=palette.ACCENT
            )

    def _draw_notes(self, canvas: Canvas, top: float) -> None:
        if not self.notes:
            return
        canvas.line(LEFT + _PADDING, top, INNER - 2 * _PADDING, palette.LINE)
        column = (INNER - 2 * _PADDING) / len(self.notes)
        for number, note in enumerate(self.notes):
            shown = canvas.shortened(note, 15, column - 8, Weight.SEMIBOLD)
            colour = palette.WARNING if note.startswith(BORDERLINE) else palette.TEXT
            canvas.text(LEFT + _PADDING + number * column, top + 26, shown, 15, weight=Weight.SEMIBOLD, colour=colour)


def _as_large_as_possible(canvas: Canvas, label: str, width: float) -> tuple[float, list[str]]:
    """One line while it is large; a longer label in up to three smaller ones."""
    largest = _LETTER if len(label) <= _SHORT_LABEL else _WORD
    size = canvas.fitting_size(label, largest, width, Weight.BOLD, least=1)
    if size >= _LEAST_WORD:
        return size, [label]
    return _LEAST_WORD, canvas.wrapped(label, _LEAST_WORD, width, weight=Weight.BOLD, most=3)


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
