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


_DUE = sa.and_(
    JOBS.c.state == JobState.QUEUED.value, JOBS.c.engaged.is_(False), JOBS.c.not_before <= sa.bindparam("now")
)
_MODEL = (JOBS.c.model, JOBS.c.version, JOBS.c.weights_sha256, JOBS.c.declaration_sha256, JOBS.c.image_digest)
_ANY_DUE = sa.select(JOBS.c.key).where(_DUE).limit(1)
_DUE_MODELS = sa.select(*_MODEL).where(_DUE).distinct()
_ENGAGED = sa.select(JOBS.c.model, sa.func.count()).where(JOBS.c.engaged.is_(True)).group_by(JOBS.c.model)
_ASKING = _ENGAGED.where(JOBS.c.prediction_sha256.is_(None))
"""Asked at every sweep: built once, which takes longer than running them."""


def any_due(connection: sa.Connection, now: datetime) -> bool:
    """Whether there is a job whose turn has come: an idle site has none, and nothing more is looked at."""
    return connection.execute(_ANY_DUE, {"now": now}).first() is not None


def due_models(connection: sa.Connection, now: datetime) -> list[ModelIdentity]:
    """The models that have jobs whose turn has come."""
    return [ModelIdentity(*row) for row in connection.execute(_DUE_MODELS, {"now": now})]


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
    statement = sa.select(JOBS).where(_DUE).order_by(JOBS.c.priority, JOBS.c.created_at).limit(limit)
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
    return [ledger.job_of(row) for row in connection.execute(statement, {"now": now})]


def engaged_by_model(connection: sa.Connection) -> dict[str, int]:
    """How many jobs of each model the engine has, by the model's name."""
    return {row[0]: row[1] for row in connection.execute(_ENGAGED)}


def asking_by_model(connection: sa.Connection) -> dict[str, int]:
    """How many jobs of each model the engine has that still need an answer, by the model's name."""
    return {row[0]: row[1] for row in connection.execute(_ASKING)}
