"""Starts what is due: the only place where a job gets into the engine's hands.

A model that is down, a pause after a failure, a limit: all of it is a row that waits. The engine
gets only a few more jobs than it can work on, so that an urgent one is never behind a long queue.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.jobs import crashes, halts, ledger, turns
from orchestrator.jobs.states import JobState
from orchestrator.telemetry import logs
from orchestrator.telemetry.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import sqlalchemy as sa

    from orchestrator.handoffs import ModelIdentity
    from orchestrator.jobs.database import Database
    from orchestrator.jobs.engine import Engine

ALONE_AFTER = 2
"""A job that was executing at so many deaths of the process runs alone: if it dies again, it was this one."""
MOST_CRASHES = 3
"""A job that was executing each time when the process died this often is poison."""


def start_due(
    database: Database, engine: Engine, calls: Callable[[ModelIdentity], int], now: datetime, at_most: int
) -> int:
    """Hands due jobs to the engine until it has `at_most`; how many it got.

    `calls` says how many calls a model takes at once now, 0 for one that is down: no job is begun
    only to be sent away.
    """
    started = 0
    with database.read() as connection:
        if not turns.any_due(connection, now):
            return 0
    with database.write() as connection:
        engaged = turns.engaged_by_model(connection)
        in_work = sum(engaged.values())
        room = 0 if crashes.runs_alone(connection, ALONE_AFTER) else at_most - in_work
        for job in _one_alone(_next(connection, calls, engaged, now, room), in_work) if room > 0 else ():
            attempt = ledger.engage(connection, job)
            if attempt is not None:
                engine.enqueue(connection, job.key, attempt, job.model.name, job.priority)
                started += 1
    if started:
        engine.wake()
    return started


def _next(
    connection: sa.Connection,
    calls: Callable[[ModelIdentity], int],
    engaged: Mapping[str, int],
    now: datetime,
    room: int,
) -> list[ledger.Job]:
    """The jobs that get the room: STAT first, then the model that has least in work, then the oldest.

    A model that is paused takes no room; one that is down or flooded only for what it has answered.
    """
    paused = {halt.name for halt in halts.in_force(connection)}
    if halts.EVERYTHING in paused:
        return []
    asking = turns.asking_by_model(connection)
    ranked = [
        (job.priority, engaged.get(model.name, 0) + rank, job.created_at, job)
        for model in turns.due_models(connection, now)
        if model.name not in paused
        for rank, job in enumerate(_startable(connection, model, now, room, calls(model) - asking.get(model.name, 0)))
    ]
    return [job for *_, job in sorted(ranked, key=lambda entry: entry[:3])[:room]]


def _one_alone(chosen: list[ledger.Job], in_work: int) -> list[ledger.Job]:
    """What may begin: all of it, or one suspect alone, as soon as nothing else is in work."""
    suspects = [job for job in chosen if job.crashes >= ALONE_AFTER]
    if not suspects:
        return chosen
    return suspects[:1] if in_work == 0 else []


def _startable(
    connection: sa.Connection, model: ModelIdentity, now: datetime, room: int, free: int
) -> list[ledger.Job]:
    """Due jobs of a model that takes so many more calls; without any, those that need none."""
    if free > 0:
        return turns.due(connection, now, min(room, free), model=model)
    return turns.due(connection, now, room, model=model, answered=True)


def take_stock(database: Database, now: datetime) -> None:
    """Counts a crash for every job that was executing when the last process died; fails what is poison.

    What has been there at two deaths is taken from the engine, by a new attempt, so that it waits
    until it can run alone.
    """
    with database.write() as connection:
        for job in crashes.suspects(connection):
            if not note_death(connection, job, now) and job.crashes + 1 >= ALONE_AFTER:
                reason = f"the orchestrator died {job.crashes + 1} times while working on this; it runs alone now"
                again = {"engaged": False, "attempt": job.attempt + 1, "not_before": now}
                ledger.move(connection, job, JobState.QUEUED, now, reason=reason, changes=again)


def note_death(connection: sa.Connection, job: ledger.Job, now: datetime) -> bool:
    """Counts a crash for a job that was executing when its process died; True when it is poison and FAILED."""
    crashes.count_crash(connection, job)
    if job.crashes + 1 < MOST_CRASHES:
        return False
    reason = f"the orchestrator died {MOST_CRASHES} times while working on this; look at the study, then retry"
    ledger.move(connection, job, JobState.FAILED, now, reason=reason)
    logs.warning(Event.JOB_FAILED, job=logs.job(job.key), study=logs.short(job.study), reason=reason)
    return True


def take_back(database: Database, engine: Engine, now: datetime) -> int:
    """Frees jobs whose attempt the engine has lost or ended in an error of its own; how many.

    An error of the engine is never a job's end: the next attempt is.
    """
    with database.read() as connection:
        engaged = [job for job in ledger.engaged(connection) if job.state is JobState.QUEUED or _quiet(job, now)]
    unfinished = engine.unfinished() if engaged else frozenset()
    lost = [job for job in engaged if (job.key, job.attempt) not in unfinished]
    with database.write() as connection:
        return sum(ledger.wait(connection, job, now, now, "taken up again", failed=True) for job in lost)


def _quiet(job: ledger.Job, now: datetime) -> bool:
    """Long enough in its state that the engine's own bookkeeping has caught up."""
    return now - job.state_since > timedelta(seconds=5)
