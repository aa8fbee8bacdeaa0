"""Pauses: models, or all of them, that get no new work until somebody resumes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.jobs.tables import PAUSES

if TYPE_CHECKING:
    from datetime import datetime

EVERYTHING = ""
"""Stands for all models."""


@dataclass(frozen=True, slots=True)
class Halt:
    """A pause that is in force."""

    model: str
    """Its name, or `EVERYTHING`."""
    since: datetime
    who: str
    why: str


def begin(connection: sa.Connection, halt: Halt) -> bool:
    """Pauses a model or everything; False where it is paused already: the first reason stays."""
    if halt.model in {one.model for one in in_force(connection)}:
        return False
    connection.execute(sa.insert(PAUSES).values(model=halt.model, since=halt.since, who=halt.who, why=halt.why))
    return True


def end(connection: sa.Connection, model: str) -> bool:
    """Resumes; False where nothing was paused."""
    return connection.execute(sa.delete(PAUSES).where(PAUSES.c.model == model)).rowcount == 1


def in_force(connection: sa.Connection) -> list[Halt]:
    """All pauses, the oldest first."""
    rows = connection.execute(sa.select(PAUSES).order_by(PAUSES.c.since))
    return [Halt(row.model, row.since, row.who, row.why) for row in rows]
