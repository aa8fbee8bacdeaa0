"""Models' answers, saved before anything is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.jobs.tables import PREDICTIONS

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.handoffs import Digest


@dataclass(frozen=True, slots=True)
class SavedPrediction:
    """A model's answer as it was received."""

    content: bytes
    endpoint: str
    received_at: datetime


def save(connection: sa.Connection, sha256: Digest, saved: SavedPrediction) -> None:
    """Keeps an answer; the same answer twice is kept once."""
    known = connection.execute(sa.select(PREDICTIONS.c.sha256).where(PREDICTIONS.c.sha256 == sha256)).one_or_none()
    if known is None:
        connection.execute(
            sa.insert(PREDICTIONS).values(
                sha256=sha256, content=saved.content, endpoint=saved.endpoint, received_at=saved.received_at
            )
        )


def load(connection: sa.Connection, sha256: Digest) -> SavedPrediction:
    """A saved answer."""
    row = connection.execute(sa.select(PREDICTIONS).where(PREDICTIONS.c.sha256 == sha256)).one()
    return SavedPrediction(row.content, row.endpoint, row.received_at)
