"""Asks a destination whether it holds objects: nothing counts as delivered, or is deleted, without its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import ClassRefused, DestinationUnavailable
from orchestrator.orthanc.remote import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.jobs.shipments import Shipment
    from orchestrator.orthanc.remote import Remote
    from orchestrator.settings.delivery import DestinationSettings
    from wetread_contract.judgement import InstanceReference

REPORT_WITHIN_S = 20.0
"""The report of a storage commitment comes on an association of its own, usually at once."""
REPORT_IN_PASSING_WITHIN_S = 5.0
"""Where it can be searched instead, no longer than this is waited for it."""
FIND = "find"
COMMITMENT = "commitment"
HIDDEN = "hidden"
"""Of a rejection note: nothing of what it rejects is shown any more."""
ANSWER = "answer"
"""A peer's own answer to the transfer: Orthanc says `Success` only when it has written the file."""


def held(remote: Remote, destination: DestinationSettings, references: Sequence[Reference]) -> dict[str, str]:
    """Those objects that the destination shows to hold: SOP instance UID → how it was asked.

    `auto` asks for storage commitment, and searches where that is not offered or nothing is reported.
    Raises `DestinationUnavailable` when neither gives an answer.
    """
    if not references:
        return {}
    if destination.proof == COMMITMENT:
        return dict.fromkeys(remote.commit(references, REPORT_WITHIN_S), COMMITMENT)
    if destination.proof == FIND or destination.kind != "dicom":
        return dict.fromkeys(remote.find(references), FIND)
    try:
        return dict.fromkeys(remote.commit(references, REPORT_IN_PASSING_WITHIN_S), COMMITMENT)
    except (DestinationUnavailable, ClassRefused) as refused:
        try:
            return dict.fromkeys(remote.find(references), FIND)
        except DestinationUnavailable as also:
            raise DestinationUnavailable(
                f"it cannot be asked what it holds: {also}; {refused}. Allow one of the two there"
            ) from also


def references_of(shipments: Iterable[Shipment | InstanceReference]) -> list[Reference]:
    """What to ask for."""
    return [
        Reference(one.study_instance_uid, one.series_instance_uid, one.sop_class_uid, one.sop_instance_uid)
        for one in shipments
    ]
