"""A ledger on a file of its own, empty or with one job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from orchestrator.handoffs import Digest, JobKey, ModelIdentity, OrthancId
from orchestrator.jobs import catalogue, ledger
from orchestrator.jobs.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
JOB = JobKey("a" * 64)
STUDY = OrthancId("study")
MODEL = ModelIdentity("density", "1.0.0", Digest("w"), Digest("d"))

INPUT = {
    "selected": [
        {
            "reference": dict.fromkeys(
                ("study_instance_uid", "series_instance_uid", "sop_class_uid", "sop_instance_uid"), "1.2.3"
            ),
            "facts": {},
        }
    ],
    "left_out": [],
    "orthanc_ids": {"1.2.3": "an image"},
}
"""Of a job on one image."""


def model(name: str = "brdensity") -> ModelIdentity:
    return ModelIdentity(name, "1.0.0", Digest("a" * 64), Digest("b" * 64), "")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty ledger that knows the model `brdensity`."""
    made = Database(f"sqlite:///{tmp_path}/ledger.db")
    made.migrate()
    with made.write() as connection:
        catalogue.note(connection, model(), "schema: 1", NOW)
    yield made
    made.close()


@pytest.fixture
def ledger_with_a_job(database: Database) -> Database:
    new = ledger.NewJob(JOB, STUDY, "", MODEL, ledger.ROUTINE_PRIORITY, NOW, INPUT)
    with database.write() as connection:
        ledger.open_job(connection, new, NOW, replaces=None)
    return database


@pytest.fixture
def open_job(database: Database) -> Callable[..., JobKey]:
    """Makes a QUEUED job: `open_job("a1", model="other", study="s2", priority=1)`."""

    def make(
        key: str, *, name: str = "brdensity", study: str = "s1", priority: int = ledger.ROUTINE_PRIORITY
    ) -> JobKey:
        full = JobKey(key.ljust(64, "0"))
        new = ledger.NewJob(full, OrthancId(study), "", model(name), priority, NOW, INPUT)
        with database.write() as connection:
            ledger.open_job(connection, new, NOW, replaces=None)
        return full

    return make
