"""What a dead replica has had in hand is somebody else's: first in the ledger, then in the engine.

The attempt is the owner's token. Counting it on makes every look of the dead replica's walk ("is
this still mine?") fail from that moment, whatever it is about to do. Only then its workflow is ended,
which makes room in the queue; the job is started again as its next attempt, with the answer that may
have been saved. Killed in between, the next leader finds the workflow still there and goes on.
"""

from __future__ import annotations

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
    from datetime import datetime

    from orchestrator.handoffs import JobKey
    from orchestrator.jobs.database import Database
    from orchestrator.jobs.engine import Engine
    from orchestrator.jobs.membership import Membership

_REASON = "taken over: the replica that had it in hand is gone"
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
                _free_delivery(connection, one.key, one.number, now)
            else:
                _free_job(connection, one.key, one.number, now)
    engine.drop(lost)
    return len(lost)


def _free_job(connection: sa.Connection, key: JobKey, attempt: int, now: datetime) -> None:
    job = ledger.find(connection, key)
    if job is None or job.attempt != attempt or job.state not in _HANDS:
        return
    if job.executing and sweep.note_death(connection, job, now):
        return
    fresh = {"state": JobState.QUEUED.value, "state_since": now, "not_before": now, "reason": _REASON}
    connection.execute(
        sa.update(JOBS).where(JOBS.c.key == key).values(engaged=False, executing=False, attempt=attempt + 1, **fresh)
    )
    logs.info(Event.JOB_TAKEN_OVER, job=logs.job(key), study=logs.short(job.study))


def _free_delivery(connection: sa.Connection, key: DeliveryKey, attempt: int, now: datetime) -> None:
    mine = sa.and_(
        DELIVERIES.c.job_key == key.job,
        DELIVERIES.c.destination == key.destination,
        DELIVERIES.c.purpose == key.purpose.value,
        DELIVERIES.c.attempt == attempt,
        DELIVERIES.c.state.in_([state.value for state in _DELIVERY_HANDS]),
    )
    fresh = {"state": DeliveryState.QUEUED.value, "state_since": now, "not_before": now, "reason": _REASON}
    freed = connection.execute(sa.update(DELIVERIES).where(mine).values(engaged=False, attempt=attempt + 1, **fresh))
    if freed.rowcount:
        logs.info(Event.DELIVERY_TAKEN_OVER, job=logs.job(key.job), destination=key.destination)
