"""A person withdraws results: of a job, of a study, or all of a model version since a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.compose.rejection_note import rejection_note
from orchestrator.deliver import retract
from orchestrator.errors import ActRefused
from orchestrator.jobs import ledger
from orchestrator.jobs.states import JobState
from orchestrator.operations.look import study_named
from orchestrator.operations.release import named

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.jobs.database import Database
    from orchestrator.orthanc.archive import Archive
    from orchestrator.settings import Site


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whose results: exactly one of the three."""

    job: str = ""
    """First digits of a job's key."""
    study: str = ""
    """First digits of a study's Orthanc id."""
    model: str = ""
    version: str = ""
    """With `model`; empty: all versions."""
    since: datetime | None = None
    """With `model`: results of jobs that were made since then."""


def chosen(database: Database, what: Chosen) -> list[ledger.Job]:
    """The jobs whose results would be withdrawn. Raises `ActRefused` when there are none."""
    study = study_named(database, what.study) if what.study else ""
    with database.read() as connection:
        if what.job:
            found = [named(connection, what.job)]
        elif study:
            found = ledger.listed(connection, states=[JobState.DONE], study=study, limit=10_000)
        else:
            found = [
                job
                for job in ledger.listed(connection, states=[JobState.DONE], limit=1_000_000)
                if job.model.name == what.model
                and what.version in {"", job.model.version}
                and (what.since is None or job.created_at >= what.since)
            ]
    done = [job for job in found if job.state is JobState.DONE]
    if not done:
        raise ActRefused("there is no result to withdraw; `wetread jobs --state DONE` shows those there are")
    return done


def withdraw(
    database: Database, site: Site, jobs: list[ledger.Job], *, by: str, why: str, title: str, now: datetime
) -> list[retract.ToDelete]:
    """Withdraws the results of these jobs; what people must delete elsewhere."""
    withdrawal = retract.Withdrawal(by, why, title, JobState.CANCELLED, now)
    with database.write() as connection:
        return retract.withdraw(connection, site, jobs, withdrawal)


def clear(archive: Archive, database: Database, site: Site, now: datetime) -> int:
    """Takes what is withdrawn out of Orthanc at once instead of when the orchestrator looks; of how many jobs."""
    return retract.clear(retract.Clearing(archive, database, site, rejection_note), now)
