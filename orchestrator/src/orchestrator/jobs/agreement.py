"""What of the ledger must agree with the engine and with Orthanc, read for a doctor; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from orchestrator.handoffs import Digest, JobKey, ObjectKind, OrthancId
from orchestrator.jobs.states import JobState
from orchestrator.jobs.tables import DECISIONS, JOBS, RESULTS


@dataclass(frozen=True, slots=True)
class KnownObject:
    """One of our objects, with the job that it rests on."""

    orthanc_id: OrthancId
    sha256: Digest
    job_key: JobKey
    study: OrthancId
    state: JobState
    """The job's."""
    kind: ObjectKind
    withdrawn: bool


def matches_without_job(connection: sa.Connection) -> list[tuple[OrthancId, str]]:
    """(study, model) of decisions that asked for work which nobody noted."""
    statement = (
        sa.select(DECISIONS.c.study, DECISIONS.c.model)
        .outerjoin(JOBS, JOBS.c.key == DECISIONS.c.job_key)
        .where(DECISIONS.c.outcome == "MATCHED", JOBS.c.key.is_(None))
    )
    return [(OrthancId(row.study), row.model) for row in connection.execute(statement)]


def crowded_slots(connection: sa.Connection) -> list[tuple[OrthancId, str, int]]:
    """(study, model, how many) where more than one finished job claims to be current."""
    count = sa.func.count()
    slot = (JOBS.c.study, JOBS.c.series_instance_uid, JOBS.c.model)
    statement = (
        sa.select(*slot, count.label("finished"))
        .where(JOBS.c.state == JobState.DONE.value, JOBS.c.shadow.is_(False))
        .group_by(*slot)
        .having(count > 1)
    )
    return [(OrthancId(row.study), row.model, row.finished) for row in connection.execute(statement)]


def finished_without_objects(connection: sa.Connection) -> list[tuple[JobKey, OrthancId]]:
    """(job, study) of finished jobs for which no object was ever noted."""
    noted = sa.select(RESULTS.c.job_key)
    statement = sa.select(JOBS.c.key, JOBS.c.study).where(
        JOBS.c.state == JobState.DONE.value, JOBS.c.shadow.is_(False), JOBS.c.key.not_in(noted)
    )
    return [(JobKey(row.key), OrthancId(row.study)) for row in connection.execute(statement)]


def objects(connection: sa.Connection) -> dict[OrthancId, KnownObject]:
    """Every object that we have ever noted, by Orthanc's identifier."""
    columns = (RESULTS, JOBS.c.study, JOBS.c.state)
    rows = connection.execute(sa.select(*columns).join(JOBS, JOBS.c.key == RESULTS.c.job_key))
    return {
        OrthancId(row.orthanc_id): KnownObject(
            OrthancId(row.orthanc_id),
            Digest(row.sha256),
            JobKey(row.job_key),
            OrthancId(row.study),
            JobState(row.state),
            ObjectKind(row.kind),
            row.withdrawn_at is not None,
        )
        for row in rows
    }
