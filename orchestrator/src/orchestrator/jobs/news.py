"""Our place in Orthanc's change log and the studies that wait to be judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from orchestrator.handoffs import OrthancId
from orchestrator.jobs.tables import ARRIVALS, CURSOR, NEWS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

_CHANGES = "changes"


_PLACE = sa.select(CURSOR).where(CURSOR.c.name == _CHANGES)
_OVERDUE = (
    sa.select(ARRIVALS.c.instance)
    .where(ARRIVALS.c.noticed_at < sa.bindparam("noticed_before"))
    .order_by(ARRIVALS.c.noticed_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_WAITING = (
    sa.select(NEWS)
    .where(NEWS.c.not_before <= sa.bindparam("now"))
    .order_by(NEWS.c.noticed_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
"""Asked every second, and for every study: built once, which takes longer than running them."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the change log has been read."""

    seq: int
    started_at: datetime
    """The first start ever: nothing that last changed before makes a job unless the site says so."""
    mark: str | None = None
    """What the log says at this place; None where nobody has looked yet."""


@dataclass(frozen=True, slots=True)
class WaitingStudy:
    """A study that is to be judged."""

    study: OrthancId
    noticed_at: datetime
    attempts: int
    """How often reading it has failed."""
    asks: Mapping[str, str] = field(default_factory=dict)
    """Models by whose rules a known content is judged again, by name, and why: `rerun`, `backfill`, `handed on`."""


def cursor(connection: sa.Connection) -> Cursor | None:
    """Our place, or None before the first start."""
    row = connection.execute(_PLACE).one_or_none()
    return None if row is None else Cursor(row.seq, row.started_at, row.mark)


def start_cursor(connection: sa.Connection, seq: int, started_at: datetime) -> None:
    """Marks the first start."""
    connection.execute(sa.insert(CURSOR).values(name=_CHANGES, seq=seq, started_at=started_at))


def move_cursor(connection: sa.Connection, seq: int, mark: str | None) -> None:
    """Everything up to here is noted; `mark` is what the log says here."""
    connection.execute(sa.update(CURSOR).where(CURSOR.c.name == _CHANGES).values(seq=seq, mark=mark))


def note_studies(connection: sa.Connection, studies: Iterable[OrthancId], noticed_at: datetime) -> None:
    """Studies are to be judged now, however long they were to wait before."""
    rows = [
        {"study": study, "noticed_at": noticed_at, "not_before": noticed_at, "attempts": 0, "asks": {}}
        for study in dict.fromkeys(studies)
    ]
    if rows:
        statement = _insert(connection, NEWS)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["study"],
                set_={name: statement.excluded[name] for name in ("noticed_at", "not_before", "attempts")},
            ),
            rows,
        )


def ask(
    connection: sa.Connection, study: OrthancId, asks: Mapping[str, str], noticed_at: datetime, not_before: datetime
) -> None:
    """A study's present content is to be judged by these models' rules again, though it may have been before."""
    waits = connection.execute(sa.select(NEWS).where(NEWS.c.study == study)).one_or_none()
    if waits is None:
        values = {"study": study, "noticed_at": noticed_at, "not_before": not_before, "attempts": 0}
        connection.execute(sa.insert(NEWS).values(asks=dict(asks), **values))
        return
    connection.execute(
        sa.update(NEWS)
        .where(NEWS.c.study == study)
        .values(asks={**waits.asks, **asks}, noticed_at=noticed_at, not_before=min(not_before, waits.not_before))
    )


def note_arrivals(connection: sa.Connection, instances: Iterable[OrthancId], noticed_at: datetime) -> None:
    """Instances have come whose study is not stable yet."""
    rows = [{"instance": instance, "noticed_at": noticed_at} for instance in dict.fromkeys(instances)]
    if rows:
        connection.execute(_insert(connection, ARRIVALS).on_conflict_do_nothing(), rows)


def drop_arrivals(connection: sa.Connection, instances: Collection[OrthancId]) -> None:
    """Their study has been read."""
    ordered = list(instances)
    for start in range(0, len(ordered), 500):
        connection.execute(sa.delete(ARRIVALS).where(ARRIVALS.c.instance.in_(ordered[start : start + 500])))


def overdue_arrivals(connection: sa.Connection, noticed_before: datetime, limit: int = 500) -> list[OrthancId]:
    """Instances that wait for their study for too long, the oldest first."""
    found = connection.execute(_OVERDUE, {"noticed_before": noticed_before, "limit": limit})
    return [OrthancId(row.instance) for row in found]


def waiting(connection: sa.Connection, now: datetime, limit: int = 100) -> list[WaitingStudy]:
    """Studies whose time has come, the longest noticed first."""
    return [
        WaitingStudy(OrthancId(row.study), row.noticed_at, row.attempts, row.asks)
        for row in connection.execute(_WAITING, {"now": now, "limit": limit})
    ]


def is_waiting(connection: sa.Connection, study: OrthancId) -> bool:
    """Whether the study waits to be judged."""
    return connection.execute(sa.select(NEWS.c.study).where(NEWS.c.study == study)).one_or_none() is not None


def postpone(connection: sa.Connection, news: WaitingStudy, not_before: datetime, *, failed: bool) -> None:
    """The study is to be judged later, unless fresh news of it has come meanwhile."""
    connection.execute(
        sa.update(NEWS)
        .where(NEWS.c.study == news.study, NEWS.c.noticed_at == news.noticed_at)
        .values(not_before=not_before, attempts=news.attempts + 1 if failed else 0, asks=news.asks if failed else {})
    )


def settle(connection: sa.Connection, news: WaitingStudy) -> None:
    """The study is judged; fresh news that has come meanwhile stays."""
    connection.execute(sa.delete(NEWS).where(NEWS.c.study == news.study, NEWS.c.noticed_at == news.noticed_at))


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
