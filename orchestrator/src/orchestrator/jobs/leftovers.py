"""Work that nobody has in hand: in an old copy of the ledger, and of jobs that were stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.handoffs import JobKey, ObjectKind, OrthancId, Purpose
from orchestrator.jobs import ledger
from orchestrator.jobs.states import ENDED, UNDERWAY, DeliveryState, JobState
from orchestrator.jobs.tables import DELIVERIES, JOBS, REMOVALS, RESULTS

if TYPE_CHECKING:
    from datetime import datetime

FOUND = (
    "found after a restore: it may have been sent since the copy was made; `wetread release` asks the destination, "
    "and sends only what is not there"
)
"""Why a delivery that an old copy of the ledger knows as open, or not at all, waits."""


def hold_deliveries(connection: sa.Connection, now: datetime) -> None:
    """Takes every result that is on its way from the engine: what the copy does not know may have happened.

    Others that ended without a proof may have been sent since then too, and are asked for before they
    are sent or withdrawn. Rejections go on: a note that arrives twice is the same note.
    """
    result = DELIVERIES.c.purpose == Purpose.RESULT.value
    under_way = [state.value for state in UNDERWAY | {DeliveryState.QUEUED}]
    held = {"state": DeliveryState.HELD.value, "reason": FOUND, "state_since": now, "engaged": False}
    seen = {
        "sent_at": sa.func.coalesce(DELIVERIES.c.sent_at, sa.literal(now, DELIVERIES.c.sent_at.type)),
        "attempt": DELIVERIES.c.attempt + 1,
    }
    connection.execute(sa.update(DELIVERIES).where(result, DELIVERIES.c.state.in_(under_way)).values(held | seen))
    open_ = [state.value for state in (DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.EXPIRED)]
    unsure = sa.and_(result, DELIVERIES.c.state.in_(open_), DELIVERIES.c.sent_at.is_(None))
    connection.execute(sa.update(DELIVERIES).where(unsure).values(sent_at=now))


def hold_back(connection: sa.Connection, not_before: datetime) -> list[OrthancId]:
    """Takes every unfinished job from the engine and has it wait until then; their studies."""
    unfinished = JOBS.c.state.not_in([state.value for state in ENDED])
    studies = list(connection.execute(sa.select(JOBS.c.study).where(unfinished).distinct()).scalars())
    fresh = {"state": JobState.QUEUED.value, "engaged": False, "executing": False, "attempt": JOBS.c.attempt + 1}
    connection.execute(sa.update(JOBS).where(unfinished).values(not_before=not_before, **fresh))
    return studies


def cleaned_since(connection: sa.Connection, moment: datetime) -> list[tuple[OrthancId, str]]:
    """(study, model) of finished jobs whose study has lost instances by clean-up since then: more may go by now."""
    touched = sa.select(REMOVALS.c.study).where(REMOVALS.c.proven_at >= moment)
    done = sa.and_(JOBS.c.state == JobState.DONE.value, JOBS.c.study.in_(touched))
    rows = connection.execute(sa.select(JOBS.c.study, JOBS.c.model).where(done).distinct())
    return [(OrthancId(row.study), row.model) for row in rows]


def copies(connection: sa.Connection, noted_before: datetime) -> list[ledger.StoredResult]:
    """Objects that were to be in Orthanc only while they were sent, and are noted since before then."""
    stale = sa.and_(RESULTS.c.kind == ObjectKind.COPY.value, RESULTS.c.noted_at < noted_before)
    left = connection.execute(sa.select(RESULTS.c.job_key).where(stale, RESULTS.c.withdrawn_at.is_(None)))
    found = ledger.results(connection, [JobKey(key) for key in left.scalars()])
    return [one for one in found if one.kind == ObjectKind.COPY]


def stopped_with_objects(connection: sa.Connection, stopped_before: datetime) -> list[ledger.Job]:
    """Jobs that ended without a result before then and have objects that may be in Orthanc.

    Not those that were cancelled or are gone: their results may have been delivered, and are
    retracted with a note.
    """
    noted = sa.select(RESULTS.c.job_key).where(RESULTS.c.withdrawn_at.is_(None))
    stopped = [state.value for state in ENDED - {JobState.DONE, JobState.CANCELLED, JobState.GONE}]
    statement = sa.select(JOBS).where(
        JOBS.c.key.in_(noted), JOBS.c.state.in_(stopped), JOBS.c.state_since < stopped_before
    )
    return [ledger.job_of(row) for row in connection.execute(statement)]
