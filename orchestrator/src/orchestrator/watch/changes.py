"""Reads Orthanc's change log and says which studies are to be judged.

A change log page and the cursor behind it are noted in one transaction: a page is either noted or
read again. The log alone is not enough (see `reconcile`).

Each page begins with the change at our place, which is known already: where it says something else
than before, it is the log of another database. A change goes with what it is about; then nothing is
said at our place, and that proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.jobs import news

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from orchestrator.handoffs import OrthancId
    from orchestrator.jobs.news import Cursor
    from orchestrator.orthanc.archive import Archive, Change, ChangesPage

PAGE_SIZE = 1000
"""Changes per request: 13 ms of Orthanc's time."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What a page of the change log held."""

    studies: tuple[OrthancId, ...]
    """Studies that have become stable, each once."""
    arrivals: int
    """New instances, whose studies will become stable."""


def read(archive: Archive, place: Cursor) -> ChangesPage:
    """The change at our place, and what comes after it. Raises what the archive raises."""
    return archive.changes(max(place.seq - 1, 0), PAGE_SIZE)


def of_another_log(page: ChangesPage, place: Cursor) -> bool:
    """Whether the archive's database was replaced: the log is shorter than our place in it, or says something else."""
    if not page.changes:
        return page.last < place.seq
    first = page.changes[0]
    return first.seq == place.seq and place.mark is not None and _mark(first) != place.mark


def note(connection: sa.Connection, page: ChangesPage, place: Cursor, noticed_at: datetime) -> Noted:
    """Keeps what a page says after our place, and the place behind it."""
    new = [change for change in page.changes if change.seq > place.seq]
    studies = tuple(dict.fromkeys(change.orthanc_id for change in new if change.kind == "StableStudy"))
    arrivals = [change.orthanc_id for change in new if change.kind == "NewInstance"]
    news.note_arrivals(connection, arrivals, noticed_at)
    news.note_studies(connection, studies, noticed_at)
    news.move_cursor(connection, page.last, _mark(page.changes[-1]))
    return Noted(studies, len(arrivals))


def says_more(page: ChangesPage, place: Cursor) -> bool:
    """Whether there is anything that we do not know."""
    return bool(page.changes) and (place.mark is None or page.changes[-1].seq > place.seq)


def _mark(change: Change) -> str:
    return f"{change.kind} {change.orthanc_id} {change.date}"
