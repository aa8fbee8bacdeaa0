"""How quiet a study is: nothing of it is sent before it is stable and has been quiet for a while.

The moment of its last instance stands in the ledger, because Orthanc's own clock starts again with
every result that we store. What has come since the study was judged last counts at once, as soon as
the change log says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.handoffs import Digest, OrthancId
from orchestrator.jobs.tables import ARRIVALS, RESULTS, STUDIES

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, timedelta

    from orchestrator.handoffs import Generation

_BY_STUDY = sa.select(STUDIES).where(STUDIES.c.study == sa.bindparam("study"))
_UNKNOWN = Digest("")
"""The content is not what was judged last."""


@dataclass(frozen=True, slots=True)
class Calm:
    """What is known about a study's quiet."""

    digest: Digest
    last_instance_at: datetime
    stable: bool
    complete_digest: Digest

    @property
    def complete(self) -> bool:
        """Somebody has said that nothing more comes, and nothing has."""
        return self.digest == self.complete_digest != _UNKNOWN

    def until(self, quiet: timedelta) -> datetime | None:
        """From when on results may leave; None while nobody knows, because the study is not stable."""
        if self.complete:
            return self.last_instance_at
        return self.last_instance_at + quiet if self.stable else None


def of(connection: sa.Connection, study: OrthancId) -> Calm | None:
    """What is known; None of a study from before anybody counted, which is quiet."""
    row = connection.execute(_BY_STUDY, {"study": study}).one_or_none()
    if row is None:
        return None
    return Calm(Digest(row.digest), row.last_instance_at, row.stable, Digest(row.complete_digest))


def note(connection: sa.Connection, content: Generation) -> Calm:
    """A content is judged; what is known then.

    Orthanc's word that a content is stable stays: the instability after it is of our own results.
    """
    before = of(connection, content.study)
    if before is None:
        now = Calm(content.digest, content.last_update, content.stable, _UNKNOWN)
        _insert(connection, content.study, now)
        return now
    same = before.digest == content.digest
    arrived = before.last_instance_at if same or before.digest == _UNKNOWN else content.last_update
    now = Calm(content.digest, arrived, content.stable or (same and before.stable), before.complete_digest)
    _update(connection, content.study, now)
    return now


def note_growth(connection: sa.Connection, study: OrthancId, arrived_at: datetime) -> None:
    """Something has come that is not ours: the quiet begins anew."""
    before = of(connection, study)
    if before is None:
        _insert(connection, study, Calm(_UNKNOWN, arrived_at, stable=False, complete_digest=_UNKNOWN))
    elif before.digest != _UNKNOWN or before.last_instance_at < arrived_at:
        moment = max(before.last_instance_at, arrived_at)
        _update(connection, study, Calm(_UNKNOWN, moment, stable=False, complete_digest=before.complete_digest))


def complete(connection: sa.Connection, content: Generation) -> bool:
    """Somebody says that this content is all; False if that was known."""
    before = of(connection, content.study)
    if before is None:
        _insert(connection, content.study, Calm(_UNKNOWN, content.last_update, content.stable, content.digest))
    elif before.complete_digest != content.digest:
        values = {"complete_digest": content.digest}
        connection.execute(sa.update(STUDIES).where(STUDIES.c.study == content.study).values(values))
    return before is None or before.complete_digest != content.digest


def unplaced(connection: sa.Connection, limit: int) -> list[tuple[OrthancId, datetime]]:
    """Instances of which nobody has asked the study yet, the oldest first, and when they came; not our own."""
    statement = (
        sa.select(ARRIVALS.c.instance, ARRIVALS.c.noticed_at)
        .where(
            ARRIVALS.c.study.is_(None),
            ~sa.exists().where(RESULTS.c.orthanc_id == ARRIVALS.c.instance),
        )
        .order_by(ARRIVALS.c.noticed_at)
        .limit(limit)
    )
    return [(OrthancId(row.instance), row.noticed_at) for row in connection.execute(statement)]


def place(connection: sa.Connection, instance: OrthancId, study: OrthancId) -> bool:
    """An instance that has come belongs to this study; False if the study has been read meanwhile."""
    mine = sa.update(ARRIVALS).where(ARRIVALS.c.instance == instance)
    return connection.execute(mine.values(study=study)).rowcount == 1


@dataclass(frozen=True, slots=True)
class Coming:
    """A study that is not stable yet."""

    study: OrthancId
    last_arrival: datetime
    looked_at: datetime | None
    """When models that start early last looked at it."""


def coming(connection: sa.Connection) -> list[Coming]:
    """The studies that are arriving now."""
    arrived, looked = ARRIVALS.c.noticed_at, ARRIVALS.c.looked_at
    statement = (
        sa.select(ARRIVALS.c.study, sa.func.max(arrived, type_=arrived.type), sa.func.max(looked, type_=looked.type))
        .where(ARRIVALS.c.study.is_not(None))
        .group_by(ARRIVALS.c.study)
    )
    return [Coming(OrthancId(study), last, looked) for study, last, looked in connection.execute(statement)]


def mark_looked(connection: sa.Connection, studies: Collection[OrthancId], now: datetime) -> None:
    """Models that start early have looked at these."""
    connection.execute(sa.update(ARRIVALS).where(ARRIVALS.c.study.in_(list(studies))).values(looked_at=now))


def _insert(connection: sa.Connection, study: OrthancId, calm: Calm) -> None:
    connection.execute(sa.insert(STUDIES).values(study=study, **_values(calm)))


def _update(connection: sa.Connection, study: OrthancId, calm: Calm) -> None:
    connection.execute(sa.update(STUDIES).where(STUDIES.c.study == study).values(_values(calm)))


def _values(calm: Calm) -> dict[str, object]:
    return {
        "digest": calm.digest,
        "last_instance_at": calm.last_instance_at,
        "stable": calm.stable,
        "complete_digest": calm.complete_digest,
    }
