"""A ledger that an earlier release has made and filled is brought up to date, and goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from orchestrator import jobs
from orchestrator.handoffs import JobKey
from orchestrator.jobs import ledger, news, turns
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import JobState
from orchestrator.jobs.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.postgres import Postgres

pytestmark = pytest.mark.integration
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
TEXT = "2026-03-02T10:00:00.000000Z"
KEY = JobKey("a" * 64)


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(jobs.__file__).parent / "migrations"))
    return made


REVISIONS = [one.revision for one in ScriptDirectory.from_config(config()).walk_revisions()]


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Empty, without a schema."""
    if request.param == "SQLite":
        url = f"sqlite:///{tmp_path}/ledger.db"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        name = uuid4().hex
        postgres.make(name)
        url = postgres.url(name)
    made = Database(url)
    yield made
    made.close()


def fill(connection: sa.Connection) -> None:
    """One row in every table that the first release had and that work goes through, as it wrote them."""
    values: dict[str, dict[str, object]] = {
        "cursor": {"name": "changes", "seq": 42, "started_at": TEXT},
        "news": {"study": "s2", "noticed_at": TEXT, "not_before": TEXT, "attempts": 0, "asks": "{}"},
        "acts": {"at": TEXT, "who": "Ada", "what": "paused", "subject": "m", "why": "because"},
        "jobs": {
            "key": KEY, "study": "s1", "series_instance_uid": "", "model": "m", "version": "1", "weights_sha256": "w",
            "declaration_sha256": "d", "image_digest": "", "state": "QUEUED", "reason": "", "priority": 10,
            "attempt": 3, "engaged": False, "executing": False, "crashes": 0, "failures": 1, "not_before": TEXT,
            "created_at": TEXT, "state_since": TEXT, "noticed_at": TEXT, "origin": "news", "shadow": False,
            "input": "{}", "summary": "",
        },
    }  # fmt: skip
    for table, row in values.items():
        names = ", ".join(row)
        places = ", ".join(f":{name}" for name in row)
        connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)  # noqa: S608  # our names


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_ledger_of_every_earlier_revision_is_brought_up_to_date_and_its_work_is_due(
    database: Database, revision: str
) -> None:
    database.migrate(revision)
    with database.write() as connection:
        fill(connection)

    database.migrate()

    with database.write() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "wetread_schema", "compare_type": True, "target_metadata": METADATA}
        )
        assert compare_metadata(context, METADATA) == []
        assert news.cursor(connection) == news.Cursor(42, NOW)
        assert [one.study for one in news.waiting(connection, NOW)] == ["s2"]
        [job] = turns.due(connection, NOW)
        assert (job.key, job.state, ledger.engage(connection, job)) == (KEY, JobState.QUEUED, 4)
        assert connection.execute(sa.text("SELECT who FROM acts")).scalars().all() == ["Ada"]
