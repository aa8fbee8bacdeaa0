"""How long something waits before it is tried again."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.settings.values import RetrySettings


def pause_after(failures: int, retry: RetrySettings) -> timedelta:
    """Doubles from failure to failure, with jitter, so that a thousand jobs do not come back at once."""
    pause: timedelta = min(retry.most, retry.first * 2 ** min(failures, 20))
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - jitter is no secret


def spent(failures: int, retry: RetrySettings) -> timedelta:
    """How long all pauses after so many failures were: the time that trying has taken, without waiting for a model."""
    return sum((min(retry.most, retry.first * 2 ** min(n, 20)) for n in range(failures)), timedelta())
