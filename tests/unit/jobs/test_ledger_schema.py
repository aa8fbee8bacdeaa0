"""The migrations make exactly the tables that the code works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from orchestrator.jobs.database import Database
from orchestrator.jobs.tables import METADATA

if TYPE_CHECKING:
    from pathlib import Path


def test_the_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/ledger.db")
    database.migrate()

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "wetread_schema"})
        differences = compare_metadata(context, METADATA)

    assert len(METADATA.tables) > 10
    assert differences == []
