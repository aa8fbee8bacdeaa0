"""What goes to a destination in another form than Orthanc holds: an SR of another class, a card hung otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from orchestrator.deliver.reports import CLASSES
from orchestrator.errors import ResultInvalid
from orchestrator.handoffs import AS_IN_ORTHANC, SERIES_OFFSETS, ComposedObject, Form, ObjectKind

if TYPE_CHECKING:
    from orchestrator.jobs.shipments import Shipment
    from orchestrator.orthanc.archive import Archive
    from orchestrator.settings.delivery import DestinationSettings

Relabel = Callable[[bytes, ObjectKind, Form], ComposedObject]
"""Gives an object, as a file, another form."""
_READ_AT_ONCE = 1 << 20


def wanted(destination: DestinationSettings, shipment: Shipment, summary: str) -> Form:
    """The form that the site file wants of an object there; `AS_IN_ORTHANC` where it wants no other.

    Notes have one form, and so has what has been accepted there once: that must not come again under another UID.
    """
    kind = ObjectKind(shipment.kind)
    if kind is ObjectKind.NOTE or shipment.transfers:
        return AS_IN_ORTHANC
    number, grade = destination.series_number, destination.grade_in_series_description
    form = Form(
        series_number=None if number is None else number + SERIES_OFFSETS[kind],
        shows_grade=grade,
        summary="" if grade is None else summary,
    )
    if kind is ObjectKind.REPORT:
        other = CLASSES[destination.sr_class]
        return replace(form, sop_class_uid=other if other != shipment.sop_class_uid else "")
    if kind is ObjectKind.CARD:
        return replace(
            form,
            modality=destination.card_modality or "",
            photometric_interpretation=destination.card_photometric_interpretation or "",
        )
    return form


def made_again(relabel: Relabel, archive: Archive, shipment: Shipment) -> ComposedObject:
    """A noted object of another form, from what Orthanc holds: the same bytes each time.

    Raises:
        ResultInvalid: it would be another one than was noted, because Wetread has been replaced in between.
    """
    made = relabel(_content(archive, shipment), ObjectKind(shipment.kind), shipment.form)
    if made.sop_instance_uid != shipment.sop_instance_uid:
        raise ResultInvalid("this version of Wetread writes it otherwise; `wetread rerun` makes the result again")
    return made


def in_form(relabel: Relabel, archive: Archive, shipment: Shipment, form: Form) -> Shipment:
    """The object of a shipment in another form, to be noted in its place; the same one if it has this form already."""
    made = relabel(_content(archive, shipment), ObjectKind(shipment.kind), form)
    if made.sop_instance_uid == shipment.sop_instance_uid:
        return shipment
    return replace(
        shipment,
        sop_class_uid=made.sop_class_uid,
        sop_instance_uid=made.sop_instance_uid,
        series_instance_uid=made.series_instance_uid,
        relabelled=True,
        form=form,
        transfers=0,
        status="",
        proof=None,
        proven_at=None,
    )


def _content(archive: Archive, shipment: Shipment) -> bytes:
    """The file in Orthanc, exactly as it was composed. Raises `ResultInvalid` if it is another one."""
    parts = []
    with archive.open_instance(shipment.orthanc_id) as stream:
        while part := stream.read(_READ_AT_ONCE):
            parts.append(part)
    content = b"".join(parts)
    if sha256(content).hexdigest() != shipment.sha256:
        raise ResultInvalid(
            f"the {shipment.kind} in Orthanc is not the one that was composed; `wetread rerun` makes it again"
        )
    return content
