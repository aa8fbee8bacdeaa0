"""Which studies are read, which are not, and why: through a real Orthanc and a real orchestrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from demo import results
from demo.following import short
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian
from tests.dicom_factories import (
    GREEK,
    JAPANESE,
    KOREAN,
    LATIN_1,
    UNICODE,
    Person,
    ct_series,
    four_view_study,
    mammogram,
    structured_report,
)
from tests.e2e.chain import unique

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.chain import Chain

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


def test_an_exam_gets_one_card_and_one_report(chain: Chain) -> None:
    study = chain.send(four_view_study(study=unique()))

    assert chain.ended(study) == "result_stored"

    assert len(chain.orthanc.archive.results(study)) == 2
    assert len(chain.jobs(study)) == 1


def test_two_exams_at_once_get_a_result_each(chain: Chain) -> None:
    exams = [four_view_study(study=unique()) for _ in range(2)]
    mixed = [exam[view] for view in range(4) for exam in exams]

    chain.send(mixed)
    studies = [str(chain.orthanc.archive.study(exam[0].StudyInstanceUID)) for exam in exams]

    assert set(chain.all_ended(studies).values()) == {"result_stored"}
    for study, exam in zip(studies, exams, strict=True):
        assert chain.report(study).StudyInstanceUID == exam[0].StudyInstanceUID
        assert len(chain.orthanc.archive.results(study)) == 2


def test_an_exam_of_raw_pixels_is_unsuitable_and_says_why(chain: Chain) -> None:
    name = unique()

    study = chain.send(
        mammogram(side, view, for_processing=True, study=name) for side in ("R", "L") for view in ("CC", "MLO")
    )

    assert chain.ended(study) == "UNSUITABLE"
    assert "SOPClassUID" in chain.explain(study)


def test_another_kind_of_image_is_missed_with_a_reason(chain: Chain) -> None:
    study = chain.send(ct_series(study=unique(), StudyDescription="CHEST"))

    assert chain.ended(study) == "MISSED"
    assert "Modality" in chain.explain(study)


def test_a_study_of_reports_only_is_missed(chain: Chain) -> None:
    study = chain.send([structured_report(study=unique(), Modality="SR")])

    assert chain.ended(study) == "MISSED"


def test_an_exam_without_the_usual_attributes_is_read(chain: Chain) -> None:
    missing = ("AccessionNumber", "BodyPartExamined", "SeriesDescription", "StudyDescription", "PatientAge", "StudyID")

    study = chain.send(four_view_study(study=unique(), missing=missing))

    assert chain.ended(study) == "result_stored"


def test_a_missing_view_is_waited_for_and_then_called_unsuitable(chain: Chain) -> None:
    study = chain.send(four_view_study(study=unique())[:3])
    assert chain.ended(study) == "INCOMPLETE"
    assert "L MLO" in chain.explain(study)

    chain.events.wait_for("study_judged", study=short(study), outcome="UNSUITABLE")

    assert chain.orthanc.archive.results(study) == []
    assert chain.jobs(study) == set()


def test_a_missing_view_that_comes_late_completes_the_exam(chain: Chain) -> None:
    exam = four_view_study(study=unique())
    study = chain.send(exam[:3])
    assert chain.ended(study) == "INCOMPLETE"

    chain.send(exam[3:])

    assert chain.ended(study) == "result_stored"
    assert len(chain.orthanc.archive.results(study)) == 2


def test_of_a_view_that_was_taken_twice_the_later_is_read(chain: Chain) -> None:
    name = unique()
    exam = four_view_study(study=name)
    repeat = mammogram("R", "CC", study=name, number=9, ContentTime="093000", AcquisitionTime="093000")

    study = chain.send([*exam, repeat])

    assert chain.ended(study) == "result_stored"
    assert f"left out: {exam[0].SOPInstanceUID} older repeat" in chain.explain(study)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian], ids=["implicit VR", "big endian"])
def test_old_transfer_syntaxes_are_read(chain: Chain, syntax: str) -> None:
    study = chain.send(four_view_study(study=unique(), transfer_syntax=syntax))

    assert chain.ended(study) == "result_stored"


@pytest.mark.parametrize(
    "person", [LATIN_1, GREEK, JAPANESE, KOREAN, UNICODE], ids=["Latin", "Greek", "Japanese", "Korean", "Unicode"]
)
def test_names_in_other_alphabets_come_back_as_they_were(chain: Chain, person: Person, tmp_path: Path) -> None:
    study = chain.send(four_view_study(study=unique(), person=person))
    assert chain.ended(study) == "result_stored"

    result = chain.result(study)

    assert results.problems(result, chain.source(study), tmp_path) == []
    assert str(result.report.dataset.PatientName) == person.name
    assert str(result.card.dataset.PatientName) == person.name
