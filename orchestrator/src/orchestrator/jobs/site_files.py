"""Every version of the site file that has decided something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.jobs.tables import SITE_FILES

if TYPE_CHECKING:
    from datetime import datetime


def keep(connection: sa.Connection, sha256: str, content: str, first_used: datetime) -> None:
    """Keeps a site file; the same content again changes nothing."""
    known = connection.execute(sa.select(SITE_FILES.c.sha256).where(SITE_FILES.c.sha256 == sha256)).one_or_none()
    if known is None:
        connection.execute(sa.insert(SITE_FILES).values(sha256=sha256, content=content, first_used=first_used))


def content(connection: sa.Connection, sha256: str) -> str | None:
    """The text of a site file that was in force once, by its digest or the start of it."""
    found = connection.execute(sa.select(SITE_FILES.c.content).where(SITE_FILES.c.sha256.startswith(sha256)))
    return found.scalars().first()
