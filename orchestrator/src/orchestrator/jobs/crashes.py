"""What a death of the process says about the jobs that it was executing."""

from __future__ import annotations

import sqlalchemy as sa

from orchestrator.jobs import ledger
from orchestrator.jobs.states import ACTIVE
from orchestrator.jobs.tables import JOBS


def suspects(connection: sa.Connection) -> list[ledger.Job]:
    """Jobs that were executing when the process died: not those that it had not come to since its start."""
    statement = sa.select(JOBS).where(JOBS.c.state.in_([state.value for state in ACTIVE]), JOBS.c.executing.is_(True))
    return [ledger.job_of(row) for row in connection.execute(statement)]


def count_crash(connection: sa.Connection, job: ledger.Job) -> None:
    """One more death of the process while this job was executing."""
    connection.execute(sa.update(JOBS).where(JOBS.c.key == job.key).values(crashes=job.crashes + 1, executing=False))


def runs_alone(connection: sa.Connection, most: int) -> bool:
    """Whether the engine has a job that so many deaths have fallen on: nothing else is begun beside it."""
    suspect = sa.and_(JOBS.c.engaged.is_(True), JOBS.c.crashes >= most)
    return connection.execute(sa.select(JOBS.c.key).where(suspect).limit(1)).first() is not None


def forgive(connection: sa.Connection) -> None:
    """The process ends in order: what it had in work goes on at the next start, and counts as no crash."""
    connection.execute(sa.update(JOBS).where(JOBS.c.executing.is_(True)).values(executing=False))


def mark_executing(connection: sa.Connection, job: ledger.Job) -> None:
    """A walk goes on with a job that the last process has begun."""
    mine = sa.and_(JOBS.c.key == job.key, JOBS.c.state == job.state.value, JOBS.c.attempt == job.attempt)
    connection.execute(sa.update(JOBS).where(mine).values(executing=True))
