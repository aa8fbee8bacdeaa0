"""When a result may go: not before its study is stable, and has been quiet for as long as the site says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.handoffs import Purpose
from orchestrator.jobs import deliveries, ledger, quiet
from orchestrator.jobs.states import ENDED, DeliveryState

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from orchestrator.handoffs import OrthancId
    from orchestrator.jobs.deliveries import Delivery
    from orchestrator.jobs.ledger import Job
    from orchestrator.settings import Site

_LOOK_AGAIN = timedelta(seconds=30)
"""The news that a study is stable ends the waiting; this is for news that has been lost."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A delivery's time has not come."""

    until: datetime
    reason: str


def wait_for(connection: sa.Connection, site: Site, delivery: Delivery, job: Job, now: datetime) -> Wait | None:
    """Until when a result has to wait for its study, and why; None if it may go.

    A result that is being replaced waits for its successor, and goes itself if that comes to nothing.
    """
    if delivery.sent_at is not None:
        return None
    if _is_being_replaced(connection, job):
        return Wait(now + _LOOK_AGAIN, "waits for a newer result, because the study has changed")
    calm = quiet.of(connection, delivery.study)
    if calm is None:
        return None
    span = quiet_of(site, delivery.key.destination, job.model.name)
    until = calm.until(span)
    if until is None:
        return Wait(now + _LOOK_AGAIN, "waits until Orthanc calls the study stable; more may come")
    if until <= now:
        return None
    words = f"{span.total_seconds() / 60:g} min" if span >= timedelta(minutes=1) else f"{span.total_seconds():g} s"
    return Wait(until, f"waits for {words} of quiet after the study's last instance (delivery.quiet)")


def _is_being_replaced(connection: sa.Connection, job: Job) -> bool:
    slot = ledger.slot(connection, job.study, job.series_instance_uid, job.model.name)
    return any(other.key != job.key and other.state not in ENDED for other in slot)


def quiet_of(site: Site, destination: str, model: str) -> timedelta:
    """How long a study must have been quiet: the destination's own word, else the model's, else the site's."""
    own = site.destination(destination).quiet
    return site.delivery.for_model(model).quiet if own is None else own


def settle(connection: sa.Connection, site: Site, study: OrthancId, now: datetime) -> None:
    """Gives each result of a study that waits the moment at which it may go, as things are now."""
    for delivery in deliveries.listed(connection, states=[DeliveryState.QUEUED], study=study):
        job = ledger.find(connection, delivery.key.job)
        if job is None or delivery.engaged or delivery.failures or delivery.key.purpose is not Purpose.RESULT:
            continue
        wait = wait_for(connection, site, delivery, job, now)
        if wait is not None:
            deliveries.change(connection, delivery, {"not_before": wait.until, "reason": wait.reason})
        elif delivery.not_before > now:
            deliveries.change(connection, delivery, {"not_before": now, "reason": ""})
