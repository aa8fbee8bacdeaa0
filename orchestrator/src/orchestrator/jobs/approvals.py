"""Whose results may leave Orthanc: exactly these digests, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.handoffs import Digest, ModelIdentity
from orchestrator.jobs.tables import APPROVALS

if TYPE_CHECKING:
    from datetime import datetime


def approve(connection: sa.Connection, identity: ModelIdentity, now: datetime) -> None:
    """Results of exactly these digests may leave; approving twice changes nothing."""
    if not approved(connection, identity):
        connection.execute(
            sa.insert(APPROVALS).values(
                name=identity.name,
                version=identity.version,
                weights_sha256=identity.weights_sha256,
                declaration_sha256=identity.declaration_sha256,
                image_digest=identity.image_digest,
                approved_at=now,
            )
        )


def revoke(connection: sa.Connection, name: str, version: str, now: datetime) -> int:
    """Results of this version may no longer leave; how many approvals that ended."""
    mine = sa.and_(APPROVALS.c.name == name, APPROVALS.c.version == version, APPROVALS.c.revoked_at.is_(None))
    return connection.execute(sa.update(APPROVALS).where(mine).values(revoked_at=now)).rowcount


def approved(connection: sa.Connection, identity: ModelIdentity) -> bool:
    """Whether exactly these digests are approved: model, version, weights, declaration and container image."""
    mine = sa.and_(
        APPROVALS.c.name == identity.name,
        APPROVALS.c.version == identity.version,
        APPROVALS.c.weights_sha256 == identity.weights_sha256,
        APPROVALS.c.declaration_sha256 == identity.declaration_sha256,
        APPROVALS.c.image_digest == identity.image_digest,
        APPROVALS.c.revoked_at.is_(None),
    )
    return connection.execute(sa.select(APPROVALS.c.id).where(mine).limit(1)).one_or_none() is not None


def all_approved(connection: sa.Connection) -> frozenset[ModelIdentity]:
    """Every identity that is approved now."""
    rows = connection.execute(sa.select(APPROVALS).where(APPROVALS.c.revoked_at.is_(None)))
    return frozenset(
        ModelIdentity(
            row.name, row.version, Digest(row.weights_sha256), Digest(row.declaration_sha256), row.image_digest
        )
        for row in rows
    )
