"""Results that are taken back: out of Orthanc, out of the PACS, and never sent again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import pydicom
import pytest
from demo.orthanc import Orthanc, OrthancSettings
from demo.processes import free_port
from tests.delivery_chain import Chain, Result, make_known
from tests.fakes.pacs import ALL_CLASSES, DifficultPacs

from orchestrator.compose.rejection_note import rejection_note
from orchestrator.deliver import retract as retraction
from orchestrator.deliver import supports
from orchestrator.errors import ActRefused
from orchestrator.handoffs import DeliveryKey, OrthancId, Purpose
from orchestrator.jobs import audit, deliveries, shipments
from orchestrator.jobs.states import DeliveryState, JobState
from orchestrator.operations import retract

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.delivery_chain import Pacs

    from orchestrator.deliver.retract import ToDelete
    from orchestrator.orthanc.client import OrthancClient

pytestmark = pytest.mark.integration
KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"


def withdraw(chain: Chain, result: Result) -> list[ToDelete]:
    jobs = retract.chosen(chain.database, retract.Chosen(job=result.job))
    left = retract.withdraw(
        chain.database, chain.site, jobs, by="Ada", why="wrong breast", title="safety", now=chain.clock.now
    )
    retract.clear(chain.archive, chain.database, chain.site, chain.clock.now)
    return left


def ours(chain: Chain, result: Result) -> list[str]:
    return [one.dataset.SOPClassUID for one in chain.orthanc.archive.results(result.study)]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_retracted_result_leaves_orthanc_and_a_note_withdraws_it_in_the_pacs(
    tmp_path: Path, pacs: Pacs, *, overwrite: bool
) -> None:
    own = Orthanc(tmp_path / "orthanc", OrthancSettings(stable_age_s=1, overwrite_instances=overwrite))
    own.start()
    try:
        make_known(own, "PACS", "PACS", pacs.orthanc.dicom_port)
        make_known(pacs.orthanc, own.settings.ae_title, own.settings.ae_title, own.dicom_port)
        chain = Chain(tmp_path, own, {"PACS": {"test": True, "honours_rejection_notes": True}})
        result = chain.result()
        chain.attempt(DeliveryKey(result.job, "PACS"))

        assert withdraw(chain, result) == []
        assert ours(chain, result) == [KEY_OBJECT_SELECTION]
        assert chain.attempt(DeliveryKey(result.job, "PACS", Purpose.REJECTION)).state is DeliveryState.DELIVERED
        retract.clear(chain.archive, chain.database, chain.site, chain.clock.now)

        assert ours(chain, result) == []
        assert chain.job(result.job).state is JobState.CANCELLED
        assert chain.delivery(DeliveryKey(result.job, "PACS")).state is DeliveryState.RETRACTED
        assert len(chain.archive.headers(result.study)) == 4
    finally:
        own.kill()
    note = note_in(pacs, result)
    assert note.ConceptNameCodeSequence[0].CodeValue == "113037"
    assert note.PatientID == result.source.PatientID
    named = {item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in note.ContentSequence}
    assert named == set(result.sop_instance_uids.values())


def note_in(pacs: Pacs, result: Result) -> pydicom.Dataset:
    archive = pacs.orthanc.archive
    keys = {"StudyInstanceUID": str(result.source.StudyInstanceUID), "SOPClassUID": KEY_OBJECT_SELECTION}
    (instance,) = archive.post("/tools/find", {"Level": "Instance", "Query": keys})
    return pydicom.dcmread(BytesIO(archive.file(instance)))


def test_a_note_has_arrived_when_what_it_rejects_is_shown_no_more(tmp_path: Path, source: Orthanc) -> None:
    with DifficultPacs(free_port(), classes=(*ALL_CLASSES, KEY_OBJECT_SELECTION)) as pacs:
        make_known(source, "DIFFICULT", "DIFFICULT", pacs.port)
        chain = Chain(tmp_path, source, {"DIFFICULT": {"test": True, "honours_rejection_notes": True}})
        result = chain.result()
        chain.attempt(DeliveryKey(result.job, "DIFFICULT"))
        withdraw(chain, result)
        pacs.hides_everything_after_a_note = True
        key = DeliveryKey(result.job, "DIFFICULT", Purpose.REJECTION)

        assert chain.attempt(key).state is DeliveryState.DELIVERED
        assert [one.proof for one in chain.shipments(key)] == ["hidden"]


def test_a_destination_that_honours_no_notes_is_listed_for_a_person(
    tmp_path: Path, source: Orthanc, pacs: Pacs
) -> None:
    chain = Chain(tmp_path, source, {"PACS": {"test": True}})
    result = chain.result()
    chain.attempt(DeliveryKey(result.job, "PACS"))

    (left,) = withdraw(chain, result)

    assert left.destination == "PACS"
    assert {one.sop_instance_uid for one in left.shipments} == set(result.sop_instance_uids.values())
    assert all(pacs.holds(uid) for uid in result.sop_instance_uids.values())
    assert ours(chain, result) == []


def test_a_result_that_was_withdrawn_before_it_was_sent_is_never_sent(
    tmp_path: Path, source: Orthanc, pacs: Pacs
) -> None:
    chain = Chain(tmp_path, source, {"PACS": {"test": True, "honours_rejection_notes": True}})
    result = chain.result()

    assert withdraw(chain, result) == []

    key = DeliveryKey(result.job, "PACS")
    assert chain.until_ended(key).state is DeliveryState.RETRACTED
    assert [pacs.holds(uid) for uid in result.sop_instance_uids.values()] == [0, 0]
    with chain.database.read() as connection:
        assert deliveries.find(connection, DeliveryKey(result.job, "PACS", Purpose.REJECTION)) is None
        (row,) = audit.of(connection, f"job {result.job}")
    assert (row.who, row.what, row.why) == ("Ada", "retract", "wrong breast")


def test_a_whole_model_version_is_withdrawn_and_a_second_time_there_is_nothing(tmp_path: Path, source: Orthanc) -> None:
    chain = Chain(tmp_path, source, {})
    results = [chain.result() for _ in range(3)]
    what = retract.Chosen(model="brdensity", version="1.0.0", since=chain.clock.now)

    jobs = retract.chosen(chain.database, what)
    retract.withdraw(chain.database, chain.site, jobs, by="Ada", why="bug", title="quality", now=chain.clock.now)
    retract.clear(chain.archive, chain.database, chain.site, chain.clock.now)

    assert len(jobs) == 3
    assert [ours(chain, result) for result in results] == [[], [], []]
    with pytest.raises(ActRefused, match="no result to withdraw"):
        retract.chosen(chain.database, what)


def test_a_result_whose_image_was_deleted_is_found_withdrawn_and_taken_out(
    tmp_path: Path, source: Orthanc, pacs: Pacs
) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {"test": True}})
    result, untouched = chain.result(), chain.result()
    chain.attempt(DeliveryKey(result.job, "PACS"))
    chain.archive.delete(OrthancId(result.instances[0]))

    studies, following = supports.missing(chain.archive, chain.database, None)
    assert (studies, following) == ({result.study}, None)
    standing = list(chain.job(result.job).input["orthanc_ids"])[1:]
    with chain.database.write() as connection:
        fallen = supports.withdraw_unsupported(connection, chain.site, result.study, standing, chain.clock.now)
    retract.clear(chain.archive, chain.database, chain.site, chain.clock.now)

    assert fallen == 1
    assert chain.job(result.job).state is JobState.GONE
    assert chain.delivery(DeliveryKey(result.job, "PACS")).state is DeliveryState.RETRACTED
    assert ours(chain, result) == []
    assert len(ours(chain, untouched)) == 2


def test_an_image_that_we_have_deleted_ourselves_still_carries_its_result(tmp_path: Path, source: Orthanc) -> None:
    chain = Chain(tmp_path, source, {})
    result = chain.result()
    uid, instance = next(iter(chain.job(result.job).input["orthanc_ids"].items()))
    removal = shipments.Removal(instance, uid, result.study, "PACS", "find", "delivered")
    with chain.database.write() as connection:
        shipments.note_removals(connection, [removal], chain.clock.now)
    chain.archive.delete(instance)

    standing = set(chain.job(result.job).input["orthanc_ids"]) - {uid}
    with chain.database.write() as connection:
        assert supports.withdraw_unsupported(connection, chain.site, result.study, standing, chain.clock.now) == 0
    assert supports.missing(chain.archive, chain.database, None) == (set(), None)


class MadeAgainMeanwhile:
    """An archive in which, just before the first object is deleted, the job is made anew."""

    def __init__(self, archive: OrthancClient, act: Callable[[], object]) -> None:
        self._archive = archive
        self._act = [act]

    def __getattr__(self, name: str) -> object:
        return getattr(self._archive, name)

    def delete(self, instance: OrthancId) -> None:
        while self._act:
            self._act.pop()()
        self._archive.delete(instance)


def gone(chain: Chain, result: Result) -> retraction.Clearing:
    """The result is withdrawn as one whose images are not there; what takes it out of Orthanc."""
    with chain.database.write() as connection:
        supports.withdraw_unsupported(connection, chain.site, result.study, (), chain.clock.now)
    return retraction.Clearing(chain.archive, chain.database, chain.site, rejection_note)


def test_a_result_that_is_made_again_while_the_old_one_is_taken_out_is_put_back(
    tmp_path: Path, source: Orthanc
) -> None:
    chain = Chain(tmp_path, source, {})
    result = chain.result()
    clearing = gone(chain, result)
    racing = MadeAgainMeanwhile(chain.archive, lambda: chain.made_again(result))

    retraction.clear(replace(clearing, archive=racing), chain.clock.now)

    assert ours(chain, result) == []
    waiting = chain.job(result.job)
    assert (waiting.state, waiting.reason) == (JobState.QUEUED, "taken out while it was made again")
    chain.put(result)
    assert len(ours(chain, result)) == 2


def test_a_job_that_was_made_again_before_its_turn_keeps_its_result(tmp_path: Path, source: Orthanc) -> None:
    chain = Chain(tmp_path, source, {})
    result = chain.result()
    clearing = gone(chain, result)
    chain.made_again(result)

    retraction.clear_one(clearing, result.job, chain.clock.now)

    assert len(ours(chain, result)) == 2
    assert chain.job(result.job).state is JobState.DONE


def note(chain: Chain, result: Result) -> pydicom.Dataset:
    """The rejection note that is in our Orthanc, from where it is sent."""
    (one,) = [one.dataset for one in chain.orthanc.archive.results(result.study) if one.dataset.Modality == "KO"]
    return one


def named_by(rejecting: pydicom.Dataset) -> set[str]:
    return {str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID) for item in rejecting.ContentSequence}


def test_what_is_made_again_after_a_withdrawal_has_other_uids_and_a_second_note_withdraws_both(
    tmp_path: Path, source: Orthanc, pacs: Pacs
) -> None:
    chain = Chain(tmp_path, source, {"PACS": {"test": True, "honours_rejection_notes": True}})
    result = chain.result()
    key = DeliveryKey(result.job, "PACS")
    chain.attempt(key)
    withdraw(chain, result)

    again = chain.made_again(result)

    assert set(again.values()).isdisjoint(result.sop_instance_uids.values())
    assert chain.attempt(key).state is DeliveryState.DELIVERED
    assert [pacs.holds(uid) for uid in again.values()] == [1, 1]
    first_note = named_by(note(chain, result))
    assert first_note == set(result.sop_instance_uids.values())

    chain.clock.advance(timedelta(seconds=1))
    withdraw(chain, result)

    rejection = DeliveryKey(result.job, "PACS", Purpose.REJECTION)
    assert chain.attempt(rejection).state is DeliveryState.DELIVERED
    (sent,) = chain.shipments(rejection)
    second_note = pydicom.dcmread(BytesIO(pacs.file(sent.sop_instance_uid)))
    assert named_by(second_note) == {*first_note, *again.values()}


@pytest.mark.parametrize("honours", [True, False])
def test_a_delivered_result_that_a_newer_one_replaces_counts_there_no_more(
    tmp_path: Path, source: Orthanc, pacs: Pacs, *, honours: bool
) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {"test": True, "honours_rejection_notes": honours}})
    result = chain.result()
    chain.attempt(DeliveryKey(result.job, "PACS"))

    with chain.database.write() as connection:
        retraction.replaced(connection, chain.site, result.job, chain.clock.now)
    retract.clear(chain.archive, chain.database, chain.site, chain.clock.now)

    rejection = DeliveryKey(result.job, "PACS", Purpose.REJECTION)
    assert chain.delivery(DeliveryKey(result.job, "PACS")).state is DeliveryState.SUPERSEDED
    if honours:
        assert named_by(note(chain, result)) == set(result.sop_instance_uids.values())
        assert chain.attempt(rejection).state is DeliveryState.DELIVERED
    else:
        left = chain.delivery(rejection)
        assert left.state is DeliveryState.REJECTED
        assert all(uid in left.reason for uid in result.sop_instance_uids.values())


def test_without_the_study_no_note_says_whose_it_is_and_a_person_is_told_what_to_delete(
    tmp_path: Path, source: Orthanc, pacs: Pacs
) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {"test": True, "honours_rejection_notes": True}})
    result = chain.result()
    chain.attempt(DeliveryKey(result.job, "PACS"))
    chain.orthanc.archive.delete(f"/studies/{result.study}")

    withdraw(chain, result)

    left = chain.delivery(DeliveryKey(result.job, "PACS", Purpose.REJECTION))
    assert left.state is DeliveryState.REJECTED
    assert "the study has left Orthanc" in left.reason
    assert all(uid in left.reason for uid in result.sop_instance_uids.values())
