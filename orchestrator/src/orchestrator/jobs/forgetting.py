"""What the ledger may forget: studies that have left Orthanc, of which nothing has gone anywhere else.

Kept for ever are: what people have done (`acts`), what was sent and may have to be withdrawn, and everything about a
study that Orthanc still holds, so that it is never read twice and can always be explained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.handoffs import OrthancId
from orchestrator.jobs.states import ENDED
from orchestrator.jobs.tables import (
    ANSWERS,
    ARRIVALS,
    DECISIONS,
    DELIVERIES,
    GENERATIONS,
    JOBS,
    NEWS,
    PREDICTIONS,
    REJECTED,
    RESULTS,
    SHIPMENTS,
    STUDIES,
)

if TYPE_CHECKING:
    from datetime import datetime

_OF_A_JOB = (SHIPMENTS, DELIVERIES, RESULTS, ANSWERS)
_OF_A_STUDY = (DECISIONS, GENERATIONS, STUDIES)


def candidates(connection: sa.Connection, before: datetime, after: OrthancId | None, limit: int) -> list[OrthancId]:
    """Studies that were last judged before then, and of which nothing was sent, in the order of their names."""
    sent = sa.exists().where(DELIVERIES.c.study == GENERATIONS.c.study, DELIVERIES.c.sent_at.is_not(None))
    rejected = sa.exists().where(JOBS.c.study == GENERATIONS.c.study, REJECTED.c.job_key == JOBS.c.key)
    statement = (
        sa.select(GENERATIONS.c.study)
        .where(GENERATIONS.c.study > (after or ""), ~sent, ~rejected)
        .group_by(GENERATIONS.c.study)
        .having(sa.func.max(GENERATIONS.c.judged_at, type_=GENERATIONS.c.judged_at.type) < before)
        .order_by(GENERATIONS.c.study)
        .limit(limit)
    )
    return [OrthancId(study) for study in connection.execute(statement).scalars()]


def forget(connection: sa.Connection, study: OrthancId, before: datetime) -> bool:
    """Takes every row of a study that is no longer in Orthanc; False where something of it is still needed."""
    if _is_needed(connection, study, before):
        return False
    jobs = sa.select(JOBS.c.key).where(JOBS.c.study == study).scalar_subquery()
    answers = sa.select(JOBS.c.prediction_sha256).where(JOBS.c.study == study, JOBS.c.prediction_sha256.is_not(None))
    shown = sa.select(ANSWERS.c.prediction_sha256).where(ANSWERS.c.job_key.in_(jobs))
    digests = [*connection.execute(answers).scalars(), *connection.execute(shown).scalars()]
    for table in _OF_A_JOB:
        connection.execute(sa.delete(table).where(table.c.job_key.in_(jobs)))
    for table in _OF_A_STUDY:
        connection.execute(sa.delete(table).where(table.c.study == study))
    connection.execute(sa.delete(JOBS).where(JOBS.c.study == study))
    used = [sa.exists().where(table.c.prediction_sha256 == PREDICTIONS.c.sha256) for table in (JOBS, ANSWERS)]
    connection.execute(sa.delete(PREDICTIONS).where(PREDICTIONS.c.sha256.in_(digests), ~sa.or_(*used)))
    return True


def _is_needed(connection: sa.Connection, study: OrthancId, before: datetime) -> bool:
    """Whether it was judged lately, something of it was sent or is rejected, there is work left, or news."""
    needs = [
        sa.select(GENERATIONS.c.study).where(GENERATIONS.c.study == study, GENERATIONS.c.judged_at >= before),
        sa.select(DELIVERIES.c.job_key).where(DELIVERIES.c.study == study, DELIVERIES.c.sent_at.is_not(None)),
        sa.select(REJECTED.c.job_key).join(JOBS, JOBS.c.key == REJECTED.c.job_key).where(JOBS.c.study == study),
        sa.select(JOBS.c.key).where(JOBS.c.study == study, JOBS.c.state.not_in([state.value for state in ENDED])),
        sa.select(NEWS.c.study).where(NEWS.c.study == study),
        sa.select(ARRIVALS.c.instance).where(ARRIVALS.c.study == study),
    ]
    return any(connection.execute(one.limit(1)).first() is not None for one in needs)
