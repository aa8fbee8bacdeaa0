"""A patient, an exam or its images are corrected: the result goes and comes again, and the model is asked once."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import requests
from demo.following import short
from demo.orthanc import OrthancSettings
from demo.waiting import until
from tests.delivery_chain import make_known
from tests.dicom_factories import four_view_study, mammogram
from tests.e2e.chain import Counting, unique

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pydicom import Dataset
    from tests.delivery_chain import Pacs
    from tests.e2e.chain import Chain

    OwnChain = Callable[..., AbstractContextManager[Chain]]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
OVERWRITES = OrthancSettings(ae_title="OVERWRITES", stable_age_s=1, overwrite_instances=True)
KEEPS = OrthancSettings(ae_title="KEEPS", stable_age_s=1)
ANY_AGE = {"study_date_within": "9000d", "quiet": 0, "auto_transmit": True}


def to_the_pacs(*, honours: bool = True) -> dict[str, dict[str, object]]:
    """Sections of a site file by which results, of corrected copies too, go to the PACS by themselves."""
    pacs = {"test": True, "honours_rejection_notes": honours, "copies": True}
    return {"destinations": {"PACS": pacs}, "delivery": {"remote": "PACS", **ANY_AGE}}


def know_each_other(chain: Chain, pacs: Pacs) -> None:
    own = chain.orthanc
    make_known(own, "PACS", "PACS", pacs.orthanc.dicom_port)
    make_known(pacs.orthanc, own.settings.ae_title, own.settings.ae_title, own.dicom_port)


def delivered(chain: Chain, pacs: Pacs, study: str, times: int = 1) -> dict[str, Dataset]:
    """The pair of a study, by SOP instance UID, once so many results have been delivered; the PACS holds it."""
    until(
        lambda: len(chain.logged("result_delivered", purpose="result")) >= times or None,
        what=f"{times} results are at the PACS",
        deadline_s=180,
    )
    found = chain.result(study)
    made = {one.dataset.SOPInstanceUID: one.dataset for one in (found.card, found.report)}
    assert [pacs.holds(uid) for uid in made] == [1, 1]
    return made


def rejected(chain: Chain, pacs: Pacs, old: dict[str, Dataset]) -> None:
    """Returns once a note that names exactly these is at the PACS."""
    until(
        lambda: chain.logged("result_delivered", purpose="rejection") or None,
        what="a rejection note is at the PACS",
        deadline_s=180,
    )
    study = next(iter(old.values())).StudyInstanceUID
    archive = pacs.orthanc.archive
    keys = {"StudyInstanceUID": str(study), "Modality": "KO"}
    series = archive.post("/tools/find", {"Level": "Series", "Query": keys})
    named = set()
    for one in series:
        for instance in archive.get(f"/series/{one}")["Instances"]:
            content = archive.get(f"/instances/{instance}/tags?simplify")["ContentSequence"]
            named |= {item["ReferencedSOPSequence"][0]["ReferencedSOPInstanceUID"] for item in content}
    assert named == set(old)


def ours(chain: Chain, study: str) -> set[str]:
    """SOP instance UIDs of our cards and reports in a study; notes are on their way."""
    found = [one.dataset for one in chain.orthanc.archive.results(study)]
    return {str(one.SOPInstanceUID) for one in found if one.Modality != "KO"}


def modify(chain: Chain, path: str, body: dict[str, object]) -> dict[str, object]:
    """What Orthanc says after it has modified something."""
    account = (chain.orthanc.settings.username, chain.orthanc.password)
    answer = requests.post(f"{chain.orthanc.url}{path}/modify", json=body, auth=account, timeout=60)
    answer.raise_for_status()
    return answer.json()


def test_a_name_corrected_in_place_has_the_result_withdrawn_and_made_again_without_a_second_inference(
    own_chain: OwnChain, pacs: Pacs
) -> None:
    model = Counting()
    with own_chain(model, OVERWRITES, **to_the_pacs()) as chain:
        know_each_other(chain, pacs)
        views = four_view_study(study=unique())
        study = chain.send(views)
        before = delivered(chain, pacs, study)

        for view in views:
            view.PatientName, view.PatientBirthDate = "CORRECTED^NAME", "19440102"
        assert chain.send(views) == study

        after = delivered(chain, pacs, study, times=2)
        assert ours(chain, study) == set(after)
        assert set(after).isdisjoint(before)
        assert {str(one.PatientName) for one in after.values()} == {"CORRECTED^NAME"}
        assert {one.PatientBirthDate for one in after.values()} == {"19440102"}
        rejected(chain, pacs, before)
        assert chain.logged("prediction_recalled")
        assert model.answered == 1


def test_what_a_result_does_not_rest_on_may_be_corrected_and_it_stays_as_it_was(
    own_chain: OwnChain, pacs: Pacs
) -> None:
    model = Counting()
    with own_chain(model, OVERWRITES, **to_the_pacs()) as chain:
        know_each_other(chain, pacs)
        views = four_view_study(study=unique())
        study = chain.send(views)
        before = delivered(chain, pacs, study)

        for view in views:
            view.InstitutionName = "CORRECTED"
        chain.send(views)

        until(lambda: len(chain.logged("result_stored")) == 2 or None, what="it is made again", deadline_s=180)
        assert chain.logged("prediction_recalled")
        assert ours(chain, study) == set(before)
        assert not chain.logged("result_retracted")
        assert not chain.logged("delivery_queued", purpose="rejection")
        assert model.answered == 1


def test_a_study_that_orthanc_modifies_in_place_has_one_result_of_the_right_name(own_chain: OwnChain) -> None:
    model = Counting()
    with own_chain(model, OVERWRITES) as chain:
        study = chain.send(four_view_study(study=unique()))
        assert chain.ended(study) == "result_stored"
        before = ours(chain, study)

        kept = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"]
        modify(chain, f"/studies/{study}", {"Replace": {"PatientName": "RIGHT^NAME"}, "Keep": kept, "Force": True})

        until(lambda: len(chain.logged("result_stored")) == 2 or None, what="it is made again", deadline_s=180)
        found = chain.result(study)
        assert {str(one.dataset.PatientName) for one in (found.card, found.report)} == {"RIGHT^NAME"}
        assert len(ours(chain, study)) == 2
        assert ours(chain, study).isdisjoint(before)
        assert model.answered == 1
        assert "agree" in chain.wetread("doctor", "--ledger")


def test_a_retry_that_is_to_ask_again_asks_although_the_answer_is_kept(own_chain: OwnChain) -> None:
    model = Counting()
    with own_chain(model, KEEPS) as chain:
        study = chain.send(four_view_study(study=unique()))
        assert chain.ended(study) == "result_stored"
        (job,) = [one.text("job") for one in chain.logged("result_stored")]

        chain.wetread("retry", job, "--ask-again", "--by", "ana", "--reason", "a test")

        until(lambda: len(chain.logged("result_stored")) == 2 or None, what="it is stored again", deadline_s=180)
        assert model.answered == 2
        assert not chain.logged("prediction_recalled")


def test_a_delivered_result_that_the_grown_exam_replaces_is_rejected_at_the_pacs(
    own_chain: OwnChain, pacs: Pacs
) -> None:
    model = Counting()
    with own_chain(model, KEEPS, **to_the_pacs()) as chain:
        know_each_other(chain, pacs)
        name = unique()
        study = chain.send(four_view_study(study=name))
        before = delivered(chain, pacs, study)

        chain.send([mammogram("R", "CC", study=name, number=9, ContentTime="233000", AcquisitionTime="233000")])

        after = delivered(chain, pacs, study, times=2)
        assert chain.logged("result_replaced")
        assert set(after).isdisjoint(before)
        rejected(chain, pacs, before)
        assert model.answered == 2


def test_a_laterality_corrected_in_place_is_another_question_and_the_model_is_asked_again(own_chain: OwnChain) -> None:
    model = Counting()
    with own_chain(model, OVERWRITES) as chain:
        views = four_view_study(study=unique())
        study = chain.send(views)
        assert chain.ended(study) == "result_stored"
        before = ours(chain, study)

        for view in views:
            view.ImageLaterality = {"L": "R", "R": "L"}[view.ImageLaterality]
        chain.send(views)

        until(lambda: len(chain.logged("result_stored")) == 2 or None, what="it is read anew", deadline_s=180)
        assert model.answered == 2
        assert len(ours(chain, study)) == 2
        assert ours(chain, study).isdisjoint(before)


def test_a_study_that_orthanc_has_modified_to_another_patient_keeps_its_answer_and_the_old_result_goes(
    own_chain: OwnChain, pacs: Pacs
) -> None:
    model = Counting()
    with own_chain(model, KEEPS, **to_the_pacs()) as chain:
        know_each_other(chain, pacs)
        wrong = f"WRONG-{unique()[:8]}"
        study = chain.send(four_view_study(study=unique(), PatientID=wrong))
        before = delivered(chain, pacs, study)
        (patient,) = chain.orthanc.archive.post("/tools/find", {"Level": "Patient", "Query": {"PatientID": wrong}})

        right = {"PatientID": f"RIGHT-{wrong}", "PatientName": "RIGHT^PERSON"}
        modify(chain, f"/patients/{patient}", {"Replace": right, "Force": True, "KeepSource": False})

        until(
            lambda: chain.logged("study_gone", study=short(study)) or None, what="the source is missed", deadline_s=180
        )
        (corrected,) = chain.orthanc.archive.get("/studies")
        assert corrected != study
        after = delivered(chain, pacs, corrected, times=2)
        assert ours(chain, corrected) == set(after)
        assert set(after).isdisjoint(before)
        assert {one.PatientID for one in after.values()} == {right["PatientID"]}
        named = {item.ReferencedSOPInstanceUID for one in after.values() for item in one.get("SourceImageSequence", [])}
        there = {
            chain.orthanc.archive.get(f"/instances/{one}")["MainDicomTags"]["SOPInstanceUID"]
            for one in chain.orthanc.archive.sources(corrected)
        }
        assert named == there
        assert model.answered == 1
        left = until(
            lambda: ((told := chain.wetread("deliveries")) and "a person deletes there" in told and told) or None,
            what="a person is told what to delete",
            deadline_s=120,
        )
        assert all(uid in left for uid in before)


@pytest.mark.parametrize("honours", [True, False])
def test_the_same_images_sent_again_under_another_patient_withdraw_the_first_result(
    own_chain: OwnChain, pacs: Pacs, *, honours: bool
) -> None:
    model = Counting()
    with own_chain(model, KEEPS, **to_the_pacs(honours=honours)) as chain:
        know_each_other(chain, pacs)
        views = four_view_study(study=unique())
        study = chain.send(views)
        before = delivered(chain, pacs, study)

        for view in views:
            view.PatientID, view.PatientName = "RIGHT-1", "RIGHT^PERSON"
        corrected = chain.send(views)
        assert corrected != study

        after = delivered(chain, pacs, corrected, times=2)
        assert set(after).isdisjoint(before)
        assert {one.PatientID for one in after.values()} == {views[0].PatientID}
        until(lambda: not ours(chain, study) or None, what="the first patient has no result", deadline_s=120)
        if honours:
            rejected(chain, pacs, before)
        else:
            told = chain.wetread("deliveries")
            assert all(uid in told for uid in before)
        assert model.answered == 1
        assert "agree" in chain.wetread("doctor", "--ledger")


def test_a_correction_that_comes_in_parts_withdraws_the_first_patients_result(own_chain: OwnChain) -> None:
    with own_chain(Counting(), KEEPS) as chain:
        views = four_view_study(study=unique())
        study = chain.send(views)
        assert chain.ended(study) == "result_stored"

        for view in views:
            view.PatientID, view.PatientName = "RIGHT-1", "RIGHT^PERSON"
        corrected = chain.send(views[:2])
        until(lambda: chain.logged("study_judged", study=short(corrected)) or None, what="judged", deadline_s=120)
        assert ours(chain, study)
        chain.send(views[2:])

        until(lambda: chain.logged("result_stored", study=short(corrected)) or None, what="stored", deadline_s=120)
        until(lambda: not ours(chain, study) or None, what="the first patient has no result", deadline_s=120)


def test_the_wrong_patients_study_that_is_corrected_later_takes_no_result_from_the_right_one(
    own_chain: OwnChain,
) -> None:
    with own_chain(Counting(), OVERWRITES) as chain:
        wrong = four_view_study(study=unique())
        study = chain.send(wrong)
        assert chain.ended(study) == "result_stored"
        right = deepcopy(wrong)
        for view in right:
            view.PatientID, view.PatientName = "RIGHT-1", "RIGHT^PERSON"
        corrected = chain.send(right)
        assert chain.ended(corrected) == "result_stored"
        until(lambda: not ours(chain, study) or None, what="the first patient has no result", deadline_s=120)
        before = ours(chain, corrected)

        for view in wrong:
            view.InstitutionName = "CORRECTED"
        chain.send(wrong)
        sent_at = datetime.now(UTC)
        until(
            lambda: (
                [
                    event
                    for event in chain.logged("study_judged", study=short(study))
                    if datetime.fromisoformat(event.text("timestamp")) > sent_at
                ]
                or None
            ),
            what="it is judged again",
            deadline_s=120,
        )

        assert corrected[:8] in chain.wetread("jobs", "--state", "DONE")
        assert ours(chain, corrected) == before
        assert "agree" in chain.wetread("doctor", "--ledger")


def test_a_copy_without_identity_leaves_the_result_of_its_source_alone(own_chain: OwnChain) -> None:
    with own_chain(Counting(), KEEPS) as chain:
        views = four_view_study(study=unique())
        study = chain.send(views)
        assert chain.ended(study) == "result_stored"
        before = ours(chain, study)

        for view in views:
            view.PatientID, view.PatientName, view.PatientIdentityRemoved = "TEACHING-1", "NOBODY", "YES"
            view.DeidentificationMethod = "by hand"
        copy = chain.send(views)

        assert chain.ended(copy) == "result_stored"
        assert ours(chain, study) == before
        assert not chain.logged("result_retracted")


@pytest.mark.parametrize("settings", [KEEPS, OVERWRITES], ids=["keeps", "overwrites"])
def test_a_deleted_image_that_comes_back_brings_the_result_back_without_a_second_inference(
    own_chain: OwnChain, pacs: Pacs, settings: OrthancSettings
) -> None:
    model = Counting()
    watch = {"reconcile": "2s"}
    with own_chain(model, settings, watch=watch, **to_the_pacs()) as chain:
        know_each_other(chain, pacs)
        views = four_view_study(study=unique())
        study = chain.send(views)
        before = delivered(chain, pacs, study)
        chain.orthanc.archive.delete(f"/instances/{chain.orthanc.archive.sources(study)[0]}")
        rejected(chain, pacs, before)
        until(lambda: not ours(chain, study) or None, what="its result is out of Orthanc", deadline_s=120)

        chain.send(views)

        after = delivered(chain, pacs, study, times=2)
        assert ours(chain, study) == set(after)
        assert set(after).isdisjoint(before)
        assert model.answered == 1
