"""The SR classes that a report of ours can have, and when the next is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import WetreadError
from orchestrator.handoffs import ObjectKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.jobs.deliveries import Delivery
    from orchestrator.jobs.shipments import Shipment
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


def may_be_its_class(remote: Remote, delivery: Delivery, refused: Shipment, others: Iterable[Shipment]) -> bool:
    """Whether a report that was not taken, without a reason, should be offered in the next class.

    When the destination answers, and has taken other objects of the delivery or refused this one
    several times: then it is not the way there. Raises nothing.
    """
    if refused.kind != ObjectKind.REPORT or refused.sop_class_uid not in NEXT_CLASS:
        return False
    took_others = any(one.transfers or one.proof for one in others if one.kind != ObjectKind.REPORT)
    if not took_others and delivery.failures < REFUSALS:
        return False
    try:
        remote.echo()
    except WetreadError:
        return False
    return True
