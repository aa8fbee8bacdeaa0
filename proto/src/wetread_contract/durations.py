"""Durations as people write them: a number with a unit."""

from __future__ import annotations

from datetime import timedelta

UNITS_S = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400, "y": 365 * 86400}


def duration(written: str) -> timedelta:
    """The duration that `2h` or `500ms` stands for. Raises `ValueError` with what would be right."""
    text = written.strip()
    unit = text.lstrip("0123456789.").strip()
    number = text[: len(text) - len(unit)].strip() if unit else text
    if unit not in UNITS_S or not number:
        raise ValueError(f"write a number with one of the units {', '.join(UNITS_S)}, such as 2h")
    return timedelta(seconds=float(number) * UNITS_S[unit])
