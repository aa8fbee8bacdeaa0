"""Copies of the ledger of one machine: made while it works, put back while nobody does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.errors import SettingsInvalid
from orchestrator.jobs import leftovers, news
from orchestrator.jobs.database import Database, hold

if TYPE_CHECKING:
    from datetime import datetime

_LOOKS_FIRST = timedelta(minutes=1)
_PAGES = 256
"""Copied at once, 1 MB; writers go on in between."""


def backup(url: str | sa.URL, target: Path) -> None:
    """Writes a consistent copy of ledger and engine, while the orchestrator works or not.

    The copy has its name only when it is whole. Raises `SettingsInvalid` for a database that is no
    SQLite file, and for a target that is there already.
    """
    source = _file(url)
    if target.exists():
        raise SettingsInvalid(f"{target} is there already; name a new file")
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    _copy(source, partial)
    partial.rename(target)


def restore(url: str | sa.URL, source: Path, now: datetime) -> Path | None:
    """Puts a copy in the ledger's place; where the ledger that was there lies now.

    The next start reads Orthanc's change log from the copy's place on: what was done since is
    judged again, and results that are in Orthanc already are taken as what they are.

    Raises `SettingsInvalid` while an orchestrator holds the ledger, and for a file that is no copy.
    """
    target = _file(url)
    _refuse_other_files(source)
    lock = hold(url)
    try:
        kept = _set_aside(target)
        partial = target.with_name(f"{target.name}.partial")
        partial.unlink(missing_ok=True)
        _copy(source, partial)
        _hold_back(partial, now)
        partial.rename(target)
    finally:
        if lock is not None:
            lock.close()
    return kept


def _file(url: str | sa.URL) -> Path:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise SettingsInvalid("database: only a SQLite file is copied so; for PostgreSQL use pg_dump and pg_restore")
    return Path(parsed.database)


def _copy(source: Path, target: Path) -> None:
    """By SQLite's own means, which see the write-ahead log and other processes' locks."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as origin,
            closing(sqlite3.connect(target)) as copy,
        ):
            origin.backup(copy, pages=_PAGES)
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise SettingsInvalid(f"{source} cannot be copied to {target}: {error}") from error


def _hold_back(copy: Path, now: datetime) -> None:
    """What was unfinished when the copy was made may be finished by now: it is looked at before it is worked on."""
    database = Database(f"sqlite:///{copy}")
    try:
        database.migrate()
        with database.write() as connection:
            leftovers.hold_deliveries(connection, now)
            news.note_studies(connection, leftovers.hold_back(connection, now + _LOOKS_FIRST), now)
    finally:
        database.close()


def _refuse_other_files(source: Path) -> None:
    """Raises `SettingsInvalid` for what is no ledger or is damaged."""
    if not source.is_file():
        raise SettingsInvalid(f"there is no {source}")
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            sound = copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            tables = copy.execute("SELECT count(*) FROM sqlite_master WHERE name = 'wetread_schema'").fetchone()
    except sqlite3.Error as error:
        raise SettingsInvalid(f"{source} is no copy of a ledger: {error}") from error
    if not sound or tables == (0,):
        raise SettingsInvalid(f"{source} is {'no copy of a ledger' if sound else 'damaged'}; nothing was changed")


def _set_aside(target: Path) -> Path | None:
    """Moves the present ledger, with its write-ahead log, out of the way; where it is now."""
    if not target.exists():
        return None
    number = 1
    while (kept := target.with_name(f"{target.name}.before-restore-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm"):
        beside = target.with_name(target.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))
    target.rename(kept)
    return kept
