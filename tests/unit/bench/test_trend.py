"""What grows is called growing, what fills up at first and then stays is called flat."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
from bench.trend import Trend, picture

HOURS = tuple(np.linspace(0, 1, 200))


def test_a_leak_of_a_tenth_an_hour_is_not_flat_and_its_slope_is_found() -> None:
    leaking = Trend("memory", "MB", HOURS, tuple(200 + 20 * hour for hour in HOURS))

    assert not leaking.flat
    assert abs(leaking.per_hour - 20) < 1e-6
    assert "not flat" in leaking.line()


def test_what_fills_up_in_the_beginning_and_then_only_swings_is_flat() -> None:
    filling = Trend(
        "memory", "MB", HOURS, tuple(min(200.0, 100 + 1000 * hour) + 5 * np.sin(90 * hour) for hour in HOURS)
    )

    assert filling.flat


def test_the_picture_is_svg_and_holds_every_verdict() -> None:
    trends = (Trend("threads", "", HOURS, (40.0,) * 200), Trend("ledger", "MB", HOURS, tuple(1 + 9 * h for h in HOURS)))

    drawn = ET.fromstring(picture("a < b", trends))  # noqa: S314 - of our own making

    texts = [element.text or "" for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if text.endswith(": flat")] == [trends[0].line()]
    assert [text for text in texts if text.endswith(": not flat")] == [trends[1].line()]
