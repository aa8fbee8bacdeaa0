"""The models that have ever described themselves to this site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.handoffs import Digest, ModelIdentity
from orchestrator.jobs.tables import MODELS, REFUSALS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model as it described itself, with the text of its declaration."""

    identity: ModelIdentity
    declaration: str
    first_seen: datetime
    last_seen: datetime
    """When a container of it last answered."""


def known(connection: sa.Connection) -> list[KnownModel]:
    """All of them, the latest seen last."""
    return [_known(row) for row in connection.execute(sa.select(MODELS).order_by(MODELS.c.last_seen))]


def note(connection: sa.Connection, identity: ModelIdentity, declaration: str, seen_at: datetime) -> bool:
    """Keeps a model's description, and that it answered now; True if its name is new to this site."""
    mine = sa.and_(
        MODELS.c.name == identity.name,
        MODELS.c.version == identity.version,
        MODELS.c.weights_sha256 == identity.weights_sha256,
        MODELS.c.declaration_sha256 == identity.declaration_sha256,
    )
    seen = {"last_seen": seen_at, "image_digest": identity.image_digest}
    if connection.execute(sa.update(MODELS).where(mine).values(seen)).rowcount:
        return False
    same_name = sa.select(MODELS.c.name).where(MODELS.c.name == identity.name).limit(1)
    new_name = connection.execute(same_name).one_or_none() is None
    connection.execute(
        sa.insert(MODELS).values(
            name=identity.name,
            version=identity.version,
            weights_sha256=identity.weights_sha256,
            declaration_sha256=identity.declaration_sha256,
            declaration=declaration,
            first_seen=seen_at,
            **seen,
        )
    )
    return new_name


def note_refusals(connection: sa.Connection, refusals: Mapping[str, str], now: datetime) -> None:
    """Keeps which endpoints answer and are not used, and why, for people to see."""
    before = {row.address: row.reason for row in connection.execute(sa.select(REFUSALS))}
    if before != refusals:
        connection.execute(sa.delete(REFUSALS))
        if refusals:
            rows = [{"address": address, "reason": reason, "since": now} for address, reason in refusals.items()]
            connection.execute(sa.insert(REFUSALS), rows)


def refusals(connection: sa.Connection) -> dict[str, str]:
    """Why endpoints that answer are not used, by address."""
    return {row.address: row.reason for row in connection.execute(sa.select(REFUSALS))}


def named(connection: sa.Connection, declaration_sha256: Digest) -> str:
    """The text of a declaration. Raises `sqlalchemy.exc.NoResultFound` for one that was never seen."""
    statement = sa.select(MODELS.c.declaration).where(MODELS.c.declaration_sha256 == declaration_sha256).limit(1)
    return str(connection.execute(statement).scalar_one())


def _known(row: sa.Row[tuple[object, ...]]) -> KnownModel:
    identity = ModelIdentity(
        row.name, row.version, Digest(row.weights_sha256), Digest(row.declaration_sha256), row.image_digest
    )
    return KnownModel(identity, row.declaration, row.first_seen, row.last_seen)
