"""Puts composed objects into Orthanc and reads them back; takes replaced ones out."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING

from orchestrator.errors import Cancelled, ResultInvalid
from orchestrator.handoffs import OrthancId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.handoffs import ComposedObject
    from orchestrator.orthanc.archive import Archive


def expected_id(patient_id: str, study_instance_uid: str, made: ComposedObject) -> OrthancId:
    """The identifier that Orthanc will give the object: SHA-1 of its four levels, in five groups."""
    levels = f"{patient_id}|{study_instance_uid}|{made.series_instance_uid}|{made.sop_instance_uid}"
    digits = sha1(levels.encode(), usedforsecurity=False).hexdigest()
    return OrthancId("-".join(digits[start : start + 8] for start in range(0, 40, 8)))


def store(archive: Archive, made: ComposedObject, still_mine: Callable[[], bool]) -> OrthancId:
    """Stores one object and proves that the archive holds exactly these bytes; doing it again changes nothing.

    Raises `Cancelled` when the job is no longer the caller's, `ResultInvalid` when the archive holds
    something else, and what the archive raises.
    """
    if not still_mine():
        raise Cancelled("stopped before its result was stored")
    accepted = archive.store(made.content)
    if not archive.holds(accepted.orthanc_id, made.content):
        archive.delete(accepted.orthanc_id)
        raise ResultInvalid(
            f"Orthanc keeps the {made.kind} otherwise than it was sent; switch off whatever changes objects on their "
            "way in (IngestTranscoding, Lua filters, plugins) for Manufacturer Wetread"
        )
    return accepted.orthanc_id


def remove(archive: Archive, instances: Iterable[OrthancId]) -> None:
    """Takes objects of ours out of the archive; those that are not there are no error."""
    for instance in instances:
        archive.delete(instance)
