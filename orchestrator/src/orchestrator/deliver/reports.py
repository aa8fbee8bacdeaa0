"""The report for a destination that wants, or knows, only another SR class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from orchestrator.errors import ResultInvalid, WetreadError
from orchestrator.handoffs import ObjectKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.handoffs import ComposedObject
    from orchestrator.jobs.deliveries import Delivery
    from orchestrator.jobs.shipments import Shipment
    from orchestrator.orthanc.archive import Archive
    from orchestrator.orthanc.remote import Remote

COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34"
COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"
CLASSES = {
    "comprehensive_3d": COMPREHENSIVE_3D_SR,
    "comprehensive": COMPREHENSIVE_SR,
    "enhanced": ENHANCED_SR,
}
"""What the site file calls them."""
NEXT_CLASS = {COMPREHENSIVE_3D_SR: COMPREHENSIVE_SR, COMPREHENSIVE_SR: ENHANCED_SR}
"""What is offered to a system that has refused a class."""

REFUSALS = 2
"""A report alone that was refused so often, and no reason told, is offered in the next class."""

Relabel = Callable[[bytes, str], "ComposedObject"]
"""Gives a report, as a file, another SR class."""
_READ_AT_ONCE = 1 << 20


def relabelled(relabel: Relabel, archive: Archive, shipment: Shipment) -> ComposedObject:
    """A noted object of another class, made again from the report that Orthanc holds: the same bytes each time."""
    return relabel(_content(archive, shipment), shipment.sop_class_uid)


def in_class(relabel: Relabel, archive: Archive, shipment: Shipment, sop_class_uid: str) -> Shipment:
    """The report of a shipment as an object of another class, to be noted in its place."""
    made = relabel(_content(archive, shipment), sop_class_uid)
    return replace(
        shipment,
        sop_class_uid=made.sop_class_uid,
        sop_instance_uid=made.sop_instance_uid,
        relabelled=True,
        transfers=0,
        status="",
        proof=None,
        proven_at=None,
    )


def may_be_its_class(remote: Remote, delivery: Delivery, refused: Shipment, others: Iterable[Shipment]) -> bool:
    """Whether a report that was not taken, without a reason, should be offered in the next class.

    When other objects of the delivery were taken, or when it has failed several times at a destination
    that answers: then it is not the way there. Raises nothing.
    """
    if refused.kind != ObjectKind.REPORT or refused.sop_class_uid not in NEXT_CLASS:
        return False
    if any(one.transfers or one.proof for one in others if one.kind != ObjectKind.REPORT):
        return True
    if delivery.failures < REFUSALS:
        return False
    try:
        remote.echo()
    except WetreadError:
        return False
    return True


def _content(archive: Archive, shipment: Shipment) -> bytes:
    """The file in Orthanc, exactly as it was composed. Raises `ResultInvalid` if it is another one."""
    parts = []
    with archive.open_instance(shipment.orthanc_id) as stream:
        while part := stream.read(_READ_AT_ONCE):
            parts.append(part)
    content = b"".join(parts)
    if sha256(content).hexdigest() != shipment.sha256:
        raise ResultInvalid("the report in Orthanc is not the one that was composed; `wetread rerun` makes it again")
    return content
