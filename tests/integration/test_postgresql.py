"""The ledger in PostgreSQL keeps what it promises in SQLite."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from orchestrator.errors import DatabaseUnavailable, SettingsInvalid
from orchestrator.jobs import halts
from orchestrator.jobs.database import Database
from orchestrator.jobs.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.postgres import Postgres

pytestmark = pytest.mark.integration
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def url(postgres: Postgres) -> str:
    """An empty database."""
    name = f"wetread-{uuid4().hex}"
    postgres.make(name)
    return postgres.url(name)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url)
    made.migrate()
    yield made
    made.close()


def test_the_migrations_make_the_same_tables_there(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "wetread_schema", "compare_type": True, "target_metadata": METADATA}
        )
        assert compare_metadata(context, METADATA) == []


def test_several_connections_that_migrate_at_once_do_so_one_after_the_other(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        databases = [Database(url) for _ in range(4)]
        list(pool.map(Database.migrate, databases))
    for one in databases:
        one.close()


@pytest.mark.parametrize("statement", ["DELETE FROM acts", "UPDATE acts SET who = 'x'", "TRUNCATE acts"])
def test_what_somebody_did_can_neither_be_changed_nor_deleted(database: Database, statement: str) -> None:
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), database.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_a_write_that_reads_first_sees_what_every_other_write_has_done(database: Database) -> None:
    """Two writers that both read `not paused` would both insert, and one would fail."""

    def pause(number: int) -> bool:
        with database.write() as connection:
            return halts.begin(connection, halts.Kind.MODEL, halts.Halt("m", NOW, f"writer {number}", ""))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(pause, range(16))) == [False] * 15 + [True]


STOPPED = textwrap.dedent(
    """
    import signal, sys
    from orchestrator.jobs.database import Database
    with Database(sys.argv[1]).write() as connection:
        print("writing", flush=True)
        signal.pause()
    """
)


def test_a_process_that_is_stopped_while_it_writes_does_not_stop_the_others(url: str, database: Database) -> None:
    with subprocess.Popen([sys.executable, "-c", STOPPED, url], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        os.kill(writer.pid, signal.SIGSTOP)
        try:
            with database.write() as connection:
                assert halts.begin(connection, halts.Kind.MODEL, halts.Halt("m", NOW, "", ""))
        finally:
            writer.kill()


def test_a_lost_database_is_trouble_that_passes(postgres: Postgres, url: str, database: Database) -> None:
    name = sa.make_url(url).database

    def cut() -> None:
        postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608

    def cut_while_writing() -> None:
        with database.write() as connection:
            cut()
            halts.in_force(connection)

    with pytest.raises(DatabaseUnavailable) as raised:
        cut_while_writing()
    assert sa.make_url(url).password not in str(raised.value)
    with database.write() as connection:
        assert halts.in_force(connection) == []


def test_a_database_that_is_down_is_said_without_its_password() -> None:
    unreachable = Database("postgresql+psycopg://wetread:secret-word@127.0.0.1:1/wetread")
    with pytest.raises(DatabaseUnavailable) as raised, unreachable.read():
        pass
    assert "secret-word" not in str(raised.value)


def test_commands_say_that_there_is_no_ledger_in_an_empty_database(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="wetread run") as raised:
        Database.existing(url)
    assert str(sa.make_url(url).password) not in str(raised.value)
