"""What a job can be, and the only ways from one state to another, as data."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """Few states for the machine; reasons for people stand beside them in the ledger."""

    QUEUED = "QUEUED"
    """Waits for its turn, its model or the end of a pause."""
    PREDICTING = "PREDICTING"
    """The model has it."""
    COMPOSING = "COMPOSING"
    """The prediction is saved; the result is being made."""
    STORING = "STORING"
    """The result is on its way to Orthanc."""
    DONE = "DONE"
    """The result is in Orthanc and was read back."""
    UNSUITABLE = "UNSUITABLE"
    """The model says that it cannot read this study: a result, not an error."""
    FAILED = "FAILED"
    """A person has to look; the reason says at what."""
    CANCELLED = "CANCELLED"
    """A person has stopped it."""
    GONE = "GONE"
    """The study has left Orthanc; seen again, the job starts anew."""
    SUPERSEDED = "SUPERSEDED"
    """A newer job of the same study and model took its place."""


TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset(
        {
            JobState.PREDICTING,
            JobState.COMPOSING,
            JobState.FAILED,
            JobState.CANCELLED,
            JobState.GONE,
            JobState.SUPERSEDED,
        }
    ),
    JobState.PREDICTING: frozenset(
        {
            JobState.COMPOSING,
            JobState.QUEUED,
            JobState.UNSUITABLE,
            JobState.FAILED,
            JobState.CANCELLED,
            JobState.GONE,
            JobState.SUPERSEDED,
        }
    ),
    JobState.COMPOSING: frozenset(
        {JobState.STORING, JobState.QUEUED, JobState.FAILED, JobState.CANCELLED, JobState.GONE, JobState.SUPERSEDED}
    ),
    JobState.STORING: frozenset(
        {JobState.DONE, JobState.QUEUED, JobState.FAILED, JobState.CANCELLED, JobState.GONE, JobState.SUPERSEDED}
    ),
    JobState.DONE: frozenset({JobState.SUPERSEDED, JobState.GONE, JobState.QUEUED}),
    JobState.UNSUITABLE: frozenset({JobState.SUPERSEDED, JobState.GONE, JobState.QUEUED}),
    JobState.FAILED: frozenset({JobState.QUEUED, JobState.SUPERSEDED, JobState.GONE}),
    JobState.CANCELLED: frozenset({JobState.QUEUED, JobState.SUPERSEDED, JobState.GONE}),
    JobState.GONE: frozenset({JobState.QUEUED}),
    JobState.SUPERSEDED: frozenset({JobState.QUEUED, JobState.GONE}),
}

ACTIVE = frozenset({JobState.PREDICTING, JobState.COMPOSING, JobState.STORING})
"""Somebody works on it now."""

ENDED = frozenset(JobState) - ACTIVE - {JobState.QUEUED}
"""Nothing will happen by itself any more."""


def diagram() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2", "    [*] --> QUEUED"]
    lines += [
        f"    {origin} --> {target}"
        for origin, targets in TRANSITIONS.items()
        for target in sorted(targets, key=list(JobState).index)
    ]
    return "\n".join(lines) + "\n"
