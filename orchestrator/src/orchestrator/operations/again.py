"""The only ways in which old studies run: rerun one, backfill many."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.errors import Permanent
from orchestrator.jobs import audit, catalogue, news

if TYPE_CHECKING:
    from datetime import date, datetime

    import sqlalchemy as sa

    from orchestrator.handoffs import OrthancId
    from orchestrator.jobs.database import Database
    from orchestrator.orthanc.archive import Archive


class NothingToRun(Permanent):
    """The model is unknown, or there is no such study."""


def rerun(
    database: Database, archive: Archive, study: OrthancId, model: str, *, by: str, reason: str, now: datetime
) -> None:
    """Has one study judged and read by a model again; its new result replaces the old one.

    Raises `NothingToRun` for an unknown model, `Gone` for an unknown study, and what the archive raises.
    """
    archive.study(study)
    with database.write() as connection:
        _known(connection, model)
        news.ask(connection, study, {model: "rerun"}, now, now)
        audit.record(connection, at=now, who=by, what="rerun", subject=f"study {study}", why=f"{model}: {reason}")


def backfill(
    database: Database,
    archive: Archive,
    model: str,
    *,
    since: date,
    until: date,
    per_hour: int,
    by: str,
    reason: str,
    now: datetime,
) -> int:
    """Has all studies of these days read by a model, so many an hour; how many. Their results are HELD.

    A study that the model has read already is not read again. Raises `NothingToRun`, and what the
    archive raises.
    """
    studies = archive.studies_between(since, until)
    pause = timedelta(hours=1) / per_hour
    with database.write() as connection:
        _known(connection, model)
        for number, study in enumerate(studies):
            news.ask(connection, study, {model: "backfill"}, now, now + number * pause)
        subject = f"model {model}"
        audit.record(connection, at=now, who=by, what="backfill", subject=subject, why=f"{since} to {until}: {reason}")
    return len(studies)


def _known(connection: sa.Connection, model: str) -> None:
    names = sorted({known.identity.name for known in catalogue.known(connection)})
    if model not in names:
        raise NothingToRun(f"{model} has never been here; known: {', '.join(names) or 'none yet'}")
