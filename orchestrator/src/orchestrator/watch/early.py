"""Which studies are looked at before Orthanc calls them stable, and for which models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from orchestrator.handoffs import OrthancId, RegisteredModel
    from orchestrator.jobs.quiet import Coming


@dataclass(frozen=True, slots=True)
class Eager:
    """A model that need not wait until a study is stable."""

    model: RegisteredModel
    start_after: timedelta
    """How long the study must have been quiet."""


@dataclass(frozen=True, slots=True)
class Look:
    """A study that has been quiet for long enough for some models."""

    study: OrthancId
    last_arrival: datetime
    models: tuple[RegisteredModel, ...]


def look(coming: Coming, eager: Sequence[Eager], now: datetime) -> Look | None:
    """The look that is due at a study, or None: it is still coming, or has been looked at since for these models."""
    quiet_for = now - coming.last_arrival
    ready = [one for one in eager if one.start_after <= quiet_for]
    looked = coming.looked_at
    if not any(looked is None or looked < coming.last_arrival + one.start_after for one in ready):
        return None
    return Look(coming.study, coming.last_arrival, tuple(one.model for one in ready))
