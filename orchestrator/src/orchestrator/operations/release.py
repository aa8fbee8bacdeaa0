"""A person's word on results that wait: they may go, or they do not go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.deliver.guards import forbidden
from orchestrator.deliver.plan import facts_of
from orchestrator.errors import ActRefused
from orchestrator.handoffs import Purpose
from orchestrator.jobs import approvals, audit, deliveries, ledger
from orchestrator.jobs.states import DELIVERY_TRANSITIONS, DeliveryState, JobState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from orchestrator.jobs.database import Database
    from orchestrator.jobs.deliveries import Delivery
    from orchestrator.settings import Site


@dataclass(frozen=True, slots=True)
class Act:
    """Who decides what about which results."""

    jobs: Sequence[str]
    """The first digits of each job's key."""
    destination: str
    """Empty: all of them."""
    by: str
    why: str
    at: datetime


def release(database: Database, site: Site, act: Act) -> list[Delivery]:
    """Lets results go: held ones, and those that failed, expired or were rejected; what was released.

    All or none. Raises `ActRefused` for a result that may not go there whatever a person says.
    """
    with database.write() as connection:
        chosen = _chosen(connection, act, DeliveryState.QUEUED)
        for delivery in chosen:
            _refuse_forbidden(connection, site, delivery)
            _release(connection, delivery, act)
    return chosen


def reject(database: Database, act: Act) -> list[Delivery]:
    """Keeps results from going; they stay in Orthanc. What was rejected, all or none. Raises `ActRefused`."""
    with database.write() as connection:
        chosen = _chosen(connection, act, DeliveryState.REJECTED)
        for delivery in chosen:
            deliveries.move(connection, delivery, DeliveryState.REJECTED, act.at, reason=f"{act.by}: {act.why}")
            _record(connection, delivery, act, "reject", DeliveryState.REJECTED)
            _drop_unstored(connection, delivery, act)
    return chosen


def named(connection: sa.Connection, digits: str) -> ledger.Job:
    """The job whose key starts with these digits. Raises `ActRefused` for none and for several."""
    found = ledger.starting_with(connection, digits)
    if len(found) != 1:
        many = "several jobs start" if found else "no job starts"
        raise ActRefused(f"{digits}: {many} with that; `wetread jobs` shows them")
    return found[0]


def _chosen(connection: sa.Connection, act: Act, to: DeliveryState) -> list[Delivery]:
    jobs = [named(connection, digits) for digits in act.jobs]
    results = [
        one
        for one in deliveries.listed(connection, jobs=[job.key for job in jobs])
        if one.key.purpose is Purpose.RESULT and act.destination in {"", one.key.destination}
    ]
    if not results:
        raise ActRefused("there is no delivery of that; `wetread deliveries` shows them, delivery.remote makes them")
    able = [one for one in results if to in DELIVERY_TRANSITIONS[one.state]]
    if not able:
        states = ", ".join(sorted({f"{one.key.destination} {one.state}" for one in results}))
        raise ActRefused(f"nothing of that waits for a decision any more: {states}")
    return able


def _refuse_forbidden(connection: sa.Connection, site: Site, delivery: Delivery) -> None:
    job = ledger.find(connection, delivery.key.job)
    if job is None:
        raise ActRefused("the job is no longer in the ledger")
    facts = facts_of(delivery, job, approved=approvals.approved(connection, job.model))
    reason = forbidden(facts, site.destination(delivery.key.destination))
    if reason:
        raise ActRefused(f"{delivery.key.job[:8]} to {delivery.key.destination}: {reason}")


def _release(connection: sa.Connection, delivery: Delivery, act: Act) -> None:
    """Queues it; a result that is kept outside Orthanc is put there first, and goes from there."""
    job = ledger.find(connection, delivery.key.job)
    released: dict[str, object] = {"released": True, "not_before": act.at, "queued_at": act.at, "failures": 0}
    if job is not None and job.state is JobState.QUEUED:
        deliveries.change(connection, delivery, released | {"reason": f"released by {act.by}; put into Orthanc first"})
        ledger.hasten(connection, job, act.at)
    else:
        reason = f"released by {act.by}"
        deliveries.move(connection, delivery, DeliveryState.QUEUED, act.at, reason=reason, changes=released)
    _record(connection, delivery, act, "release", DeliveryState.QUEUED)


def _drop_unstored(connection: sa.Connection, delivery: Delivery, act: Act) -> None:
    """A result that was kept outside Orthanc and is to go nowhere is not put there either."""
    job = ledger.find(connection, delivery.key.job)
    others = [one for one in deliveries.listed(connection, jobs=[delivery.key.job]) if one.key != delivery.key]
    open_ones = [one for one in others if one.state is not DeliveryState.REJECTED]
    if job is not None and job.state is JobState.QUEUED and not open_ones:
        ledger.move(connection, job, JobState.CANCELLED, act.at, reason=f"rejected by {act.by}: {act.why}")


def _record(connection: sa.Connection, delivery: Delivery, act: Act, what: str, after: DeliveryState) -> None:
    audit.record(
        connection,
        at=act.at,
        who=act.by,
        what=what,
        subject=f"job {delivery.key.job} to {delivery.key.destination}",
        why=act.why,
        before=delivery.state.value,
        after=after.value,
    )
