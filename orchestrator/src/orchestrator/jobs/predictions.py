"""Models' answers, saved before anything is made of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.handoffs import Digest
from orchestrator.jobs.tables import PREDICTIONS

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class SavedPrediction:
    """A model's answer as it was received, or ours in its place."""

    content: bytes
    endpoint: str
    """Empty: the model was not asked, because the study lacks what it needs."""
    received_at: datetime


def save(connection: sa.Connection, saved: SavedPrediction) -> Digest:
    """Keeps an answer; its digest, over all that is known of it: two studies may be told the same words."""
    named = f"{saved.endpoint}\n{saved.received_at.isoformat()}\n".encode()
    sha256 = Digest(hashlib.sha256(named + saved.content).hexdigest())
    known = connection.execute(sa.select(PREDICTIONS.c.sha256).where(PREDICTIONS.c.sha256 == sha256)).one_or_none()
    if known is None:
        connection.execute(
            sa.insert(PREDICTIONS).values(
                sha256=sha256, content=saved.content, endpoint=saved.endpoint, received_at=saved.received_at
            )
        )
    return sha256


def load(connection: sa.Connection, sha256: Digest) -> SavedPrediction:
    """A saved answer."""
    row = connection.execute(sa.select(PREDICTIONS).where(PREDICTIONS.c.sha256 == sha256)).one()
    return SavedPrediction(row.content, row.endpoint, row.received_at)


def was_asked(connection: sa.Connection, sha256: Digest | None) -> bool:
    """Whether an answer is the model's own, or none is there yet."""
    endpoint = sa.select(PREDICTIONS.c.endpoint).where(PREDICTIONS.c.sha256 == sha256)
    return connection.execute(endpoint).scalar_one_or_none() != ""
