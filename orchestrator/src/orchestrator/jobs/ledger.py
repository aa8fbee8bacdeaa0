"""Jobs: the truth about every piece of work; the engine only executes.

Every function works inside the caller's transaction. A change of state goes through `move`, which
knows the table of transitions and refuses what is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from orchestrator.handoffs import Digest, JobKey, ModelIdentity, OrthancId
from orchestrator.jobs import predictions
from orchestrator.jobs.states import ACTIVE, ENDED, TRANSITIONS, JobState
from orchestrator.jobs.tables import JOBS, RESULTS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from orchestrator.handoffs import ComposedObject

_BY_KEY = sa.select(JOBS).where(JOBS.c.key == sa.bindparam("key"))
_STATE_BY_KEY = sa.select(JOBS.c.state, JOBS.c.attempt).where(JOBS.c.key == sa.bindparam("key"))
"""Asked a dozen times for each job: built once, because building a statement takes as long as running it."""

STAT_PRIORITY = 1
ROUTINE_PRIORITY = 10


@dataclass(frozen=True, slots=True)
class NewJob:
    """A match that asks for work."""

    key: JobKey
    study: OrthancId
    series_instance_uid: str
    model: ModelIdentity
    priority: int
    noticed_at: datetime
    """When the study's stable change was read: durations count from here."""
    input: Mapping[str, Any]
    """JSON: the selected and the left out instances."""
    origin: str = "news"
    """Why there is a job: `news`, `rerun`, `backfill`, `handed on`."""
    shadow: bool = False
    """For comparison only: nothing is stored."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the ledger has it."""

    key: JobKey
    study: OrthancId
    series_instance_uid: str
    model: ModelIdentity
    state: JobState
    reason: str
    """For people."""
    priority: int
    attempt: int
    engaged: bool
    """The engine has a workflow for this attempt."""
    executing: bool
    """A walk has worked on it since the last start of the process."""
    crashes: int
    """How often the process died while this job was executing."""
    failures: int
    """Transient failures in a row; waiting for a model is none."""
    not_before: datetime
    created_at: datetime
    state_since: datetime
    noticed_at: datetime
    input: Mapping[str, Any]
    origin: str
    shadow: bool
    prediction_sha256: Digest | None
    inference_s: float | None
    summary: str
    replaces: JobKey | None


@dataclass(frozen=True, slots=True)
class StoredResult:
    """One of our objects in Orthanc."""

    job_key: JobKey
    kind: str
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    orthanc_id: OrthancId
    sha256: Digest


def find(connection: sa.Connection, key: JobKey) -> Job | None:
    """The job with this key."""
    row = connection.execute(_BY_KEY, {"key": key}).one_or_none()
    return None if row is None else job_of(row)


def known(connection: sa.Connection, key: JobKey) -> Job:
    """The job with this key, which is there. Raises `sqlalchemy.exc.NoResultFound`."""
    return job_of(connection.execute(_BY_KEY, {"key": key}).one())


def taken_up_again(job: Job) -> bool:
    """Whether the job was reopened after its end: how long it took then says nothing about the study."""
    return job.noticed_at > job.created_at


def starting_with(connection: sa.Connection, digits: str) -> list[Job]:
    """At most two jobs whose key starts with these digits."""
    statement = sa.select(JOBS).where(JOBS.c.key.startswith(digits, autoescape=True)).limit(2)
    return [job_of(row) for row in connection.execute(statement)]


def hasten(connection: sa.Connection, job: Job, now: datetime) -> None:
    """A waiting job is due now."""
    mine = sa.and_(JOBS.c.key == job.key, JOBS.c.state == JobState.QUEUED.value)
    connection.execute(sa.update(JOBS).where(mine).values(not_before=now))


def listed(
    connection: sa.Connection, *, states: Collection[JobState] = (), study: str = "", limit: int = 100
) -> list[Job]:
    """Jobs, the newest first."""
    statement = sa.select(JOBS).order_by(JOBS.c.created_at.desc()).limit(limit)
    if states:
        statement = statement.where(JOBS.c.state.in_([state.value for state in states]))
    if study:
        statement = statement.where(JOBS.c.study == study)
    return [job_of(row) for row in connection.execute(statement)]


def summaries(connection: sa.Connection, model: str) -> dict[tuple[str, str], dict[str, str]]:
    """What each version of a model said: (study, series) → version → its result in short, as on the card."""
    done = sa.select(JOBS).where(JOBS.c.model == model, JOBS.c.summary != "").order_by(JOBS.c.created_at)
    said: dict[tuple[str, str], dict[str, str]] = {}
    for row in connection.execute(done):
        said.setdefault((row.study, row.series_instance_uid), {})[row.version] = row.summary
    return said


def counts(connection: sa.Connection) -> dict[JobState, int]:
    """How many jobs are in each state."""
    statement = sa.select(JOBS.c.state, sa.func.count()).group_by(JOBS.c.state)
    return {JobState(state): count for state, count in connection.execute(statement)}


def slot(connection: sa.Connection, study: OrthancId, series_instance_uid: str, model: str) -> list[Job]:
    """All jobs of one study (or series) and model name, whatever their version and input: one of them is current.

    Jobs that run in shadow are in no slot: they store nothing.
    """
    statement = sa.select(JOBS).where(
        JOBS.c.study == study,
        JOBS.c.series_instance_uid == series_instance_uid,
        JOBS.c.model == model,
        JOBS.c.shadow.is_(False),
    )
    return [job_of(row) for row in connection.execute(statement)]


def open_job(
    connection: sa.Connection,
    new: NewJob,
    now: datetime,
    *,
    replaces: JobKey | None,
    prediction: Digest | None = None,
) -> None:
    """Makes the row of a job that is to be done; with a saved prediction, only what follows it."""
    connection.execute(
        sa.insert(JOBS).values(
            key=new.key,
            study=new.study,
            series_instance_uid=new.series_instance_uid,
            model=new.model.name,
            version=new.model.version,
            weights_sha256=new.model.weights_sha256,
            declaration_sha256=new.model.declaration_sha256,
            image_digest=new.model.image_digest,
            state=JobState.QUEUED.value,
            reason="",
            priority=new.priority,
            not_before=now,
            created_at=now,
            state_since=now,
            noticed_at=new.noticed_at,
            input=new.input,
            origin=new.origin,
            shadow=new.shadow,
            replaces=replaces,
            prediction_sha256=prediction,
        )
    )


def move(
    connection: sa.Connection,
    job: Job,
    to: JobState,
    now: datetime,
    *,
    reason: str = "",
    changes: Mapping[str, object] | None = None,
) -> bool:
    """Takes a job to another state, and out of the engine's hands when that is an end.

    False if it is no longer in the state and the attempt that the caller saw.
    Raises `ValueError` for a way that the table of transitions does not have.
    """
    if to not in TRANSITIONS[job.state]:
        raise ValueError(f"no way from {job.state} to {to}")
    changed: dict[str, object] = {"executing": to in ACTIVE}
    if to in ENDED:
        changed["engaged"] = False
    changed.update(changes or {})
    moved = connection.execute(
        sa.update(JOBS)
        .where(JOBS.c.key == job.key, JOBS.c.state == job.state.value, JOBS.c.attempt == job.attempt)
        .values(state=to.value, reason=reason, state_since=now, **changed)
    )
    return moved.rowcount == 1


def reopen(connection: sa.Connection, job: Job, now: datetime, reason: str, *, ask_again: bool = False) -> bool:
    """Puts an ended job back into the queue, as if it were new; its saved prediction stays unless `ask_again`.

    What was never asked is not asked again: the study lacks what the model needs.
    """
    fresh: dict[str, object] = {"engaged": False, "not_before": now, "noticed_at": now, "failures": 0, "crashes": 0}
    if ask_again and predictions.was_asked(connection, job.prediction_sha256):
        fresh["prediction_sha256"] = None
    return move(connection, job, JobState.QUEUED, now, reason=reason, changes=fresh)


def change(connection: sa.Connection, job: Job, changes: Mapping[str, object]) -> bool:
    """Changes something else than the state; False if the job is no longer as the caller saw it."""
    mine = sa.and_(JOBS.c.key == job.key, JOBS.c.state == job.state.value, JOBS.c.attempt == job.attempt)
    return connection.execute(sa.update(JOBS).where(mine).values(**changes)).rowcount == 1


def engaged(connection: sa.Connection) -> list[Job]:
    """The jobs that the engine has."""
    return [job_of(row) for row in connection.execute(sa.select(JOBS).where(JOBS.c.engaged.is_(True)))]


def engage(connection: sa.Connection, job: Job) -> int | None:
    """Marks the next attempt as handed to the engine; its number, or None if somebody was faster."""
    marked = connection.execute(
        sa.update(JOBS)
        .where(
            JOBS.c.key == job.key,
            JOBS.c.state == JobState.QUEUED.value,
            JOBS.c.engaged.is_(False),
            JOBS.c.attempt == job.attempt,
        )
        .values(engaged=True, attempt=job.attempt + 1)
    )
    return job.attempt + 1 if marked.rowcount == 1 else None


def wait(
    connection: sa.Connection, job: Job, not_before: datetime, now: datetime, reason: str, *, failed: bool
) -> bool:
    """Ends an attempt without a result: the job is QUEUED again, without a workflow, until then."""
    changes = {"engaged": False, "not_before": not_before, "failures": job.failures + 1 if failed else job.failures}
    if job.state is JobState.QUEUED:
        waiting = connection.execute(
            sa.update(JOBS)
            .where(JOBS.c.key == job.key, JOBS.c.state == job.state.value, JOBS.c.attempt == job.attempt)
            .values(reason=reason, **changes)
        )
        return waiting.rowcount == 1
    return move(connection, job, JobState.QUEUED, now, reason=reason, changes=changes)


def still(connection: sa.Connection, job: Job) -> bool:
    """Whether the job is still in the state and the attempt that the caller saw: nobody stopped or replaced it."""
    row = connection.execute(_STATE_BY_KEY, {"key": job.key}).one_or_none()
    return row is not None and (row.state, row.attempt) == (job.state.value, job.attempt)


def note_results(
    connection: sa.Connection, key: JobKey, objects: Sequence[tuple[ComposedObject, OrthancId]], now: datetime
) -> None:
    """Our objects are about to be in Orthanc: noted before they are sent, so that none can be there unknown."""
    uids = [made.sop_instance_uid for made, _ in objects]
    connection.execute(sa.delete(RESULTS).where(RESULTS.c.sop_instance_uid.in_(uids)))
    connection.execute(
        sa.insert(RESULTS),
        [
            {
                "sop_instance_uid": made.sop_instance_uid,
                "job_key": key,
                "kind": made.kind.value,
                "sop_class_uid": made.sop_class_uid,
                "series_instance_uid": made.series_instance_uid,
                "orthanc_id": orthanc_id,
                "sha256": made.sha256,
                "noted_at": now,
            }
            for made, orthanc_id in objects
        ],
    )


def results(connection: sa.Connection, keys: Collection[JobKey]) -> list[StoredResult]:
    """Our objects that rest on these jobs and are, or may be, in Orthanc."""
    statement = sa.select(RESULTS).where(RESULTS.c.job_key.in_(list(keys)), RESULTS.c.withdrawn_at.is_(None))
    return [
        StoredResult(
            JobKey(row.job_key),
            row.kind,
            row.sop_class_uid,
            row.sop_instance_uid,
            row.series_instance_uid,
            OrthancId(row.orthanc_id),
            Digest(row.sha256),
        )
        for row in connection.execute(statement)
    ]


def withdraw(connection: sa.Connection, sop_instance_uids: Collection[str], now: datetime) -> None:
    """These objects are no longer in Orthanc."""
    connection.execute(
        sa.update(RESULTS).where(RESULTS.c.sop_instance_uid.in_(list(sop_instance_uids))).values(withdrawn_at=now)
    )


def with_results(connection: sa.Connection, states: Collection[JobState], limit: int = 100) -> list[Job]:
    """Jobs in these states of which objects are, or may be, in Orthanc."""
    left = sa.select(RESULTS.c.job_key).where(RESULTS.c.withdrawn_at.is_(None))
    statement = sa.select(JOBS).where(JOBS.c.state.in_([state.value for state in states]), JOBS.c.key.in_(left))
    return [job_of(row) for row in connection.execute(statement.limit(limit))]


def done_after(connection: sa.Connection, key: JobKey | None, limit: int) -> list[Job]:
    """Finished jobs in the order of their keys."""
    statement = sa.select(JOBS).where(JOBS.c.state == JobState.DONE.value, JOBS.c.shadow.is_(False))
    if key is not None:
        statement = statement.where(JOBS.c.key > key)
    return [job_of(row) for row in connection.execute(statement.order_by(JOBS.c.key).limit(limit))]


def finished_studies(connection: sa.Connection) -> list[tuple[OrthancId, str]]:
    """(study, model) of every finished job of which objects are in Orthanc."""
    left = sa.select(RESULTS.c.job_key).where(RESULTS.c.withdrawn_at.is_(None))
    statement = sa.select(JOBS.c.study, JOBS.c.model).where(JOBS.c.state == JobState.DONE.value, JOBS.c.key.in_(left))
    return [(OrthancId(row.study), row.model) for row in connection.execute(statement.distinct())]


def our_objects(connection: sa.Connection, sop_instance_uids: Collection[str]) -> frozenset[str]:
    """Those of the given objects that we have made."""
    statement = sa.select(RESULTS.c.sop_instance_uid).where(RESULTS.c.sop_instance_uid.in_(list(sop_instance_uids)))
    return frozenset(connection.execute(statement).scalars())


def our_series(
    connection: sa.Connection, series_instance_uids: Collection[str], study: OrthancId | None = None
) -> frozenset[str]:
    """Those of the given series that we have made, or have made for this study."""
    mine = RESULTS.c.series_instance_uid.in_(list(series_instance_uids))
    statement = sa.select(RESULTS.c.series_instance_uid).where(mine).distinct()
    if study is not None:
        statement = statement.join(JOBS, JOBS.c.key == RESULTS.c.job_key).where(JOBS.c.study == study)
    return frozenset(connection.execute(statement).scalars())


def job_of(row: sa.Row[Any]) -> Job:
    """A row of `jobs` as a value."""
    fields = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    model = ModelIdentity(
        row.model, row.version, Digest(row.weights_sha256), Digest(row.declaration_sha256), row.image_digest
    )
    taken = {name: fields[name] for name in Job.__slots__ if name in fields and name not in {"model", "state"}}
    return Job(model=model, state=JobState(row.state), **taken)
