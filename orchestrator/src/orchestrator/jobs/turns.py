"""Whose turn it is: jobs that wait, and how much of each model the engine has in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.handoffs import ModelIdentity
from orchestrator.jobs import ledger
from orchestrator.jobs.states import JobState
from orchestrator.jobs.tables import JOBS

if TYPE_CHECKING:
    from datetime import datetime


def any_due(connection: sa.Connection, now: datetime) -> bool:
    """Whether there is a job whose turn has come: an idle site has none, and nothing more is looked at."""
    return connection.execute(sa.select(JOBS.c.key).where(_is_due(now)).limit(1)).first() is not None


def due_models(connection: sa.Connection, now: datetime) -> list[ModelIdentity]:
    """The models that have jobs whose turn has come."""
    columns = (JOBS.c.model, JOBS.c.version, JOBS.c.weights_sha256, JOBS.c.declaration_sha256, JOBS.c.image_digest)
    return [ModelIdentity(*row) for row in connection.execute(sa.select(*columns).where(_is_due(now)).distinct())]


def due(
    connection: sa.Connection,
    now: datetime,
    limit: int = 200,
    *,
    model: ModelIdentity | None = None,
    answered: bool = False,
) -> list[ledger.Job]:
    """Jobs whose turn has come and that the engine does not have, STAT before routine, then the oldest first.

    `answered`: only those that need no model any more.
    """
    statement = sa.select(JOBS).where(_is_due(now)).order_by(JOBS.c.priority, JOBS.c.created_at).limit(limit)
    if model is not None:
        statement = statement.where(
            JOBS.c.model == model.name,
            JOBS.c.version == model.version,
            JOBS.c.weights_sha256 == model.weights_sha256,
            JOBS.c.declaration_sha256 == model.declaration_sha256,
            JOBS.c.image_digest == model.image_digest,
        )
    if answered:
        statement = statement.where(JOBS.c.prediction_sha256.is_not(None))
    return [ledger.job_of(row) for row in connection.execute(statement)]


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(JOBS.c.state == JobState.QUEUED.value, JOBS.c.engaged.is_(False), JOBS.c.not_before <= now)


def engaged_by_model(connection: sa.Connection) -> dict[str, int]:
    """How many jobs of each model the engine has, by the model's name."""
    statement = sa.select(JOBS.c.model, sa.func.count()).where(JOBS.c.engaged.is_(True)).group_by(JOBS.c.model)
    return {row[0]: row[1] for row in connection.execute(statement)}


def asking_by_model(connection: sa.Connection) -> dict[str, int]:
    """How many jobs of each model the engine has that still need an answer, by the model's name."""
    asking = sa.and_(JOBS.c.engaged.is_(True), JOBS.c.prediction_sha256.is_(None))
    statement = sa.select(JOBS.c.model, sa.func.count()).where(asking).group_by(JOBS.c.model)
    return {row[0]: row[1] for row in connection.execute(statement)}
