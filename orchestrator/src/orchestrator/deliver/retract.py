"""Withdraws results: out of Orthanc, and where they have been sent.

First one transaction says that they are withdrawn: nothing of them is sent any more from then on.
What follows may be done again at any point until it is done: a rejection note for each destination
that honours one, composed while our objects or their images are still there to say whose they are,
and then the objects out of Orthanc. The note goes as a delivery of its own, with all its attempts
and proofs. Where no note is honoured, or none can be made, that delivery is REJECTED and says what a
person has to delete.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from pydicom import dcmread

from orchestrator.deliver import store
from orchestrator.errors import Gone
from orchestrator.handoffs import DeliveryKey, ObjectKind, Purpose, Rejection
from orchestrator.jobs import audit, deliveries, ledger, rejections, shipments
from orchestrator.jobs.input import input_from_json
from orchestrator.jobs.states import DELIVERY_OPEN, DELIVERY_TRANSITIONS, TRANSITIONS, DeliveryState, JobState
from orchestrator.telemetry import logs
from orchestrator.telemetry.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import sqlalchemy as sa
    from pydicom import Dataset

    from orchestrator.handoffs import ComposedObject, JobKey, OrthancId
    from orchestrator.jobs.database import Database
    from orchestrator.jobs.deliveries import Delivery
    from orchestrator.jobs.shipments import Shipment
    from orchestrator.orthanc.archive import Archive
    from orchestrator.settings import Site

ComposeNote = Callable[[Rejection], "ComposedObject"]
"""Makes a rejection note."""

_WITHDRAWN = (JobState.CANCELLED, JobState.GONE)
"""Jobs whose results are to be in Orthanc no more."""
RULE = "wetread"
"""Who withdraws what rests on images that are no longer there."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Who withdraws, and why."""

    who: str
    why: str
    title: str
    """Of the rejection note: `quality`, `safety` or `worklist`."""
    to: JobState
    """CANCELLED by a person; GONE by a rule, so that the job starts anew when its images are back."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Clearing:
    """What withdrawn results are taken out of Orthanc with."""

    archive: Archive
    database: Database
    site: Site
    compose_note: ComposeNote


@dataclass(frozen=True, slots=True)
class ToDelete:
    """What a person has to delete at a destination that honours no rejection notes."""

    destination: str
    shipments: Sequence[Shipment]


def withdraw(
    connection: sa.Connection, site: Site, jobs: Iterable[ledger.Job], withdrawal: Withdrawal
) -> list[ToDelete]:
    """Marks results as withdrawn and has rejection notes sent; what people must delete elsewhere."""
    by_hand = []
    for job in jobs:
        if withdrawal.to in TRANSITIONS[job.state]:
            ledger.move(connection, job, withdrawal.to, withdrawal.at, reason=withdrawal.why)
        reason = f"{withdrawal.who}: {withdrawal.why}"
        there = deliveries.withdraw(connection, [job.key], DeliveryState.RETRACTED, withdrawal.at, reason)
        by_hand += [left for one in there if (left := reject(connection, site, one, withdrawal.title, withdrawal.at))]
        audit.record(
            connection,
            at=withdrawal.at,
            who=withdrawal.who,
            what="retract",
            subject=f"job {job.key}",
            why=withdrawal.why,
            before=job.state.value,
            after=withdrawal.to.value,
        )
        logs.info(Event.RESULT_RETRACTED, job=logs.job(job.key), reason=withdrawal.why)
    return by_hand


def replaced(connection: sa.Connection, site: Site, job: JobKey, now: datetime) -> None:
    """Takes the deliveries of a result back that a newer one replaces; where it has been sent it counts no more."""
    there = deliveries.withdraw(connection, [job], DeliveryState.SUPERSEDED, now, "replaced by a newer result")
    for delivery in there:
        reject(connection, site, delivery, "quality", now)


def reject(connection: sa.Connection, site: Site, delivery: Delivery, title: str, now: datetime) -> ToDelete | None:
    """Has a result rejected where it may be; what a person must delete where no note is honoured."""
    sent = shipments.of(connection, delivery.key)
    rejections.note(connection, sent, now)
    key = DeliveryKey(delivery.key.job, delivery.key.destination, Purpose.REJECTION)
    earlier = deliveries.find(connection, key)
    if earlier is not None and DeliveryState.SUPERSEDED in DELIVERY_TRANSITIONS[earlier.state]:
        deliveries.move(connection, earlier, DeliveryState.SUPERSEDED, now, reason="another follows")
    shipments.replace(connection, key, [])
    new = deliveries.NewDelivery(key, delivery.study, delivery.study_date, delivery.altered, delivery.stage, title)
    opened = deliveries.open_delivery(connection, new, DeliveryState.HELD, now, "its note is not composed yet")
    deliveries.change(connection, opened, {"title": title, "created_at": now})
    if site.destination(delivery.key.destination).honours_rejection_notes:
        return None
    _left_to_a_person(connection, opened, "it honours no rejection notes", now)
    return ToDelete(delivery.key.destination, sent)


def _left_to_a_person(connection: sa.Connection, delivery: Delivery, why: str, now: datetime) -> None:
    uids = ", ".join(one.sop_instance_uid for one in rejections.of(connection, delivery.key))
    reason = f"{why}: a person deletes there SOP instances {uids}"
    deliveries.move(connection, delivery, DeliveryState.REJECTED, now, reason=reason)


def clear(tools: Clearing, now: datetime) -> int:
    """Composes the notes that are due and takes withdrawn results out of Orthanc; of how many jobs.

    Raises what the archive raises; what is not done is done the next time.
    """
    with tools.database.read() as connection:
        withdrawn = [job.key for job in ledger.with_results(connection, _WITHDRAWN)]
        opened = [one.key.job for one in deliveries.listed(connection, states=DELIVERY_OPEN, rejections=True)]
        keys = dict.fromkeys([*withdrawn, *opened, *rejections.noted_in_orthanc(connection)])
    return sum(clear_one(tools, key, now) for key in keys)


def clear_one(tools: Clearing, key: JobKey, now: datetime) -> bool:
    """The same for one job, as it is now: it may have been taken up again since somebody looked."""
    with tools.database.read() as connection:
        job = ledger.known(connection, key)
        stored = ledger.results(connection, [key])
        notes = [
            one
            for one in deliveries.listed(connection, jobs=[job.key])
            if one.key.purpose is Purpose.REJECTION and one.state in DELIVERY_OPEN
        ]
    results = [one for one in stored if one.kind != ObjectKind.NOTE]
    for delivery in notes:
        _put_note(tools, job, delivery, results)
    going = results if job.state in _WITHDRAWN else []
    if not notes:
        going += [one for one in stored if one.kind == ObjectKind.NOTE]
    store.remove(tools.archive, [one.orthanc_id for one in going])
    with tools.database.write() as connection:
        if ledger.still(connection, job):
            ledger.withdraw(connection, [one.sop_instance_uid for one in going], now)
        elif going:
            _make_again(connection, key, now)
    return bool(going)


def _make_again(connection: sa.Connection, key: JobKey, now: datetime) -> None:
    """Has a result put back that was made again, under the same UIDs, while the old one was taken out."""
    job = ledger.known(connection, key)
    if job.state in {JobState.STORING, JobState.DONE}:
        changes = {"engaged": False, "attempt": job.attempt + 1, "not_before": now}
        ledger.move(connection, job, JobState.QUEUED, now, reason="taken out while it was made again", changes=changes)


def _put_note(tools: Clearing, job: ledger.Job, delivery: Delivery, results: Sequence[ledger.StoredResult]) -> None:
    """Composes one destination's note and puts it into Orthanc, from where it is sent."""
    with tools.database.read() as connection:
        if shipments.of(connection, delivery.key):
            return
        rejected = rejections.of(connection, delivery.key)
    images = input_from_json(job.input).orthanc_ids.values()
    source = _first_header(tools.archive, [*(one.orthanc_id for one in results), *images])
    if source is None or not rejected:
        why = "the study has left Orthanc, so that no note can say whose it is"
        with tools.database.write() as connection:
            _left_to_a_person(connection, delivery, why, delivery.created_at)
        return
    note = tools.compose_note(
        Rejection(
            job_key=delivery.key.job,
            source=source,
            rejected=rejected,
            title=delivery.title,
            decided_at=delivery.created_at,
            timezone=tools.site.timezone,
            series_number=tools.site.results.series_number + 99,
        )
    )
    orthanc_id = store.store(tools.archive, note, lambda: True)
    with tools.database.write() as connection:
        ledger.note_results(connection, delivery.key.job, [(note, orthanc_id)], delivery.created_at)
        shipments.note(
            connection,
            [
                shipments.Shipment(
                    key=delivery.key,
                    kind=note.kind.value,
                    sop_class_uid=note.sop_class_uid,
                    sop_instance_uid=note.sop_instance_uid,
                    series_instance_uid=note.series_instance_uid,
                    study_instance_uid=str(source.StudyInstanceUID),
                    orthanc_id=orthanc_id,
                    sha256=note.sha256,
                )
            ],
        )
        changes = {"not_before": delivery.created_at, "queued_at": delivery.created_at}
        deliveries.move(connection, delivery, DeliveryState.QUEUED, delivery.created_at, changes=changes)


def _first_header(archive: Archive, instances: Iterable[OrthancId]) -> Dataset | None:
    for one in instances:
        try:
            with archive.open_instance(one) as stream:
                content = b"".join(iter(lambda: stream.read(1 << 20), b""))
        except Gone:
            continue
        return dcmread(BytesIO(content), stop_before_pixels=True)
    return None
