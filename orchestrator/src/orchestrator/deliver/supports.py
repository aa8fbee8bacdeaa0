"""Results whose images are gone or rejected: they rest on nothing and are withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.deliver.retract import RULE, Withdrawal, withdraw
from orchestrator.jobs import ledger, shipments
from orchestrator.jobs.input import input_from_json
from orchestrator.jobs.states import JobState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    import sqlalchemy as sa

    from orchestrator.handoffs import JobKey, OrthancId
    from orchestrator.jobs.database import Database
    from orchestrator.orthanc.archive import Archive
    from orchestrator.settings import Site

LOOKED_AT_ONCE = 200
"""Results whose images are looked for in one round; a round costs Orthanc a millisecond per image."""


def withdraw_unsupported(
    connection: sa.Connection, site: Site, study: OrthancId, standing: Collection[str], now: datetime
) -> int:
    """Withdraws the study's results that rest on an instance which is not `standing`; how many.

    `standing` are the SOP instance UIDs that are there and that no rejection note names. What we
    have deleted ourselves, proven to be in an archive, still stands.
    """
    kept = frozenset(standing) | shipments.removed(connection, study)
    done = ledger.listed(connection, states=[JobState.DONE], study=study)
    fallen = [job for job in done if not _inputs(job) <= kept]
    why = "an image that it rests on was deleted or rejected"
    withdraw(connection, site, fallen, Withdrawal(RULE, why, "quality", JobState.GONE, now))
    return len(fallen)


def missing(archive: Archive, database: Database, after: JobKey | None) -> tuple[set[OrthancId], JobKey | None]:
    """(studies of results of which an image is no longer in Orthanc, where to go on; None: at the start again).

    Orthanc announces no deletion. Raises what the archive raises.
    """
    with database.read() as connection:
        jobs = ledger.done_after(connection, after, LOOKED_AT_ONCE)
        removed = {job.study: shipments.removed(connection, job.study) for job in jobs}
    studies = {
        job.study
        for job in jobs
        for uid, instance in input_from_json(job.input).orthanc_ids.items()
        if uid not in removed[job.study] and not archive.exists(instance)
    }
    return studies, jobs[-1].key if len(jobs) == LOOKED_AT_ONCE else None


def _inputs(job: ledger.Job) -> frozenset[str]:
    return frozenset(input_from_json(job.input).orthanc_ids)
