"""Clean-up against a real PACS: what goes is there, and what is not there stays."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from demo.processes import free_port
from tests.delivery_chain import Chain, Result, make_known
from tests.dicom_factories import as_file

from orchestrator.deliver import retention
from orchestrator.handoffs import DeliveryKey, Generation, OrthancId
from orchestrator.jobs import deliveries, judgements, ledger, news
from orchestrator.jobs.key import digest_of_instances
from orchestrator.jobs.states import DeliveryState, JobState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from demo.orthanc import Orthanc
    from tests.delivery_chain import Pacs

pytestmark = pytest.mark.integration
ARCHIVE = {"test": True, "archive": True}


def instances(chain: Chain, result: Result) -> int:
    return sum(chain.archive.exists(OrthancId(one)) for one in result.instances)


def ours(chain: Chain, result: Result) -> int:
    with chain.database.read() as connection:
        return sum(chain.archive.exists(one.orthanc_id) for one in ledger.results(connection, [result.job]))


def judged(chain: Chain, result: Result) -> None:
    """The study is judged as it is now."""
    uids = list(chain.job(result.job).input["orthanc_ids"])
    now = chain.clock.now
    with chain.database.write() as connection:
        judgements.record_generation(connection, Generation(result.study, digest_of_instances(uids), now, ()), now)


def delivered(chain: Chain, *, sources_too: bool = True) -> Result:
    result = chain.result()
    judged(chain, result)
    assert chain.attempt(DeliveryKey(result.job, "PACS")).state is DeliveryState.DELIVERED
    if sources_too:
        chain.orthanc.archive.post("/modalities/PACS/store", result.instances)
    return result


def test_what_the_archive_holds_goes_sources_included(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    chain = Chain(tmp_path, source, {"PACS": {**ARCHIVE}}, delete_after_transmit=True)
    result = delivered(chain)

    assert retention.run(chain.tools()) == 1

    assert (instances(chain, result), ours(chain, result)) == (0, 0)
    assert all(
        pacs.holds(uid) for uid in (*result.sop_instance_uids.values(), *chain.job(result.job).input["orthanc_ids"])
    )
    assert chain.job(result.job).state is JobState.DONE
    assert retention.run(chain.tools()) == 0


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("sr", {"sr_class": "enhanced"}),
        ("card", {"card_modality": "MG", "card_photometric_interpretation": "MONOCHROME2"}),
    ],
)
def test_an_object_that_the_archive_holds_in_another_form_is_proven_by_the_uid_that_it_has_there(
    tmp_path: Path, source: Orthanc, pacs: Pacs, *, kind: str, form: dict[str, str]
) -> None:
    chain = Chain(tmp_path, source, {"PACS": {**ARCHIVE, **form}}, delete_after_transmit=True)
    result = delivered(chain)
    assert pacs.holds(result.sop_instance_uids[kind]) == 0

    assert retention.run(chain.tools()) == 1

    assert (instances(chain, result), ours(chain, result)) == (0, 0)


def test_without_an_archive_only_our_own_objects_go(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {"test": True}}, delete_after_transmit=True)
    result = delivered(chain)

    retention.run(chain.tools())

    assert (instances(chain, result), ours(chain, result)) == (4, 0)


def test_an_instance_that_the_archive_lacks_stays(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {**ARCHIVE}}, delete_after_transmit=True)
    result = delivered(chain, sources_too=False)
    chain.orthanc.archive.post("/modalities/PACS/store", result.instances[:3])

    (verdict,) = [retention.judge(chain.tools(), retention.Candidate(result.study, retention.DELIVERED))]
    assert (len(verdict.goes), verdict.stays, verdict.because) == (5, 1, "no archive has shown that it holds it")

    retention.run(chain.tools())
    assert [chain.archive.exists(OrthancId(one)) for one in result.instances] == [False, False, False, True]


def test_images_that_the_archive_gets_after_our_own_objects_have_gone_follow_them(
    tmp_path: Path, source: Orthanc, pacs: Pacs
) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {**ARCHIVE}}, delete_after_transmit=True)
    result = delivered(chain, sources_too=False)
    assert retention.run(chain.tools()) == 1
    assert (instances(chain, result), ours(chain, result)) == (4, 0)

    chain.orthanc.archive.post("/modalities/PACS/store", result.instances)

    assert retention.run(chain.tools()) == 1
    assert instances(chain, result) == 0


def test_a_dry_run_deletes_nothing(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {**ARCHIVE}}, delete_after_transmit=True)
    result = delivered(chain)

    verdict = retention.judge(chain.tools(), retention.Candidate(result.study, retention.DELIVERED))

    assert (len(verdict.goes), verdict.stays) == (6, 0)
    assert (instances(chain, result), ours(chain, result)) == (4, 2)


def test_with_the_destination_down_nothing_is_deleted(tmp_path: Path, source: Orthanc) -> None:
    make_known(source, "DOWN", "DOWN", free_port())
    chain = Chain(tmp_path, source, {"DOWN": {**ARCHIVE}}, delete_after_transmit=True)
    result = chain.result()
    judged(chain, result)
    chain.attempt(DeliveryKey(result.job, "DOWN"))

    retention.run(chain.tools())

    assert (instances(chain, result), ours(chain, result)) == (4, 2)


def test_an_archive_that_went_down_after_the_delivery_proves_nothing(
    tmp_path: Path, source: Orthanc, pacs: Pacs
) -> None:
    chain = Chain(tmp_path, source, {"PACS": {**ARCHIVE}}, delete_after_transmit=True)
    result = delivered(chain)
    make_known(source, "PACS", "PACS", free_port())
    try:
        verdict = retention.clean_up(chain.tools(), retention.Candidate(result.study, retention.DELIVERED))
    finally:
        make_known(source, "PACS", "PACS", pacs.orthanc.dicom_port)

    assert "cannot be asked" in verdict.because
    assert (instances(chain, result), ours(chain, result)) == (4, 2)


def _job_failed(chain: Chain, result: Result) -> None:
    model = chain.job(result.job).model
    new = ledger.NewJob(
        ledger.JobKey("f" * 64), result.study, "", model, ledger.ROUTINE_PRIORITY, chain.clock.now, {"orthanc_ids": {}}
    )
    with chain.database.write() as connection:
        ledger.open_job(connection, new, chain.clock.now, replaces=None)
        job = ledger.find(connection, new.key)
        assert job is not None
        ledger.move(connection, job, JobState.FAILED, chain.clock.now)


def _news(chain: Chain, result: Result) -> None:
    with chain.database.write() as connection:
        news.note_studies(connection, [result.study], chain.clock.now)


def _another_delivery_is_held(chain: Chain, result: Result) -> None:
    key = DeliveryKey(result.job, "OTHER")
    new = deliveries.NewDelivery(key, result.study, "2026-01-01", altered=False, stage="research")
    with chain.database.write() as connection:
        deliveries.open_delivery(connection, new, DeliveryState.HELD, chain.clock.now, "")


def _grown(chain: Chain, result: Result) -> None:
    result.source.SOPInstanceUID = f"{result.source.SOPInstanceUID}.1"[:64]
    result.source.file_meta.MediaStorageSOPInstanceUID = result.source.SOPInstanceUID
    chain.archive.store(as_file(result.source))


@pytest.mark.parametrize(
    ("against", "says"),
    [
        (_job_failed, "a job of it failed"),
        (_news, "news that is not judged"),
        (_another_delivery_is_held, "a delivery of it is held"),
        (_grown, "changed since it was judged"),
    ],
)
def test_whatever_is_unsettled_keeps_the_whole_study(
    tmp_path: Path,
    source: Orthanc,
    pacs: Pacs,
    *,
    against: Callable[[Chain, Result], None],
    says: str,
) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {**ARCHIVE}}, delete_after_transmit=True)
    result = delivered(chain)
    against(chain, result)

    verdict = retention.clean_up(chain.tools(), retention.Candidate(result.study, retention.DELIVERED))

    assert says in verdict.because
    assert (instances(chain, result), ours(chain, result)) == (4, 2)


def test_a_study_that_no_model_touched_is_never_deleted(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {**ARCHIVE}}, delete_after_transmit=True)
    result = delivered(chain)
    with chain.database.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET state = 'UNSUITABLE'")

    verdict = retention.clean_up(chain.tools(), retention.Candidate(result.study, retention.TOO_OLD))

    assert verdict.because == "no job of it is done"
    assert instances(chain, result) == 4


def test_age_and_room_choose_the_oldest_studies_first(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {**ARCHIVE}})
    old = delivered(chain)
    chain.clock.advance(timedelta(days=100))
    recent = delivered(chain)
    site = chain.site.model_copy(
        update={"retention": chain.site.retention.model_copy(update={"older_than": timedelta(days=90)})}
    )
    with chain.database.read() as connection:
        aged = retention.candidates(connection, site, lambda: 0, chain.clock.now)
        full = chain.site.retention.model_copy(update={"capacity": 1000, "keep_free": 100})
        site = chain.site.model_copy(update={"retention": full})
        crowded = retention.candidates(connection, site, lambda: 950, chain.clock.now)
        roomy = retention.candidates(connection, site, lambda: 800, chain.clock.now)

    assert [(one.study, one.why) for one in aged] == [(old.study, "older_than")]
    assert [(one.study, one.why) for one in crowded] == [(old.study, "keep_free"), (recent.study, "keep_free")]
    assert roomy == []
