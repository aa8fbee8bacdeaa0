"""Asks Orthanc which studies its newest instances belong to: the change log names the instances only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import ArchiveUnavailable, Gone
from orchestrator.handoffs import OrthancId
from orchestrator.jobs import news, quiet

if TYPE_CHECKING:
    from orchestrator.jobs.database import Database
    from orchestrator.orthanc.archive import Archive

_GONE = OrthancId("")
AT_ONCE = 100
"""Instances of one round: a tenth of a second of Orthanc's time."""


def place(archive: Archive, database: Database) -> frozenset[OrthancId]:
    """Notes which studies the instances that have come belong to; the studies that have grown.

    Our own results are no growth. Raises what the archive raises.
    """
    with database.read() as connection:
        waiting = quiet.unplaced(connection, AT_ONCE)
    found = {instance: _study_of(archive, instance) for instance, _ in waiting}
    if not found:
        return frozenset()
    grown = set()
    with database.write() as connection:
        news.drop_arrivals(connection, [instance for instance, study in found.items() if study is _GONE])
        for instance, arrived_at in waiting:
            study = found[instance]
            if study and quiet.place(connection, instance, study):
                quiet.note_growth(connection, study, arrived_at)
                grown.add(study)
    return frozenset(grown)


def _study_of(archive: Archive, instance: OrthancId) -> OrthancId | None:
    """The study; `_GONE` of an instance that has left already, None where it has to be asked for again."""
    try:
        return archive.study_of_instance(instance).orthanc_id
    except Gone:
        return _GONE
    except ArchiveUnavailable:
        archive.version()  # raises when the archive as a whole is in trouble
        return None
