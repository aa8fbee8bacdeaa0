"""The append-only record of every act of a person or a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from orchestrator.jobs.tables import ACTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def record(
    connection: sa.Connection,
    *,
    at: datetime,
    who: str,
    what: str,
    subject: str,
    why: str,
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Somebody (a person, or a rule by its name) did something; never changed, never deleted."""
    connection.execute(
        sa.insert(ACTS).values(at=at, who=who, what=what, subject=subject, why=why, before=before, after=after)
    )


def of(connection: sa.Connection, subject: str) -> Sequence[sa.Row[Any]]:
    """Everything that was done to a subject, the oldest first."""
    return connection.execute(sa.select(ACTS).where(ACTS.c.subject == subject).order_by(ACTS.c.id)).all()
