from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from orchestrator.jobs.tables import METADATA

if TYPE_CHECKING:
    from orchestrator.jobs.database import Database


def test_the_migrations_make_exactly_the_tables_that_the_code_expects(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "wetread_schema", "compare_type": True, "target_metadata": METADATA}
        )
        assert compare_metadata(context, METADATA) == []
        assert set(METADATA.tables) <= set(sa.inspect(connection).get_table_names())


def test_migrating_twice_changes_nothing(database: Database) -> None:
    database.migrate()


@pytest.mark.parametrize("statement", ["DELETE FROM acts", "UPDATE acts SET who = 'somebody else'"])
def test_what_somebody_did_can_neither_be_changed_nor_deleted(database: Database, statement: str) -> None:
    with database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO acts (at, who, what, subject, why) VALUES ('2026', 'Ada', 'released', 'job', 'looked at it')"
        )

    with pytest.raises(sa.exc.IntegrityError, match="append-only"), database.write() as connection:
        connection.exec_driver_sql(statement)
