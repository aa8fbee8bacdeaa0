"""An object that is in Orthanc only while it is sent: a DICOMweb server gets nothing but what Orthanc holds.

It is noted before it is stored, so that what a process that died has left there is taken out, and so
that two destinations which want the same form do not take it out from under each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

from pydicom import dcmread

from orchestrator.deliver import store
from orchestrator.errors import Transient, WetreadError
from orchestrator.handoffs import ObjectKind
from orchestrator.jobs import ledger, leftovers

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from orchestrator.handoffs import ComposedObject, JobKey, OrthancId
    from orchestrator.jobs.database import Database
    from orchestrator.orthanc.archive import Archive
    from orchestrator.orthanc.remote import Remote


@dataclass(frozen=True, slots=True)
class Way:
    """What it passes through."""

    archive: Archive
    database: Database
    remote: Remote
    clock: Callable[[], datetime]


def send(way: Way, job: JobKey, made: ComposedObject, still_wanted: Callable[[], bool]) -> None:
    """Stores, sends and removes the object.

    Raises `Transient` while it passes to another destination, and what the archive and the destination raise.
    """
    copy = replace(made, kind=ObjectKind.COPY)
    header = dcmread(BytesIO(made.content), stop_before_pixels=True)
    there = store.expected_id(str(header.get("PatientID", "")), str(header.StudyInstanceUID), copy)
    with way.database.write() as connection:
        if any(one.sop_instance_uid == copy.sop_instance_uid for one in ledger.results(connection, [job])):
            raise Transient("the same object is on its way to another destination; tried again")
        ledger.note_results(connection, job, [(copy, there)], way.clock())
    try:
        way.remote.send(store.store(way.archive, copy, still_wanted), still_wanted)
    except WetreadError:
        _take_out(way, copy, there)
        raise
    _take_out(way, copy, there)


def _take_out(way: Way, copy: ComposedObject, there: OrthancId) -> None:
    way.archive.delete(there)
    with way.database.write() as connection:
        ledger.withdraw(connection, [copy.sop_instance_uid], way.clock())


def clear(database: Database, archive: Archive, noted_before: datetime, now: datetime) -> int:
    """Takes out what was noted before then and never removed; how many objects. Raises what the archive raises."""
    with database.read() as connection:
        left = leftovers.copies(connection, noted_before)
    store.remove(archive, [one.orthanc_id for one in left])
    with database.write() as connection:
        ledger.withdraw(connection, [one.sop_instance_uid for one in left], now)
    return len(left)
