"""From a finished job to the rows of its deliveries, in the transaction that finishes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydicom import Dataset

from orchestrator.deliver import calm, retract
from orchestrator.deliver.guards import Facts, held_because
from orchestrator.handoffs import DeliveryKey, Purpose
from orchestrator.jobs import approvals, catalogue, deliveries, ledger, leftovers, shipments
from orchestrator.jobs.states import WITHDRAWN, DeliveryState
from orchestrator.telemetry import logs
from orchestrator.telemetry.events import Event
from wetread_contract.declaration import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    import sqlalchemy as sa

    from orchestrator.handoffs import Generation, JobKey
    from orchestrator.jobs.ledger import Job, StoredResult
    from orchestrator.settings import Site
    from orchestrator.settings.delivery import DestinationSettings
    from wetread_contract.headers import Headers


@dataclass(frozen=True, slots=True)
class Origin:
    """What the guards need to know about a result's study."""

    study_instance_uid: str
    study_date: str
    """ISO 8601; empty where there is no usable one."""
    altered: bool
    """A copy under another identity."""
    stage: str
    """Of the model's declaration."""


def origin(source: Dataset, stage: str, *, altered_from: bool) -> Origin:
    """The facts about a result's study, from the attributes of one of its instances."""
    try:
        studied = datetime.strptime(str(source.get("StudyDate", "")), "%Y%m%d").date().isoformat()  # noqa: DTZ007 - a date
    except ValueError:
        studied = ""
    removed = str(source.get("PatientIdentityRemoved", "")).strip().upper() == "YES"
    nobody = not str(source.get("PatientID", "") or "").strip()
    return Origin(str(source.StudyInstanceUID), studied, altered_from or removed or nobody, stage)


def origin_of(source: Headers, stage: str, *, altered_from: bool) -> Origin:
    """The same from headers as the archive tells them."""
    attributes = ("StudyDate", "PatientIdentityRemoved", "PatientID", "StudyInstanceUID")
    dataset = Dataset()
    for keyword in attributes:
        setattr(dataset, keyword, source.text(keyword))
    return origin(dataset, stage, altered_from=altered_from)


def facts_of(delivery: deliveries.Delivery, job: Job, *, approved: bool) -> Facts:
    """What the guards look at."""
    return Facts(
        stage=delivery.stage,
        approved=approved,
        study_date=delivery.study_date,
        altered=delivery.altered,
        noticed_at=job.noticed_at,
        backfilled=job.origin == "backfill",
        released=delivery.released,
    )


def plan(connection: sa.Connection, site: Site, job: Job, made: Origin, now: datetime) -> None:
    """The deliveries of a job that is done, and what goes with each."""
    restart_outdated(connection, site, job.key, now)
    open_deliveries(connection, site, job, made, now)
    note_objects(connection, site, job.key, made.study_instance_uid)


def hold_found(connection: sa.Connection, site: Site, job: Job, content: Generation, now: datetime) -> None:
    """The deliveries of a result that was in Orthanc before the ledger knew it: HELD, because they may have left."""
    declaration = parse(catalogue.named(connection, job.model.declaration_sha256), accept_too_broad=True)
    source = next(instance.headers for instance in content.instances if not instance.ours)
    made = origin_of(source, declaration.stage, altered_from=content.altered_from)
    for name in dict.fromkeys(site.delivery.for_model(job.model.name).remote):
        key = DeliveryKey(job.key, name)
        new = deliveries.NewDelivery(key, job.study, made.study_date, made.altered, made.stage)
        if deliveries.find(connection, key) is None:
            opened = deliveries.open_delivery(connection, new, DeliveryState.HELD, now, leftovers.FOUND)
            deliveries.change(connection, opened, {"sent_at": now})
    note_objects(connection, site, job.key, made.study_instance_uid)


def keep_outside(connection: sa.Connection, site: Site, job: Job, made: Origin, now: datetime) -> bool:
    """Whether the result waits outside Orthanc for a person; the job is QUEUED again then, until it is released.

    What may go is not queued here: there is nothing to send before the result is in Orthanc.
    """
    if not all(_held(connection, site, job, made, name, now=now) for name in _destinations(site, job)):
        return False
    open_deliveries(connection, site, job, made, now)
    reason = "its result is kept outside Orthanc until somebody releases it (delivery.hold)"
    ledger.wait(connection, job, now + site.delivery.hold_for, now, reason, failed=False)
    return True


def open_deliveries(
    connection: sa.Connection, site: Site, job: Job, made: Origin, now: datetime
) -> list[deliveries.Delivery]:
    """Makes a row for each destination of the job's model, and notes what goes there; no destination, no rows."""
    opened = []
    for name in _destinations(site, job):
        key, reason = DeliveryKey(job.key, name), _held(connection, site, job, made, name, now=now)
        state = DeliveryState.HELD if reason else DeliveryState.QUEUED
        new = deliveries.NewDelivery(key, job.study, made.study_date, made.altered, made.stage)
        opened.append(deliveries.open_delivery(connection, new, state, now, reason))
        log = Event.DELIVERY_HELD if reason else Event.DELIVERY_QUEUED
        logs.info(log, job=logs.job(job.key), destination=name, reason=reason)
    calm.settle(connection, site, job.study, now)
    return opened


def _destinations(site: Site, job: Job) -> Iterable[str]:
    return dict.fromkeys(site.delivery.for_model(job.model.name).remote)


def _held(connection: sa.Connection, site: Site, job: Job, made: Origin, name: str, *, now: datetime) -> str:
    """Why the result waits for a person before it goes there; empty if it may go."""
    facts = Facts(
        stage=made.stage,
        approved=approvals.approved(connection, job.model),
        study_date=made.study_date,
        altered=made.altered,
        noticed_at=job.noticed_at,
        backfilled=job.origin == "backfill",
        released=_was_released(connection, DeliveryKey(job.key, name)),
    )
    return held_because(facts, site.delivery.for_model(job.model.name), site.destination(name), now)


def restart_outdated(connection: sa.Connection, site: Site, job: JobKey, now: datetime) -> None:
    """Ends deliveries of what the job had made before, if it has made something else now: they begin anew."""
    stored = {one.orthanc_id for one in ledger.results(connection, [job])}
    for delivery in deliveries.listed(connection, jobs=[job]):
        sent = {one.orthanc_id for one in shipments.of(connection, delivery.key)}
        if delivery.key.purpose is Purpose.RESULT and not sent <= stored and delivery.state not in WITHDRAWN:
            if delivery.sent_at is not None:
                retract.reject(connection, site, delivery, "quality", now)
            deliveries.move(connection, delivery, DeliveryState.SUPERSEDED, now, reason="its result was made again")


def note_objects(connection: sa.Connection, site: Site, job: JobKey, study_instance_uid: str) -> None:
    """Notes which of the job's stored objects go to which destination."""
    stored = ledger.results(connection, [job])
    for delivery in deliveries.listed(connection, jobs=[job]):
        if delivery.key.purpose is Purpose.RESULT:
            wanted = site.destination(delivery.key.destination)
            shipments.replace(connection, delivery.key, _shipments(delivery, wanted, stored, study_instance_uid))


def _shipments(
    delivery: deliveries.Delivery, wanted: DestinationSettings, stored: Iterable[StoredResult], study_instance_uid: str
) -> list[shipments.Shipment]:
    return [
        shipments.Shipment(
            key=delivery.key,
            kind=one.kind,
            sop_class_uid=one.sop_class_uid,
            sop_instance_uid=one.sop_instance_uid,
            series_instance_uid=one.series_instance_uid,
            study_instance_uid=study_instance_uid,
            orthanc_id=one.orthanc_id,
            sha256=one.sha256,
        )
        for one in stored
        if one.kind in wanted.objects
    ]


def _was_released(connection: sa.Connection, key: DeliveryKey) -> bool:
    known = deliveries.find(connection, key)
    return known is not None and known.released
