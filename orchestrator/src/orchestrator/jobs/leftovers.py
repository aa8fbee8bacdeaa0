"""Work that nobody has in hand: in an old copy of the ledger, and of jobs that were stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.jobs import ledger
from orchestrator.jobs.states import ENDED, JobState
from orchestrator.jobs.tables import JOBS, RESULTS

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.handoffs import OrthancId


def hold_back(connection: sa.Connection, not_before: datetime) -> list[OrthancId]:
    """Takes every unfinished job from the engine and has it wait until then; their studies."""
    unfinished = JOBS.c.state.not_in([state.value for state in ENDED])
    studies = list(connection.execute(sa.select(JOBS.c.study).where(unfinished).distinct()).scalars())
    fresh = {"state": JobState.QUEUED.value, "engaged": False, "executing": False, "attempt": JOBS.c.attempt + 1}
    connection.execute(sa.update(JOBS).where(unfinished).values(not_before=not_before, **fresh))
    return studies


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
