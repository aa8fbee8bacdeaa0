"""The one database that ledger and engine share: a SQLite file, or PostgreSQL for several replicas.

Both give a write the same promise: it is alone from its first read to its commit. SQLite does so by
itself (`BEGIN IMMEDIATE`); on PostgreSQL every write first takes one advisory lock of the whole site.
That is the simplest thing that keeps all read-then-write of the ledger right, and costs little:
writes are short, and the engine's own bookkeeping does not go through it (docs/adr/0006).
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from orchestrator.errors import DatabaseUnavailable, DiskFull, SettingsInvalid
from orchestrator.jobs.room import OutOfRoom, notice_full_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

_NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "glusterfs", "ceph"})


_FULL = "disk full: the ledger cannot be written; nothing is lost; make room, and work goes on by itself"
UNREACHABLE = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError, sa.exc.TimeoutError)
"""`InternalError`: how PostgreSQL ends a session whose process was stopped in the middle of a transaction."""
WRITERS = 0x57455452
"""The advisory lock of everybody who writes; `WETR` in ASCII. The leader's is the next number."""
_POSTGRESQL_POOL = 10
"""Connections that a process keeps, and as many again at need: three replicas stay below PostgreSQL's 100."""
_STOPPED_AFTER_S = 6
"""A transaction in which nothing is said for this long is ended: its process is stopped, and others wait for it."""
_WAIT_FOR_WRITERS_S = 30
_MIGRATES_WITHIN_S = 120


class Database:
    """Connections to the one database; every write is one transaction from its first read on."""

    def __init__(self, url: str | sa.URL, name: str = "wetread", *, own_statements_s: int = 0) -> None:
        """`name` is what PostgreSQL shows as `application_name`; whoever buries a replica finds its sessions by it.

        `own_statements_s` ends every statement that takes longer; 0 for none.
        """
        self.engine = _engine(url, name, own_statements_s)
        self.shared = self.engine.dialect.name != "sqlite"

    @classmethod
    def existing(cls, url: str | sa.URL) -> Database:
        """A database that an orchestrator has made. Raises `SettingsInvalid` where none has."""
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
            raise SettingsInvalid(f"database: there is no ledger at {parsed.database} yet; `wetread run` makes it")
        database = cls(url)
        with database.read() as connection:
            if not sa.inspect(connection).has_table("wetread_schema"):
                raise SettingsInvalid(f"database: there is no ledger at {parsed} yet; `wetread run` makes it")
        return database

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that sees nobody else's half: committed at the end, rolled back on an error.

        Raises `DatabaseUnavailable` when the database cannot be reached or stays locked, `DiskFull` when there
        is no room.
        """
        try:
            with self.engine.begin() as connection:
                if self.shared:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITERS)))
                else:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        except OutOfRoom as error:
            raise DiskFull(_FULL) from error
        except UNREACHABLE as error:
            raise DatabaseUnavailable(f"database: {_first_line(error)}; the work is kept and tried again") from error

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for looking only. Raises `DatabaseUnavailable`, or `DiskFull`."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except OutOfRoom as error:
            raise DiskFull(_FULL) from error
        except UNREACHABLE as error:
            raise DatabaseUnavailable(f"database: {_first_line(error)}; tried again") from error

    def migrate(self, to: str = "head") -> None:
        """Brings the ledger's schema up to this release, or to an earlier revision."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self.write() as connection:
            if self.shared:  # alembic reads its scripts while the transaction is idle, on a busy machine for seconds
                connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{_MIGRATES_WITHIN_S}s'")
            config.attributes["connection"] = connection
            command.upgrade(config, to)

    def close(self) -> None:
        """Gives all connections back."""
        self.engine.dispose()


def _engine(url: str | sa.URL, name: str, statements_s: int) -> sa.Engine:
    """An engine with the settings without which a database loses or blocks.

    WAL and `synchronous=FULL`: a commit that was answered survives a power cut. `IMMEDIATE`: two
    writers wait for each other instead of failing. Raises `SettingsInvalid`.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return _postgresql(parsed, name, statements_s)
        path = Path(parsed.database or "")
        path.parent.mkdir(parents=True, exist_ok=True)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, OSError) as error:
        raise SettingsInvalid(
            f"database: {_shown(url)} cannot be used ({type(error).__name__}); write sqlite:////folder/wetread.db, "
            "with a folder that this user may write to, or postgresql+psycopg://user@host/database"
        ) from error
    _refuse_network_file_system(path)
    engine = sa.create_engine(url, pool_size=20, max_overflow=20, hide_parameters=True, connect_args={"timeout": 30})
    sa.event.listen(engine, "connect", _set_up_sqlite)
    notice_full_disk(engine, path.parent)
    return engine


def _postgresql(url: sa.URL, name: str, statements_s: int) -> sa.Engine:
    """An engine whose sessions end when their process has stopped, and that gives up on a dead network.

    A write waits for another one; PostgreSQL ends a transaction whose process says nothing any more,
    so that a stopped process does not hold the writers' lock for ever.
    """
    options = (
        f"-c idle_in_transaction_session_timeout={_STOPPED_AFTER_S}s -c lock_timeout={_WAIT_FOR_WRITERS_S}s "
        f"-c tcp_user_timeout={_STOPPED_AFTER_S}s -c tcp_keepalives_idle={_STOPPED_AFTER_S} "
        f"-c statement_timeout={statements_s}s"
    )
    return sa.create_engine(
        url,
        pool_size=_POSTGRESQL_POOL,
        max_overflow=_POSTGRESQL_POOL,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "application_name": name,
            "connect_timeout": _STOPPED_AFTER_S,
            "keepalives_idle": _STOPPED_AFTER_S,
            "tcp_user_timeout": 1000 * _STOPPED_AFTER_S,
            "options": options,
        },
    )


def _shown(url: str | sa.URL) -> str:
    """An address without its password, or nothing of one that cannot be read."""
    try:
        return str(sa.make_url(url))
    except sa.exc.ArgumentError:
        return "the address"


def _first_line(error: sa.exc.SQLAlchemyError) -> str:
    return str(error.__cause__ or error).splitlines()[0]


def folder(url: str | sa.URL) -> Path | None:
    """Where the database's file lies; None for a database that is no file of ours."""
    parsed = sa.make_url(url)
    return Path(parsed.database or "").parent if parsed.get_backend_name() == "sqlite" else None


def hold(url: str | sa.URL) -> IO[str] | None:
    """The lock that keeps a second process from working on the same SQLite file; hold it while you live.

    None where the database itself arbitrates. Raises `SettingsInvalid` when somebody else has it.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    lock = Path(f"{parsed.database}.lock").open("a+", encoding="utf-8")  # noqa: SIM115 - held open for as long as the process works
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise SettingsInvalid(
            f"{parsed.database}: another orchestrator (process {owner}) works on this ledger; stop it first"
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _set_up_sqlite(connection: Any, record: object) -> None:  # noqa: ANN401 - the driver's own type
    del record
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _refuse_network_file_system(path: Path) -> None:
    """SQLite's locks do not hold there."""
    mounts = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    folder = str(path.parent.resolve())
    inside = [(point, kind) for point, kind in mounts if folder == point or folder.startswith(point.rstrip("/") + "/")]
    _, kind = max(inside, key=lambda mount: len(mount[0]))
    if kind in _NETWORK_FILE_SYSTEMS:
        raise SettingsInvalid(
            f"database: {path} lies on a network file system ({kind}); use a local disk or PostgreSQL"
        )
