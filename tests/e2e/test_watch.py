"""Orthanc's change log as it really behaves: a long one at the first start, and one that begins anew."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from bench.model import answer
from demo.orthanc import Orthanc
from demo.services import Orchestrator
from demo.waiting import until
from tests.dicom_factories import as_file, ct_slice, four_view_study
from tests.e2e.chain import Chain, model_settings, unique
from tests.e2e.conftest import QUICK
from tests.fakes.models import Answering

from orchestrator.jobs import news
from orchestrator.jobs.database import Database
from orchestrator.watch.changes import PAGE_SIZE
from wetread_sdk.serving import running

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

OLD_STUDIES = 8
OLD_SLICES = PAGE_SIZE
"""In one more study, so that the change log is longer than a page."""


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    """Running."""
    server = Orthanc(tmp_path / "orthanc", QUICK)
    server.start()
    yield server
    server.kill()


def _all_are_stable(orthanc: Orthanc, studies: Collection[str]) -> None:
    until(
        lambda: all(orthanc.archive.get(f"/studies/{study}")["IsStable"] for study in studies) or None,
        what="all are stable",
        deadline_s=60,
    )


def test_the_first_start_on_a_long_change_log_makes_jobs_only_for_what_comes_after_watch_since(
    orthanc: Orthanc, tmp_path: Path
) -> None:
    slices = [as_file(ct_slice(study="long", number=number)) for number in range(1, OLD_SLICES + 1)]
    old = [
        [orthanc.archive.upload(as_file(one)) for one in four_view_study(study=unique())][-1]
        for _ in range(OLD_STUDIES)
    ]
    _all_are_stable(orthanc, [*old, [orthanc.archive.upload(content) for content in slices][-1]])
    assert orthanc.archive.get("/changes?last")["Last"] > PAGE_SIZE
    with running(Answering(lambda _: answer()), model_settings(tmp_path, 0)) as model:
        careful = Orchestrator(tmp_path / "careful", orthanc, (model.address,))
        try:
            chain = Chain(orthanc, careful, careful.start())
            chain.events.wait_for("model_registered", looks_back_at="0")
            new = chain.send(four_view_study(study=unique()))
            assert chain.ended(new) == "result_stored"
            assert len(chain.logged("job_queued")) == 1
        finally:
            careful.stop()

        eager = Orchestrator(
            tmp_path / "eager", orthanc, (model.address,), watch={"since": "2020-01-01T00:00:00+00:00"}
        )
        try:
            chain = Chain(orthanc, eager, eager.start())
            assert set(chain.all_ended(old).values()) == {"result_stored"}
        finally:
            eager.stop()


def test_an_orthanc_whose_database_was_replaced_by_an_older_copy_is_read_from_its_beginning(
    orthanc: Orthanc, tmp_path: Path
) -> None:
    storage = tmp_path / "orthanc" / "orthanc"
    with running(Answering(lambda _: answer()), model_settings(tmp_path, 0)) as model:
        orchestrator = Orchestrator(tmp_path / "orchestrator", orthanc, (model.address,))
        try:
            chain = Chain(orthanc, orchestrator, orchestrator.start())
            chain.events.wait_for("model_registered", looks_back_at="0")
            first = chain.send(four_view_study(study=unique()))
            assert chain.ended(first) == "result_stored"
            orthanc.stop()
            shutil.copytree(storage, tmp_path / "copy")
            orthanc.start()
            lost = chain.send(four_view_study(study=unique()))
            assert chain.ended(lost) == "result_stored"

            orthanc.stop()
            shutil.rmtree(storage)
            shutil.move(tmp_path / "copy", storage)
            orthanc.start()

            chain.events.wait_for("archive_replaced")
            third = chain.send(four_view_study(study=unique()))
            assert chain.ended(third) == "result_stored"
            assert sorted(orthanc.archive.get("/studies")) == sorted([first, third])
            assert [len(orthanc.archive.results(study)) for study in (first, third)] == [2, 2]
            assert len(chain.jobs(first)) == 1
        finally:
            orchestrator.stop()


def test_an_orthanc_whose_database_was_replaced_by_one_with_a_longer_log_is_read_from_its_beginning(
    orthanc: Orthanc, tmp_path: Path
) -> None:
    """By number our place is still in the log: what the other database had before it would never be read."""
    storage = tmp_path / "orthanc" / "orthanc"
    other = Orthanc(tmp_path / "other", QUICK)
    with running(Answering(lambda _: answer()), model_settings(tmp_path, 0)) as model:
        orchestrator = Orchestrator(tmp_path / "orchestrator", orthanc, (model.address,))
        try:
            chain = Chain(orthanc, orchestrator, orchestrator.start())
            chain.events.wait_for("model_registered", looks_back_at="0")
            first = chain.send(four_view_study(study=unique()))
            assert chain.ended(first) == "result_stored"
            _has_been_read(chain)
            longest = orthanc.archive.get("/changes?last")["Last"]
            other.start()
            elsewhere = []
            while other.archive.get("/changes?last")["Last"] <= 2 * longest:
                views = four_view_study(study=unique())
                elsewhere.append([other.archive.upload(as_file(view)) for view in views][-1])
            _all_are_stable(other, elsewhere)

            orthanc.stop()
            other.stop()
            shutil.rmtree(storage)
            shutil.move(tmp_path / "other" / "orthanc", storage)
            orthanc.start()

            chain.events.wait_for("archive_replaced")
            assert set(chain.all_ended(elsewhere).values()) == {"result_stored"}
        finally:
            orchestrator.stop()
            other.kill()


def test_a_study_that_goes_with_its_changes_is_not_taken_for_another_database(orthanc: Orthanc, tmp_path: Path) -> None:
    with running(Answering(lambda _: answer()), model_settings(tmp_path, 0)) as model:
        orchestrator = Orchestrator(tmp_path / "orchestrator", orthanc, (model.address,))
        try:
            chain = Chain(orthanc, orchestrator, orchestrator.start())
            chain.events.wait_for("model_registered", looks_back_at="0")
            first = chain.send(four_view_study(study=unique()))
            assert chain.ended(first) == "result_stored"
            place = _has_been_read(chain)

            orthanc.archive.delete(f"/studies/{first}")
            assert place not in {change["Seq"] for change in orthanc.archive.get("/changes")["Changes"]}

            second = chain.send(four_view_study(study=unique()))
            assert chain.ended(second) == "result_stored"
            assert chain.logged("archive_replaced") == []
        finally:
            orchestrator.stop()


def _has_been_read(chain: Chain) -> int:
    """Our place, when it is the end of the change log and Orthanc has nothing more to say."""
    archive = chain.orthanc.archive

    def at_the_end() -> int | None:
        stable = all(archive.get(f"/studies/{study}")["IsStable"] for study in archive.get("/studies"))
        ledger = Database.existing(f"sqlite:///{chain.orchestrator.database}")
        with closing(ledger), ledger.read() as connection:
            place = news.cursor(connection)
        at_end = stable and place is not None and place.seq == archive.get("/changes?last")["Last"]
        return place.seq if at_end else None

    return until(at_the_end, what="the change log has been read", deadline_s=60)
