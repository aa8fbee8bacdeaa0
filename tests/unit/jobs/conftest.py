"""A ledger on a file of its own, with one finished job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from orchestrator.handoffs import Digest, JobKey, ModelIdentity, OrthancId
from orchestrator.jobs import ledger
from orchestrator.jobs.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
JOB = JobKey("a" * 64)
STUDY = OrthancId("study")
MODEL = ModelIdentity("density", "1.0.0", Digest("w"), Digest("d"))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/ledger.db")
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def ledger_with_a_job(database: Database) -> Database:
    new = ledger.NewJob(JOB, STUDY, "", MODEL, ledger.ROUTINE_PRIORITY, NOW, {})
    with database.write() as connection:
        ledger.open_job(connection, new, NOW, replaces=None)
    return database
