"""What a job and a delivery can be, and the only ways from one state to another, as data."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

State = TypeVar("State", bound=StrEnum)


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
    """The result is in Orthanc and was read back; of a model that runs in shadow: it could have been."""
    UNSUITABLE = "UNSUITABLE"
    """The model says that it cannot read this study: a result, not an error."""
    FAILED = "FAILED"
    """A person has to look; the reason says at what."""
    CANCELLED = "CANCELLED"
    """A person has stopped it, or has retracted its result."""
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
        {
            JobState.STORING,
            JobState.DONE,
            JobState.QUEUED,
            JobState.FAILED,
            JobState.CANCELLED,
            JobState.GONE,
            JobState.SUPERSEDED,
        }
    ),
    JobState.STORING: frozenset(
        {JobState.DONE, JobState.QUEUED, JobState.FAILED, JobState.CANCELLED, JobState.GONE, JobState.SUPERSEDED}
    ),
    JobState.DONE: frozenset({JobState.SUPERSEDED, JobState.GONE, JobState.QUEUED, JobState.CANCELLED}),
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


class DeliveryState(StrEnum):
    """What a result's way to one destination can be."""

    HELD = "HELD"
    """Waits for a person; the reason says why."""
    QUEUED = "QUEUED"
    """Waits for its turn, or for the end of a pause."""
    SENDING = "SENDING"
    """On its way."""
    PROVING = "PROVING"
    """Sent; the destination is asked whether it has it."""
    DELIVERED = "DELIVERED"
    """The destination has shown that it holds every object."""
    REJECTED = "REJECTED"
    """A person has decided that it does not go there."""
    FAILED = "FAILED"
    """Given up; a person has to look."""
    EXPIRED = "EXPIRED"
    """Nobody released it in time."""
    SUPERSEDED = "SUPERSEDED"
    """A newer result took its place before it was delivered."""
    RETRACTED = "RETRACTED"
    """Withdrawn: it was never to be sent, or must not count where it is."""


WITHDRAWN = frozenset({DeliveryState.SUPERSEDED, DeliveryState.RETRACTED})
"""Nothing of it is to be there, or counts there."""

DELIVERY_TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.HELD: frozenset({DeliveryState.QUEUED, DeliveryState.REJECTED, DeliveryState.EXPIRED}) | WITHDRAWN,
    DeliveryState.QUEUED: frozenset(
        {DeliveryState.SENDING, DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.REJECTED}
    )
    | WITHDRAWN,
    DeliveryState.SENDING: frozenset(
        {DeliveryState.PROVING, DeliveryState.QUEUED, DeliveryState.HELD, DeliveryState.FAILED}
    )
    | WITHDRAWN,
    DeliveryState.PROVING: frozenset({DeliveryState.DELIVERED, DeliveryState.QUEUED, DeliveryState.FAILED}) | WITHDRAWN,
    DeliveryState.DELIVERED: WITHDRAWN,
    DeliveryState.REJECTED: frozenset({DeliveryState.QUEUED}) | WITHDRAWN,
    DeliveryState.FAILED: frozenset({DeliveryState.QUEUED, DeliveryState.REJECTED}) | WITHDRAWN,
    DeliveryState.EXPIRED: frozenset({DeliveryState.QUEUED, DeliveryState.REJECTED}) | WITHDRAWN,
    DeliveryState.SUPERSEDED: frozenset({DeliveryState.HELD, DeliveryState.RETRACTED}),
    DeliveryState.RETRACTED: frozenset({DeliveryState.HELD}),
}
"""From SUPERSEDED and RETRACTED a delivery comes back only by its job being done anew, and then as HELD."""

UNDERWAY = frozenset({DeliveryState.SENDING, DeliveryState.PROVING})
"""Somebody works on it now."""

DELIVERY_OPEN = UNDERWAY | {DeliveryState.HELD, DeliveryState.QUEUED}
"""Something can still happen by itself or by a person who was asked."""


def diagram() -> str:
    """The jobs' table as a Mermaid state diagram, for the documentation."""
    return _diagram("QUEUED", TRANSITIONS)


def delivery_diagram() -> str:
    """The deliveries' table as a Mermaid state diagram."""
    return _diagram("HELD", DELIVERY_TRANSITIONS)


def _diagram(first: str, transitions: Mapping[State, Collection[State]]) -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {first}"]
    order = list(transitions)
    lines += [
        f"    {origin} --> {target}"
        for origin, targets in transitions.items()
        for target in sorted(targets, key=order.index)
    ]
    return "\n".join(lines) + "\n"
