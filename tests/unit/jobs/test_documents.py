from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.unit.jobs.conftest import JOB

from orchestrator.handoffs import ComposedObject, Digest, ObjectKind, OrthancId
from orchestrator.jobs import documents, ledger

if TYPE_CHECKING:
    from orchestrator.jobs.database import Database

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def made(kind: ObjectKind, uid: str) -> tuple[ComposedObject, OrthancId]:
    return ComposedObject(kind, f"class of {kind}", uid, f"{uid}.1", b"", Digest("s")), OrthancId(uid)


def test_the_reports_that_a_job_made_last_are_known_even_when_they_are_no_longer_in_orthanc(
    ledger_with_a_job: Database,
) -> None:
    first = [made(ObjectKind.CARD, "2.25.1"), made(ObjectKind.REPORT, "2.25.2")]
    last = [made(ObjectKind.CARD, "2.25.3"), made(ObjectKind.CAD, "2.25.4"), made(ObjectKind.REPORT, "2.25.5")]
    with ledger_with_a_job.write() as connection:
        ledger.note_results(connection, JOB, first, NOW)
        ledger.note_results(connection, JOB, last, NOW + timedelta(minutes=1))
        before = documents.last_reports(connection, JOB, "2.25.9")
        ledger.withdraw(connection, ["2.25.2", "2.25.4", "2.25.5"], NOW)
        after = documents.last_reports(connection, JOB, "2.25.9")

    assert [(one.sop_instance_uid, one.series_instance_uid) for one in before] == [
        ("2.25.4", "2.25.4.1"),
        ("2.25.5", "2.25.5.1"),
    ]
    assert {one.study_instance_uid for one in before} == {"2.25.9"}
    assert after == before


def test_a_job_that_has_made_nothing_has_no_reports(ledger_with_a_job: Database) -> None:
    with ledger_with_a_job.read() as connection:
        assert documents.last_reports(connection, JOB, "2.25.9") == ()
