"""What keeps a result from leaving Orthanc: looked at when it is made and again before each attempt. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.settings.delivery import DeliverySettings, DestinationSettings

DEMONSTRATION = "demonstration"
_CLOCKS_DIFFER = timedelta(days=1)
"""A study may be dated tomorrow at the other side of a time zone, and no later."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a result, without anything of the patient's."""

    stage: str
    """Of the model's declaration."""
    approved: bool
    """Somebody has approved exactly this model, version, weights, declaration and container image."""
    study_date: str
    """ISO 8601; empty where the study has no usable one."""
    altered: bool
    """The study is a copy under another identity."""
    noticed_at: datetime
    """When the study came."""
    backfilled: bool
    """An old study that somebody has had read."""
    released: bool
    """A person has said that it may go."""


def forbidden(facts: Facts, destination: DestinationSettings) -> str:
    """Why it may not go there whatever a person says, with the next step; empty if it may."""
    if destination.test:
        return ""
    if facts.stage == DEMONSTRATION:
        return "a demonstration model's result goes to no destination that is not marked `test: true`"
    if not facts.approved:
        return (
            "nobody has approved exactly this model (version, weights, declaration, image) for leaving Orthanc; "
            "look at its results, then `wetread model approve`"
        )
    return ""


def held_because(facts: Facts, rules: DeliverySettings, destination: DestinationSettings, now: datetime) -> str:
    """Why it waits for a person, with the next step; empty if it may go now."""
    never = forbidden(facts, destination)
    if never or facts.released:
        return never
    if facts.altered and not destination.copies:
        return (
            "the study is a copy under another identity (anonymised, modified, or without PatientID); release it, or "
            "name a destination with `copies: true`"
        )
    if facts.backfilled:
        return "it was backfilled: results of old studies go only when somebody releases them"
    if not rules.auto_transmit:
        return "auto_transmit is off: look at it, then `wetread release` or `wetread reject`"
    return _outdated(facts, rules, now)


def _outdated(facts: Facts, rules: DeliverySettings, now: datetime) -> str:
    within = rules.study_date_within
    if not facts.study_date:
        return "the study has no usable date, so nobody knows how old it is; release it if it is to go"
    studied = date.fromisoformat(facts.study_date)
    if studied < (now - within).date() or studied > (now + _CLOCKS_DIFFER).date():
        return f"the study is not of the last {_words(within)} (study_date_within); release it if it is to go"
    if now - facts.noticed_at > rules.deliver_within:
        return (
            f"it is later than {_words(rules.deliver_within)} after its study (deliver_within): the exam may have been "
            "reported; release it if it is to go"
        )
    return ""


def _words(duration: timedelta) -> str:
    hours = duration / timedelta(hours=1)
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"  # noqa: PLR2004 - two days read better in hours
