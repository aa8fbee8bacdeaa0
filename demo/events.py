"""The orchestrator's log as it is written: one JSON object per line.

Tests and demo learn from it what happened, as a site's log collector would; what is not JSON (a
traceback of a crash) is passed over here and stays in the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened."""

    name: str
    """In the past tense: `result_stored`."""
    values: Mapping[str, object]
    """All keys of the line, such as `job`, `study`, `timestamp`."""

    def text(self, key: str) -> str:
        """One value as text; empty when the line does not have it."""
        return str(self.values.get(key, ""))


def read(file: Path) -> list[Event]:
    """All whole lines of a log that are events."""
    return [event for line in file.read_bytes().splitlines() if (event := _parse(line))]


class EventLog:
    """Reads a log file from where it ended when this was made, and goes on reading."""

    def __init__(self, file: Path, alive: Callable[[], None] = lambda: None) -> None:
        """`alive` raises when nobody writes to the file any more, so that waiting ends at once."""
        self._file = file
        self._alive = alive
        self._offset = file.stat().st_size if file.exists() else 0
        self._unseen: list[Event] = []

    def new(self) -> Iterator[Event]:
        """What has been written since the last call; a line that is not whole yet comes next time.

        Raises what `alive` raises when there is nothing more to come.
        """
        self._read()
        if not self._unseen:
            self._alive()
        events, self._unseen = self._unseen, []
        yield from events

    def wait_for(self, *names: str, deadline_s: float = 60.0, **values: str) -> Event:
        """The first event that was not returned before, with one of these names and with these values.

        Others stay for later calls, so that two stages may be waited for in either order. Raises
        `NotInTime`, or what `alive` raises.
        """

        def probe() -> Event | None:
            self._read()
            for event in self._unseen:
                if event.name in names and all(event.text(key) == value for key, value in values.items()):
                    self._unseen.remove(event)
                    return event
            self._alive()
            return None

        wanted = " or ".join(names) + "".join(f" {key}={value}" for key, value in values.items())
        return until(probe, what=f"the orchestrator logs {wanted}", deadline_s=deadline_s)

    def _read(self) -> None:
        if not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._offset)
            content = file.read()
        whole, _, _ = content.rpartition(b"\n")
        self._offset += len(whole) + 1 if whole or content.startswith(b"\n") else 0
        self._unseen += [event for line in whole.splitlines() if (event := _parse(line))]


def _parse(line: bytes) -> Event | None:
    if not line.startswith(b"{"):
        return None
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return Event(str(values["event"]), values) if "event" in values else None
