"""Pauses: models, or all of them, that get no new work, and destinations that get nothing, until somebody resumes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.jobs.tables import OUTBOX_PAUSES, PAUSES

if TYPE_CHECKING:
    from datetime import datetime

EVERYTHING = ""
"""Stands for all models."""


class Kind(StrEnum):
    """What is paused."""

    MODEL = "model"
    DESTINATION = "destination"


_NAMES = {Kind.MODEL: PAUSES.c.model, Kind.DESTINATION: OUTBOX_PAUSES.c.destination}


@dataclass(frozen=True, slots=True)
class Halt:
    """A pause that is in force."""

    name: str
    """Of the model, `EVERYTHING`, or of the destination."""
    since: datetime
    who: str
    why: str


def begin(connection: sa.Connection, kind: Kind, halt: Halt) -> bool:
    """Pauses something; False where it is paused already: the first reason stays."""
    if halt.name in {one.name for one in in_force(connection, kind)}:
        return False
    name = _NAMES[kind]
    values = {name.name: halt.name, "since": halt.since, "who": halt.who, "why": halt.why}
    connection.execute(sa.insert(name.table).values(values))
    return True


def end(connection: sa.Connection, kind: Kind, name: str) -> bool:
    """Resumes; False where nothing was paused."""
    column = _NAMES[kind]
    return connection.execute(sa.delete(column.table).where(column == name)).rowcount == 1


def in_force(connection: sa.Connection, kind: Kind = Kind.MODEL) -> list[Halt]:
    """All pauses of a kind, the oldest first."""
    name = _NAMES[kind]
    rows = connection.execute(sa.select(name.label("name"), *(name.table.c[one] for one in ("since", "who", "why"))))
    return sorted((Halt(row.name, row.since, row.who, row.why) for row in rows), key=lambda halt: halt.since)
