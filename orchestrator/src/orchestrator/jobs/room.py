"""Whether the ledger's disk has room: nothing new is begun without, so that what is begun can end.

Two lines of defence. Below the reserve no study is taken up and no job is started, while what is in
work still has the reserve to write into. Should others use that up too, every write of the ledger
fails as `DiskFull`, and the engine, which would otherwise forget the attempt, waits and writes again.
"""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.errors import DiskFull

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ALMOST_NOTHING = 2**20
"""With less than a MiB free, a failed write or a file that cannot be made has no other likely reason."""
_TROUBLE_WITH_FILES = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
_PRIMARY = 0xFF
"""The low byte of SQLite's extended result codes (sqlite.org/rescode.html)."""


class Room:
    """The room on a ledger's disk."""

    def __init__(self, folder: Path | None, reserve_bytes: Callable[[], int]) -> None:
        """`folder` is None where the ledger is on another machine, which then looks after its own disk."""
        self._folder = folder
        self._reserve_bytes = reserve_bytes

    def require(self) -> None:
        """Returns while there is room for something new. Raises `DiskFull`."""
        if self._folder is None:
            return
        reserve = self._reserve_bytes()
        if shutil.disk_usage(self._folder).free < reserve:
            raise DiskFull(
                f"disk full: less than {reserve / 10**6:g} MB (disk_reserve) are free in {self._folder}; studies wait "
                "in Orthanc and nothing is lost; make room, and work goes on by itself"
            )


class OutOfRoom(sa.exc.OperationalError):
    """SQLite could not write because its disk is full."""


def notice_full_disk(engine: sa.Engine, folder: Path) -> None:
    """Gives a write that found no room a name of its own, and makes the engine wait for room.

    DBOS repeats what it could not write when SQLite says that the database is locked, and gives a
    workflow up on any other error: it would stay unfinished until the next start. Without room, too,
    the database is locked for writers, and for a while; so it is told that.
    """

    def name(context: sa.engine.ExceptionContext) -> OutOfRoom | None:
        if not _is_full(context.original_exception, folder):
            return None
        cause = sqlite3.OperationalError("the disk is full, and so the database is locked for writing")
        return OutOfRoom(context.statement, None, cause, hide_parameters=True)

    sa.event.listen(engine, "handle_error", name, retval=True)


def _is_full(error: BaseException, folder: Path) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code == sqlite3.SQLITE_FULL:
        return True
    return code in _TROUBLE_WITH_FILES and shutil.disk_usage(folder).free < _ALMOST_NOTHING
