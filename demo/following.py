"""Follows studies through the orchestrator's log until something has become of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from demo.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from demo.events import Event, EventLog

JOB_ENDS = frozenset({"result_stored", "job_failed", "job_unsuitable", "job_gone", "job_cancelled"})
OUTCOMES = ("MATCHED", "INCOMPLETE", "UNSUITABLE", "MISSED")
"""Of a judgement; a study with several models is followed while any of them matched."""
DEADLINE_S = 300.0


def short(identifier: str) -> str:
    """How the orchestrator's log names a job or an Orthanc study: never by the identifier itself."""
    return sha256(identifier.encode()).hexdigest()[:8]


def outcome(judged: Event) -> str:
    """What became of a study, from its `study_judged`: the best of several models' answers."""
    return judged.text("outcome") or next((name for name in OUTCOMES if judged.values.get(name)), "")


@dataclass
class Follower:
    """What is known of some studies so far; fed with every event of the log."""

    waiting: set[str]
    """Short hashes of studies of which nothing is known yet."""
    ended: dict[str, str] = field(default_factory=dict)
    """Short hash of a study to what became of it: the name of its job's last event, or the judgement's outcome."""
    _study_of: dict[str, str] = field(default_factory=dict)

    def feed(self, event: Event) -> None:
        """Takes notice of one event."""
        if event.name == "job_queued":
            self._study_of[event.text("job")] = event.text("study")
        elif event.name == "study_judged" and outcome(event) not in {"MATCHED", ""}:
            self._end(event.text("study"), outcome(event))
        elif event.name == "study_unreadable":
            self._end(event.text("study"), "unreadable")
        elif event.name in JOB_ENDS:
            self._end(event.text("study") or self._study_of.get(event.text("job"), ""), event.name)

    def _end(self, study: str, what: str) -> None:
        if study in self.waiting:
            self.waiting.remove(study)
            self.ended[study] = what


def follow(studies: Collection[str], events: EventLog, show: Callable[[Event], None]) -> dict[str, str]:
    """What became of each study, by Orthanc's identifier. Raises `NotInTime`, or what the log's `alive` raises."""
    follower = Follower({short(study) for study in studies})

    def probe() -> bool | None:
        for event in events.new():
            follower.feed(event)
            show(event)
        return True if not follower.waiting else None

    until(probe, what="something has become of every study", deadline_s=DEADLINE_S)
    return {study: follower.ended[short(study)] for study in studies}
