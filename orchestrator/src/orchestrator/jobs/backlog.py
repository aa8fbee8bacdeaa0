"""What is waiting, for whoever watches the watcher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.jobs.states import ENDED, DeliveryState
from orchestrator.jobs.tables import DELIVERIES, JOBS, MODELS

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """One model's jobs that have not ended."""

    model: str
    count: int
    oldest: datetime | None
    """When the oldest was made; aware, UTC. None where there is none."""


def backlogs(connection: sa.Connection) -> list[Backlog]:
    """For every model that this site has ever seen."""
    names = sa.select(MODELS.c.name).distinct().subquery()
    statement = (
        sa.select(names.c.name, sa.func.count(JOBS.c.key), sa.func.min(JOBS.c.created_at, type_=JOBS.c.created_at.type))
        .select_from(names)
        .outerjoin(JOBS, sa.and_(JOBS.c.model == names.c.name, JOBS.c.state.not_in(sorted(ENDED))))
        .group_by(names.c.name)
    )
    return [Backlog(name, count, oldest) for name, count, oldest in connection.execute(statement)]


@dataclass(frozen=True, slots=True)
class Outbox:
    """Deliveries to one destination in one state."""

    destination: str
    state: DeliveryState
    count: int
    oldest: datetime
    """Since when the one that has been in this state longest is in it; aware, UTC."""


def outboxes(connection: sa.Connection) -> list[Outbox]:
    """Every destination and state that has deliveries."""
    since = DELIVERIES.c.state_since
    statement = sa.select(
        DELIVERIES.c.destination, DELIVERIES.c.state, sa.func.count(), sa.func.min(since, type_=since.type)
    ).group_by(DELIVERIES.c.destination, DELIVERIES.c.state)
    return [
        Outbox(destination, DeliveryState(state), count, oldest)
        for destination, state, count, oldest in connection.execute(statement)
    ]
