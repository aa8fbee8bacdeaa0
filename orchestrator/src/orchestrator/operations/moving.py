"""A site moves from its SQLite file to PostgreSQL, with nothing lost: every row of the ledger, in one transaction.

The engine's own rows stay behind: they say where an attempt was, and the ledger says what is to be
done. What was unfinished is begun again as its next attempt, with the answer that may be saved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.errors import SettingsInvalid
from orchestrator.jobs import leftovers
from orchestrator.jobs.database import Database, hold
from orchestrator.jobs.tables import DELIVERIES, METADATA, REPLICAS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Moved:
    """What was copied."""

    rows: dict[str, int]
    """By table."""
    unfinished: int
    """Studies with jobs that are begun again."""


def move(source: str, target: sa.URL, now: datetime) -> Moved:
    """Copies a ledger; the source is brought up to this release and otherwise left as it is.

    Raises `SettingsInvalid` for a source that is no SQLite ledger or that an orchestrator holds, for
    a target that is none on PostgreSQL or holds anything, and when the counts differ at the end; then
    the target is as it was.
    """
    if not source.startswith("sqlite:///") or target.get_backend_name() != "postgresql":
        raise SettingsInvalid("a ledger moves from sqlite:///… to the PostgreSQL that the site file names")
    origin = Database.existing(source)
    lock = hold(source)
    destination = Database(target)
    try:
        origin.migrate()
        destination.migrate()
        return _copied(origin, destination, now)
    finally:
        for database in (origin, destination):
            database.close()
        if lock is not None:
            lock.close()


def _copied(origin: Database, destination: Database, now: datetime) -> Moved:
    with origin.read() as source, destination.write() as target:
        _refuse_what_is_in_use(target)
        for table in METADATA.sorted_tables:
            for rows in _pages(source, table):
                target.execute(sa.insert(table), rows)
            _go_on_counting(target, table)
        counted = _counts(target)
        if counted != _counts(source):
            raise SettingsInvalid(
                "what arrived is not what was there; nothing was moved, and the old ledger is as it was: try again; if "
                "it happens again, stay on the old one and report this"
            )
        studies = leftovers.hold_back(target, now)
        _begin_deliveries_again(target)
    return Moved(counted, len(studies))


def _refuse_what_is_in_use(target: sa.Connection) -> None:
    used = [name for name, count in _counts(target).items() if count]
    alive = target.execute(sa.select(REPLICAS.c.id)).first()
    if used or alive:
        raise SettingsInvalid(
            f"the target is in use ({', '.join(used) or 'replicas'}); stop what works on it, and name an empty database"
        )


def _pages(source: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, object]]]:
    if table is REPLICAS:
        return
    for page in source.execution_options(yield_per=_ROWS_AT_ONCE).execute(sa.select(table)).mappings().partitions():
        yield [dict(row) for row in page]


def _go_on_counting(target: sa.Connection, table: sa.Table) -> None:
    """New rows get numbers after those that were copied."""
    column = table.autoincrement_column
    if column is None or table.name not in {"acts", "approvals"}:
        return
    sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
    last = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
    target.execute(sa.select(sa.func.setval(sequence, last, sa.false())))


def _begin_deliveries_again(target: sa.Connection) -> None:
    """Whatever the old engine had in hand of them is nobody's now."""
    engaged = sa.update(DELIVERIES).where(DELIVERIES.c.engaged.is_(True))
    target.execute(engaged.values(engaged=False, state="QUEUED", attempt=DELIVERIES.c.attempt + 1))


def _counts(connection: sa.Connection) -> dict[str, int]:
    count = sa.func.count()
    return {
        table.name: connection.execute(sa.select(count).select_from(table)).scalar_one()
        for table in METADATA.sorted_tables
        if table is not REPLICAS
    }
