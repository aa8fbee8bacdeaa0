"""Objects on their way: per destination what the last transfer said, and how each was proven to be there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from orchestrator.handoffs import AS_IN_ORTHANC, DeliveryKey, Digest, Form, JobKey, OrthancId, Purpose
from orchestrator.jobs.tables import REMOVALS, SHIPMENTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Shipment:
    """One object for one destination."""

    key: DeliveryKey
    kind: str
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    orthanc_id: OrthancId
    """Of the object in Orthanc; of a relabelled one, that of the object that it is made from."""
    sha256: Digest
    """Of what Orthanc holds."""
    relabelled: bool = False
    form: Form = AS_IN_ORTHANC
    """Of a relabelled one: how it is made again, whatever the site file says by then."""
    transfers: int = 0
    """How often it was accepted."""
    status: str = ""
    """What the last transfer said, for people."""
    proof: str | None = None
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """An instance that we have deleted from Orthanc because it is proven to be elsewhere."""

    orthanc_id: OrthancId
    sop_instance_uid: str
    study: OrthancId
    destination: str
    proof: str
    why: str


def note(connection: sa.Connection, shipments: Iterable[Shipment]) -> None:
    """These objects are to go; those that are noted already stay as they are."""
    for one in shipments:
        known = connection.execute(sa.select(SHIPMENTS.c.kind).where(_is(one))).one_or_none()
        if known is None:
            connection.execute(
                sa.insert(SHIPMENTS).values(
                    sop_instance_uid=one.sop_instance_uid,
                    destination=one.key.destination,
                    job_key=one.key.job,
                    purpose=one.key.purpose.value,
                    kind=one.kind,
                    sop_class_uid=one.sop_class_uid,
                    series_instance_uid=one.series_instance_uid,
                    study_instance_uid=one.study_instance_uid,
                    orthanc_id=one.orthanc_id,
                    sha256=one.sha256,
                    relabelled=one.relabelled,
                    form=json.dumps(asdict(one.form)) if one.relabelled else "",
                )
            )


def replace(connection: sa.Connection, key: DeliveryKey, shipments: Sequence[Shipment]) -> None:
    """Exactly these objects are to go; what is known of those that stay is kept.

    A relabelled object stays for as long as the one that it is made from.
    """
    sources = {one.orthanc_id for one in shipments}
    known = of(connection, key)
    stale = [one for one in known if one.orthanc_id not in sources]
    for one in stale:
        connection.execute(sa.delete(SHIPMENTS).where(_is(one)))
    relabelled = {one.orthanc_id for one in known if one.relabelled and one.orthanc_id in sources}
    note(connection, [one for one in shipments if one.orthanc_id not in relabelled])


def of(connection: sa.Connection, key: DeliveryKey) -> list[Shipment]:
    """The objects of a delivery."""
    statement = sa.select(SHIPMENTS).where(
        SHIPMENTS.c.job_key == key.job,
        SHIPMENTS.c.destination == key.destination,
        SHIPMENTS.c.purpose == key.purpose.value,
    )
    return [_shipment(row) for row in connection.execute(statement.order_by(SHIPMENTS.c.kind))]


def relabelled(connection: sa.Connection, orthanc_ids: Collection[OrthancId]) -> list[Shipment]:
    """Objects that were sent in another form, and so under other UIDs, than Orthanc holds them."""
    made = sa.and_(SHIPMENTS.c.relabelled.is_(True), SHIPMENTS.c.orthanc_id.in_(list(orthanc_ids)))
    return [_shipment(row) for row in connection.execute(sa.select(SHIPMENTS).where(made))]


def exchange(connection: sa.Connection, old: Shipment, new: Shipment) -> None:
    """Another object goes in the place of one that the destination wants otherwise, or does not know the class of."""
    connection.execute(sa.delete(SHIPMENTS).where(_is(old)))
    note(connection, [new])


def transferred(connection: sa.Connection, shipment: Shipment, status: str, *, accepted: bool) -> None:
    """What a transfer said."""
    count = SHIPMENTS.c.transfers + (1 if accepted else 0)
    connection.execute(sa.update(SHIPMENTS).where(_is(shipment)).values(status=status, transfers=count))


def proven(connection: sa.Connection, key: DeliveryKey, found: Mapping[str, str], now: datetime) -> None:
    """The destination has shown that it holds these: how, by SOP instance UID."""
    for sop_instance_uid, how in found.items():
        connection.execute(
            sa.update(SHIPMENTS)
            .where(SHIPMENTS.c.sop_instance_uid == sop_instance_uid, SHIPMENTS.c.destination == key.destination)
            .values(proof=how, proven_at=now)
        )


def note_removals(connection: sa.Connection, removals: Iterable[Removal], now: datetime) -> None:
    """These instances are about to be deleted: noted before, so that none is missed without a reason."""
    for one in removals:
        connection.execute(sa.delete(REMOVALS).where(REMOVALS.c.orthanc_id == one.orthanc_id))
        connection.execute(
            sa.insert(REMOVALS).values(
                orthanc_id=one.orthanc_id,
                sop_instance_uid=one.sop_instance_uid,
                study=one.study,
                destination=one.destination,
                proof=one.proof,
                why=one.why,
                proven_at=now,
            )
        )


def forget_removals(connection: sa.Connection, orthanc_ids: Sequence[OrthancId]) -> None:
    """These were not deleted after all."""
    connection.execute(sa.delete(REMOVALS).where(REMOVALS.c.orthanc_id.in_(list(orthanc_ids))))


def removed(connection: sa.Connection, study: OrthancId) -> frozenset[str]:
    """SOP instance UIDs of a study that we have deleted ourselves."""
    statement = sa.select(REMOVALS.c.sop_instance_uid).where(REMOVALS.c.study == study)
    return frozenset(connection.execute(statement).scalars())


def _is(shipment: Shipment) -> sa.ColumnElement[bool]:
    return sa.and_(
        SHIPMENTS.c.sop_instance_uid == shipment.sop_instance_uid,
        SHIPMENTS.c.destination == shipment.key.destination,
    )


def _shipment(row: sa.Row[Any]) -> Shipment:
    return Shipment(
        key=DeliveryKey(JobKey(row.job_key), row.destination, Purpose(row.purpose)),
        kind=row.kind,
        sop_class_uid=row.sop_class_uid,
        sop_instance_uid=row.sop_instance_uid,
        series_instance_uid=row.series_instance_uid,
        study_instance_uid=row.study_instance_uid,
        orthanc_id=OrthancId(row.orthanc_id),
        sha256=Digest(row.sha256),
        relabelled=row.relabelled,
        form=_form(row),
        transfers=row.transfers,
        status=row.status,
        proof=row.proof,
        proven_at=row.proven_at,
    )


def _form(row: sa.Row[Any]) -> Form:
    """Of one that was relabelled before there were forms: its class."""
    if row.form:
        return Form(**json.loads(row.form))
    return Form(sop_class_uid=row.sop_class_uid) if row.relabelled else AS_IN_ORTHANC
