"""The ledger forgets studies that have left Orthanc, some time after it heard of them last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import Gone
from orchestrator.jobs import forgetting
from orchestrator.telemetry import logs
from orchestrator.telemetry.events import Event

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.handoffs import OrthancId
    from orchestrator.jobs.database import Database
    from orchestrator.orthanc.archive import Archive

LOOKED_AT_ONCE = 200
"""Studies that Orthanc is asked for in one round; each costs it a millisecond."""


def forget_gone(
    archive: Archive, database: Database, before: datetime, after: OrthancId | None, at_once: int = LOOKED_AT_ONCE
) -> OrthancId | None:
    """Where the next round goes on; None: at the start again.

    `before`: what was judged later is kept. Raises what the archive raises.
    """
    with database.read() as connection:
        studies = forgetting.candidates(connection, before, after, at_once)
    gone = [study for study in studies if not _is_there(archive, study)]
    if gone:
        archive.version()  # it is Orthanc that says so, not something in its place
    forgotten = 0
    for study in gone:
        with database.write() as connection:
            forgotten += forgetting.forget(connection, study, before)
    if forgotten:
        logs.info(Event.STUDIES_FORGOTTEN, studies=forgotten)
    return studies[-1] if len(studies) == at_once else None


def _is_there(archive: Archive, study: OrthancId) -> bool:
    try:
        archive.study(study)
    except Gone:
        return False
    return True
