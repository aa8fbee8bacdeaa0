"""Takes out what stopped jobs have left in Orthanc: a process that died could not do it itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.deliver import passing, store
from orchestrator.jobs import ledger, leftovers

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.jobs.database import Database
    from orchestrator.orthanc.archive import Archive


_PASSES_WITHIN = timedelta(minutes=10)
"""What is in Orthanc only to be sent is out again by then; a transfer takes five minutes at most."""


def tidy(database: Database, archive: Archive, stopped_before: datetime, now: datetime) -> int:
    """Removes objects of jobs that ended without a result before then; how many jobs.

    Raises what the archive raises.
    """
    passing.clear(database, archive, now - _PASSES_WITHIN, now)
    with database.read() as connection:
        left = leftovers.stopped_with_objects(connection, stopped_before)
    for job in left:
        with database.read() as connection:
            objects = ledger.results(connection, [job.key]) if ledger.still(connection, job) else []
        store.remove(archive, [one.orthanc_id for one in objects])
        with database.write() as connection:
            ledger.withdraw(connection, [one.sop_instance_uid for one in objects], now)
    return len(left)
