"""The ledger forgets what has left Orthanc, and nothing that is still needed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
import sqlalchemy as sa

from orchestrator.deliver.forgetting import forget_gone
from orchestrator.errors import ArchiveUnavailable, Gone
from orchestrator.handoffs import ComposedObject, Digest, JobKey, ObjectKind, OrthancId
from orchestrator.jobs import forgetting, ledger, news, predictions
from orchestrator.jobs.states import JobState
from orchestrator.jobs.tables import (
    ANSWERS,
    DECISIONS,
    DELIVERIES,
    GENERATIONS,
    JOBS,
    METADATA,
    PREDICTIONS,
    REJECTED,
    RESULTS,
    SHIPMENTS,
    STUDIES,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.jobs.database import Database
    from orchestrator.orthanc.archive import Archive

    OpenJob = Callable[..., JobKey]

JUDGED = datetime.fromisoformat("2026-03-02T10:00:00+00:00")
LATER = JUDGED + timedelta(days=100)
LONG_AGO = LATER - timedelta(days=90)
"""What was judged before this may be forgotten."""
STUDY = OrthancId("s1")
ANSWER = predictions.SavedPrediction(b"an answer", "models:50051", JUDGED)
FORGOTTEN = (ANSWERS, DECISIONS, GENERATIONS, JOBS, PREDICTIONS, RESULTS, DELIVERIES, SHIPMENTS, STUDIES)


class Orthanc:
    """Stands for Orthanc: holds some studies, or is away."""

    def __init__(self, *held: str, away: bool = False) -> None:
        self._held = held
        self._away = away
        self.asked: list[str] = []

    def study(self, study: OrthancId) -> None:
        self.asked.append(study)
        if study not in self._held:
            raise Gone("no longer in Orthanc")

    def version(self) -> str:
        if self._away:
            raise ArchiveUnavailable("something else answers in its place")
        return "1.12.7"


def note_study(database: Database, study: str = STUDY, judged_at: datetime = JUDGED) -> None:
    with database.write() as connection:
        known = {"study": study, "digest": "d"}
        connection.execute(
            sa.insert(GENERATIONS).values(instance_count=4, last_update=judged_at, judged_at=judged_at, **known)
        )
        connection.execute(
            sa.insert(STUDIES).values(last_instance_at=judged_at, stable=True, complete_digest="", **known)
        )
        connection.execute(
            sa.insert(DECISIONS).values(
                model="brdensity",
                version="1.0.0",
                series_instance_uid="",
                weights_sha256="a" * 64,
                declaration_sha256="b" * 64,
                site_file_sha256="c" * 64,
                outcome="MATCHED",
                judgement={},
                decided_at=judged_at,
                **known,
            )
        )


def finish(database: Database, key: JobKey, *, sent_at: datetime | None = None) -> None:
    """A result in Orthanc whose delivery is held, or was sent."""
    made = ComposedObject(ObjectKind.CARD, "1.2", f"1.2.{key[:4]}", "1.3", b"", Digest("e" * 64))
    with database.write() as connection:
        digest = predictions.save(connection, ANSWER)
        kept = {"prediction_sha256": digest}
        for state in (JobState.PREDICTING, JobState.COMPOSING, JobState.STORING, JobState.DONE):
            assert ledger.move(connection, ledger.known(connection, key), state, JUDGED, changes=kept)
        connection.execute(sa.insert(ANSWERS).values(job_key=key, prediction_sha256=digest, inputs={}))
        ledger.note_results(connection, key, [(made, OrthancId(f"card-{key[:4]}"))], JUDGED)
        moments = dict.fromkeys(("not_before", "created_at", "queued_at", "state_since"), JUDGED)
        owner = {"job_key": key, "destination": "PACS", "purpose": "result"}
        study = ledger.known(connection, key).study
        connection.execute(
            sa.insert(DELIVERIES).values(
                state="HELD",
                study=study,
                study_date="",
                altered=False,
                stage="product",
                sent_at=sent_at,
                **moments,
                **owner,
            )
        )
        connection.execute(
            sa.insert(SHIPMENTS).values(
                sop_instance_uid=made.sop_instance_uid,
                kind="card",
                sop_class_uid="1.2",
                series_instance_uid="1.3",
                study_instance_uid="1.4",
                orthanc_id="o",
                sha256="e",
                **owner,
            )
        )


def left(database: Database) -> dict[str, int]:
    with database.read() as connection:
        counts = {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in FORGOTTEN
        }
    return {name: count for name, count in counts.items() if count}


def forget(database: Database, archive: Orthanc) -> None:
    forget_gone(cast("Archive", archive), database, LONG_AGO, None)


@pytest.fixture
def finished(database: Database, open_job: OpenJob) -> Database:
    note_study(database)
    finish(database, open_job("a1", study=STUDY))
    assert len(left(database)) == len(FORGOTTEN)
    return database


def test_nothing_is_left_of_a_study_that_has_left_orthanc(finished: Database) -> None:
    forget(finished, Orthanc())
    assert left(finished) == {}


def test_everything_is_kept_of_a_study_that_orthanc_holds(finished: Database) -> None:
    before = left(finished)
    forget(finished, Orthanc(STUDY))
    assert left(finished) == before


def test_what_was_judged_lately_is_not_even_asked_for(finished: Database) -> None:
    before, archive = left(finished), Orthanc()
    forget_gone(cast("Archive", archive), finished, JUDGED, None)
    assert archive.asked == []
    assert left(finished) == before


def test_what_was_sent_is_kept_so_that_it_can_be_withdrawn(database: Database, open_job: OpenJob) -> None:
    note_study(database)
    finish(database, open_job("a1", study=STUDY), sent_at=JUDGED)
    before = left(database)
    forget(database, Orthanc())
    with database.write() as connection:
        assert not forgetting.forget(connection, STUDY, LONG_AGO)
    assert left(database) == before


def test_what_was_rejected_is_kept_although_its_delivery_began_anew(finished: Database) -> None:
    """A delivery that begins anew has not been sent; that its objects were before stands in what was rejected."""
    with finished.write() as connection:
        key = connection.execute(sa.select(JOBS.c.key)).scalar_one()
        connection.execute(
            sa.insert(REJECTED).values(
                sop_instance_uid="1.2.3",
                destination="PACS",
                job_key=key,
                sop_class_uid="1.2",
                series_instance_uid="1.3",
                study_instance_uid="1.4",
                rejected_at=JUDGED,
            )
        )
    before, archive = left(finished), Orthanc()
    forget(finished, archive)
    with finished.write() as connection:
        assert not forgetting.forget(connection, STUDY, LONG_AGO)
    assert left(finished) == before


def test_a_job_that_is_not_over_keeps_its_study(finished: Database, open_job: OpenJob) -> None:
    open_job("b2", study=STUDY)
    before = left(finished)
    forget(finished, Orthanc())
    assert left(finished) == before


def test_news_of_a_study_keeps_it(finished: Database) -> None:
    with finished.write() as connection:
        news.note_studies(connection, [STUDY], LATER)
    before = left(finished)
    forget(finished, Orthanc())
    assert left(finished) == before


def test_nothing_is_forgotten_when_it_is_not_orthanc_that_says_so(finished: Database) -> None:
    before = left(finished)
    with pytest.raises(ArchiveUnavailable):
        forget(finished, Orthanc(away=True))
    assert left(finished) == before


def test_other_studies_and_answers_that_they_share_stay(finished: Database, open_job: OpenJob) -> None:
    note_study(finished, "s2")
    finish(finished, open_job("b2", study="s2"))
    forget(finished, Orthanc("s2"))
    assert left(finished) == {table.name: 1 for table in FORGOTTEN}
    with finished.read() as connection:
        (job,) = ledger.listed(connection)
        assert (job.study, predictions.load(connection, job.prediction_sha256 or Digest(""))) == ("s2", ANSWER)


def test_a_round_looks_at_some_and_the_next_one_goes_on_there(database: Database) -> None:
    for study in ("s1", "s2", "s3"):
        note_study(database, study)
    archive = Orthanc("s1", "s2")
    place = forget_gone(cast("Archive", archive), database, LONG_AGO, None, at_once=2)
    assert (place, archive.asked) == ("s2", ["s1", "s2"])
    assert forget_gone(cast("Archive", archive), database, LONG_AGO, place, at_once=2) is None
    assert left(database)["generations"] == 2


def test_no_table_that_hangs_on_a_job_is_overlooked() -> None:
    hanging = {table for table in METADATA.sorted_tables if any(key.column.table is JOBS for key in table.foreign_keys)}
    assert {table.name for table in hanging - set(FORGOTTEN)} == {"rejected"}  # only of what was sent
