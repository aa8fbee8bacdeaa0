from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.handoffs import DeliveryKey, Digest, JobKey, ModelIdentity, OrthancId
from orchestrator.jobs import catalogue, deliveries, ledger
from orchestrator.jobs.backlog import Backlog, backlogs
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import DeliveryState
from orchestrator.operations import health
from orchestrator.telemetry import metrics
from orchestrator.telemetry.certificates import expires
from orchestrator.telemetry.events import Event

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("days", [30, 365, 40 * 365])
def test_the_end_of_a_certificate_is_read_from_its_file(tmp_path: Path, days: int) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", str(days)]
    subprocess.run([*command, "-keyout", tmp_path / "key", "-out", tmp_path / "pem"], check=True, capture_output=True)

    found = expires(tmp_path / "pem")

    assert found is not None
    assert abs(found - (datetime.now(UTC) + timedelta(days=days))) < timedelta(minutes=5)


def test_what_is_no_certificate_has_no_end(tmp_path: Path) -> None:
    (tmp_path / "pem").write_text("no certificate", encoding="utf-8")

    assert expires(tmp_path / "pem") is None
    assert expires(tmp_path / "missing") is None


def test_the_backlog_counts_jobs_of_every_known_model_that_have_not_ended(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/ledger.db")
    database.migrate()
    busy, idle = (ModelIdentity(name, "1", Digest("w"), Digest(f"d{name}")) for name in ("busy", "idle"))
    with database.write() as connection:
        for model in (busy, idle):
            catalogue.note(connection, model, "", NOW)
        for number in range(3):
            key = JobKey(str(number) * 64)
            new = ledger.NewJob(key, OrthancId(str(number)), "", busy, ledger.ROUTINE_PRIORITY, NOW, {})
            ledger.open_job(connection, new, NOW + timedelta(minutes=number), replaces=None)

    with database.read() as connection:
        found = sorted(backlogs(connection), key=lambda one: one.model)

    assert found == [Backlog("busy", 3, NOW), Backlog("idle", 0, None)]
    database.close()


def test_an_event_counts_as_none_before_its_first_time() -> None:
    """Prometheus sees no increase in a number that it has not seen before: a first failure would alert nobody."""
    found = metrics.exposition().decode()

    assert [event for event in Event if f'wetread_events_total{{event="{event.value}"}}' not in found] == []


class Answering:
    """An archive that answers."""

    def version(self) -> str:
        return "1.12.7"


def test_a_destination_has_no_failed_delivery_before_its_first_one(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/ledger.db")
    database.migrate()
    key = DeliveryKey(JobKey("a" * 64), "PACS")
    new = deliveries.NewDelivery(key, OrthancId("study"), "2026-03-01", altered=False, stage="research")
    model = ModelIdentity("density", "1", Digest("w"), Digest("d"))
    with database.write() as connection:
        job = ledger.NewJob(key.job, OrthancId("study"), "", model, ledger.ROUTINE_PRIORITY, NOW, {})
        ledger.open_job(connection, job, NOW, replaces=None)
        deliveries.open_delivery(connection, new, DeliveryState.QUEUED, NOW, "")

    found = health.exposition(health.Health(database, Answering(), list)).decode()

    assert 'wetread_deliveries{destination="PACS",state="QUEUED"} 1.0' in found
    assert 'wetread_deliveries{destination="PACS",state="FAILED"} 0.0' in found
    database.close()
