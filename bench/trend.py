"""Whether something that was measured again and again grows: a fitted line, a verdict, a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

WARM_UP = 0.3
"""The share of the time in which pools and caches fill; the line is fitted to the rest."""
FLAT = 0.05
"""A fitted change over the measured rest that is less than this share of the mean counts as none."""
_WIDTH, _HEIGHT, _MARGIN = 760, 190, 60


@dataclass(frozen=True, slots=True)
class Trend:
    """One figure over time."""

    name: str
    unit: str
    hours: Sequence[float]
    """Since the start, rising."""
    values: Sequence[float]

    @property
    def per_hour(self) -> float:
        """Slope of the line through all but the warm-up, by least squares."""
        hours, values = self._settled()
        return float(np.polyfit(hours, values, 1)[0])

    @property
    def flat(self) -> bool:
        """Whether the fitted change after the warm-up is small beside the mean."""
        hours, values = self._settled()
        return abs(self.per_hour) * (hours[-1] - hours[0]) <= FLAT * float(np.mean(values))

    def line(self) -> str:
        """For people."""
        first, *_, last = self.values
        verdict = "flat" if self.flat else "not flat"
        return (
            f"{self.name:18} {first:9.1f} → {last:9.1f} {self.unit:8} most {max(self.values):9.1f}   "
            f"{self.per_hour:+9.2f} {self.unit}/h: {verdict}"
        )

    def _settled(self) -> tuple[Sequence[float], Sequence[float]]:
        start = int(len(self.hours) * WARM_UP)
        return self.hours[start:], self.values[start:]


def picture(title: str, trends: Sequence[Trend]) -> str:
    """All of them under each other, as SVG."""
    height = _HEIGHT * len(trends) + 30
    panels = "".join(_panel(trend, 30 + number * _HEIGHT) for number, trend in enumerate(trends))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="{_MARGIN}" y="20" font-size="14">{escape(title)}</text>{panels}</svg>\n'
    )


def _panel(trend: Trend, top: int) -> str:
    bottom, right = top + _HEIGHT - 40, _WIDTH - 20
    most, longest = max(trend.values) or 1.0, trend.hours[-1] or 1.0
    points = " ".join(
        f"{_MARGIN + (right - _MARGIN) * hour / longest:.1f},{bottom - (bottom - top - 25) * value / most:.1f}"
        for hour, value in zip(trend.hours, trend.values, strict=True)
    )
    return (
        f'<text x="{_MARGIN}" y="{top + 15}">{escape(trend.line())}</text>'
        f'<path d="M{_MARGIN},{top + 25}V{bottom}H{right}" fill="none" stroke="#888"/>'
        f'<text x="{_MARGIN - 5}" y="{top + 30}" text-anchor="end">{most:.0f}</text>'
        f'<text x="{_MARGIN - 5}" y="{bottom}" text-anchor="end">0</text>'
        f'<text x="{right}" y="{bottom + 15}" text-anchor="end">{longest * 60:.0f} min</text>'
        f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.5"/>'
    )
