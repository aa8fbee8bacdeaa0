"""What a queue's worker waits for between two looks into its queue: time, or somebody who knows that there is work.

DBOS looks into a queue at fixed moments: often, and an idle process computes for nothing; rarely, and every study
waits. Its worker pauses by waiting for the event that tells it to stop; a bell stands in the place of that event.
"""

from __future__ import annotations

import threading
import time
from typing import Final

LEAST_S: Final = 0.05
"""Between two looks, however often it is rung: one look serves all that has come meanwhile."""
_BUSY_S: Final = 0.2
"""So long after a ring the next looks come by themselves: work that has just ended counts as running for a moment."""


class Bell(threading.Event):
    """A stop event that can be rung; `wait` returns early then, saying that nobody has asked to stop."""

    def __init__(self) -> None:
        super().__init__()
        self._rung = threading.Event()
        self._busy_until = self._looked_at = float("-inf")

    def ring(self) -> None:
        """There is work, or room for it."""
        self._busy_until = time.monotonic() + _BUSY_S
        self._rung.set()

    def set(self) -> None:
        """Ends the worker at its next look."""
        super().set()
        self._rung.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Whether to stop; returns when it is time for a look."""
        now = time.monotonic()
        if self.is_set():
            return True
        if now < self._busy_until:
            super().wait(max(0.0, self._looked_at + LEAST_S - now))
        else:
            self._rung.wait(timeout)
        self._rung.clear()
        self._looked_at = time.monotonic()
        return self.is_set()
