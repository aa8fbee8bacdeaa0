"""Waiting for another process to say something: always with a deadline, never for a fixed time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")

PAUSE_S = 0.05
"""Between two questions; short beside every start-up time that there is to wait for."""


class NotInTime(Exception):
    """What was waited for did not come before the deadline."""


def until(probe: Callable[[], Found | None], *, what: str, deadline_s: float) -> Found:
    """The first answer of `probe` that is not None. Raises `NotInTime`; lets the probe's own errors through."""
    end = time.monotonic() + deadline_s
    while (found := probe()) is None:
        if time.monotonic() > end:
            raise NotInTime(f"{what}: not within {deadline_s:.0f} s")
        time.sleep(PAUSE_S)
    return found
