"""What a dead replica has had in hand is somebody else's: first in the ledger, then in the engine.

The attempt is the owner's token. Counting it on makes every look of the dead replica's walk ("is
this still mine?") fail from that moment, whatever it is about to do. Only then its workflow is ended,
which makes room in the queue; the job is started again as its next attempt, with the answer that may
have been saved. Killed in between, the next leader finds the workflow still there and goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.handoffs import DeliveryKey
from orchestrator.jobs import ledger, sweep
from orchestrator.jobs.engine import APPLICATION_VERSION
from orchestrator.jobs.states import ACTIVE, UNDERWAY, DeliveryState, JobState
from orchestrator.jobs.tables import DELIVERIES, JOBS
from orchestrator.telemetry import logs
from orchestrator.telemetry.events import Event

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from orchestrator.handoffs import JobKey
    from orchestrator.jobs.database import Database
    from orchestrator.jobs.engine import Engine
    from orchestrator.jobs.membership import Membership


@dataclass(frozen=True, slots=True)
class _Why:
    """Why work leaves a replica's hands, and how the log calls it."""

    reason: str
    job: Event
    delivery: Event


_TAKEN_OVER = _Why(
    "taken over: the replica that had it in hand is gone", Event.JOB_TAKEN_OVER, Event.DELIVERY_TAKEN_OVER
)
_HANDED_BACK = _Why(
    "handed back: the replica that had it in hand was stopped", Event.JOB_HANDED_BACK, Event.DELIVERY_HANDED_BACK
)
_HANDS = frozenset({JobState.QUEUED, *ACTIVE})
_DELIVERY_HANDS = frozenset({DeliveryState.QUEUED, *UNDERWAY})


def take_over(database: Database, engine: Engine, membership: Membership, now: datetime) -> int:
    """Frees all work of replicas that are gone, and of releases whose engine was another; how much."""
    attempts = engine.attempts()  # before the living are read: each of them was registered before its first attempt
    with database.read() as connection:
        living = membership.living(connection)
    lost = [one for one in attempts if one.lost(living, membership.executor_id)]
    if not lost:
        return 0
    foreign = sorted({one.release for one in lost} - {APPLICATION_VERSION})
    if foreign:
        logs.warning(Event.ENGINE_RELEASE_CHANGED, of=", ".join(foreign))
    with database.write() as connection:
        for one in lost:
            if isinstance(one.key, DeliveryKey):
                _free_delivery(connection, one.key, one.number, now, _TAKEN_OVER)
            else:
                _take_over_job(connection, one.key, one.number, now)
    engine.drop(lost)
    return len(lost)


def hand_back(database: Database, left: Collection[tuple[JobKey | DeliveryKey, int]], now: datetime) -> None:
    """Frees what an orderly stop could not wait for: another replica takes it up, and it counts as no death.

    What still runs here is refused from now on, as that of a dead replica is. Raises `DatabaseUnavailable`:
    then it is taken over like a dead one's.
    """
    with database.write() as connection:
        for key, attempt in left:
            if isinstance(key, DeliveryKey):
                _free_delivery(connection, key, attempt, now, _HANDED_BACK)
            elif job := _in_hand(connection, key, attempt):
                _free_job(connection, job, now, _HANDED_BACK)


def _take_over_job(connection: sa.Connection, key: JobKey, attempt: int, now: datetime) -> None:
    job = _in_hand(connection, key, attempt)
    if job is not None and not (job.executing and sweep.note_death(connection, job, now)):
        _free_job(connection, job, now, _TAKEN_OVER)


def _in_hand(connection: sa.Connection, key: JobKey, attempt: int) -> ledger.Job | None:
    """The job, if this is the attempt that counts."""
    job = ledger.find(connection, key)
    return job if job is not None and job.attempt == attempt and job.state in _HANDS else None


def _free_job(connection: sa.Connection, job: ledger.Job, now: datetime, why: _Why) -> None:
    fresh = {"state": JobState.QUEUED.value, "state_since": now, "not_before": now, "reason": why.reason}
    free = {"engaged": False, "executing": False, "attempt": job.attempt + 1}
    connection.execute(sa.update(JOBS).where(JOBS.c.key == job.key).values(**fresh, **free))
    logs.info(why.job, job=logs.job(job.key), study=logs.short(job.study))


def _free_delivery(connection: sa.Connection, key: DeliveryKey, attempt: int, now: datetime, why: _Why) -> None:
    mine = sa.and_(
        DELIVERIES.c.job_key == key.job,
        DELIVERIES.c.destination == key.destination,
        DELIVERIES.c.purpose == key.purpose.value,
        DELIVERIES.c.attempt == attempt,
        DELIVERIES.c.state.in_([state.value for state in _DELIVERY_HANDS]),
    )
    fresh = {"state": DeliveryState.QUEUED.value, "state_since": now, "not_before": now, "reason": why.reason}
    freed = connection.execute(sa.update(DELIVERIES).where(mine).values(engaged=False, attempt=attempt + 1, **fresh))
    if freed.rowcount:
        logs.info(why.delivery, job=logs.job(key.job), destination=key.destination)
