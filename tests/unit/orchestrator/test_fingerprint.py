"""When two images are one question to a model: what may differ between them, and what may not."""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.uid import ImplicitVRLittleEndian, generate_uid
from tests.dicom_factories import LATIN_1, as_file, mammogram

from orchestrator.dispatch import fingerprint
from orchestrator.dispatch.renaming import renamed
from orchestrator.errors import Cancelled
from orchestrator.handoffs import DispatchedInstance, OrthancId
from wetread_contract.findings import (
    Category,
    Classification,
    Code,
    Findings,
    Scope,
    ScopeLevel,
)
from wetread_contract.judgement import InstanceReference
from wetread_contract.wire import answer_from_proto, answer_to_proto

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pydicom import Dataset

REFERENCE = InstanceReference("1.2", "1.3", "1.4", "1.5")
IMAGE = DispatchedInstance(OrthancId("an image"), REFERENCE)


class OneFile:
    """An archive of one image."""

    def __init__(self, image: Dataset) -> None:
        self._content = as_file(image)

    @contextmanager
    def open_instance(self, instance: OrthancId) -> Iterator[BytesIO]:
        assert instance == IMAGE.orthanc_id
        yield BytesIO(self._content)


def shown(image: Dataset, needs: Collection[str] = ()) -> str:
    archive: Any = OneFile(image)
    return fingerprint.of_instances(archive, [IMAGE], needs, lambda: False)["1.5"]


def image(**attributes: object) -> Dataset:
    return mammogram("R", "CC", rows=16, columns=16, **attributes)


def test_another_patient_other_uids_and_other_padding_are_the_same_question() -> None:
    other = image()
    other.PatientName, other.PatientID, other.PatientBirthDate = "SOMEBODY^ELSE", "2", "19500101"
    other.OperatorsName, other.InstitutionName, other.AccessionNumber = "X", "Y", "Z"
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        setattr(other, keyword, generate_uid())
    other.file_meta.MediaStorageSOPInstanceUID = other.SOPInstanceUID
    other.file_meta.ImplementationVersionName = "ANOTHER"
    other.add_new(0x00091001, "LO", "private")
    other.SeriesDescription = None
    other.Manufacturer = f"{other.Manufacturer}  "

    assert shown(other) == shown(image())


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageLaterality", "L"),
        ("PatientSex", "M"),
        ("Rows", 17),
        ("KVP", "31"),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.1.2.1"),
    ],
)
def test_whatever_else_a_model_sees_makes_another_question(keyword: str, value: object) -> None:
    other = image()
    setattr(other, keyword, value)

    assert shown(other) != shown(image())


def test_one_pixel_makes_another_question() -> None:
    other = image()
    other.PixelData = bytes([other.PixelData[0] ^ 1]) + other.PixelData[1:]

    assert shown(other) != shown(image())


def test_another_transfer_syntax_makes_another_question() -> None:
    assert shown(image(transfer_syntax=ImplicitVRLittleEndian)) != shown(image())


def test_what_the_model_needs_to_see_of_the_patient_counts() -> None:
    assert shown(image(PatientID="1"), ["PatientID"]) != shown(image(PatientID="2"), ["PatientID"])
    assert shown(image(PatientID="1")) == shown(image(PatientID="2"))


def test_what_stands_in_a_nested_sequence_counts_and_names_there_do_not() -> None:
    plain, coded, named = image(), image(), image()
    coded.ViewCodeSequence[0].CodeMeaning = "another"
    named.ViewCodeSequence[0].add_new("PerformingPhysicianName", "PN", "SOMEBODY")
    unnamed = image()
    unnamed.ViewCodeSequence[0].add_new("PerformingPhysicianName", "PN", "ELSE")

    assert shown(coded) != shown(plain)
    assert shown(named) == shown(unnamed)


def test_a_name_in_another_character_set_is_another_question_because_all_texts_are() -> None:
    assert shown(image(person=LATIN_1)) != shown(image())


def test_reading_stops_when_nobody_wants_it_any_more() -> None:
    archive: Any = OneFile(image())
    with pytest.raises(Cancelled):
        fingerprint.of_instances(archive, [IMAGE], (), lambda: True)


def test_a_kept_answer_speaks_of_the_images_by_their_new_uids() -> None:
    grade = Category(Code("129717001", "SCT", "Scattered fibroglandular densities"), "B")
    concept = Code("129715009", "SCT", "Breast composition")
    scope = Scope(ScopeLevel.INSTANCE, series_instance_uid="1.3", sop_instance_uid="1.5")
    answer = Findings((Classification(concept, grade, scope=scope), Classification(concept, grade)), ("said of 1.5",))
    content = answer_to_proto(answer, inference_s=0.5, weights_sha256="w").SerializeToString(deterministic=True)

    again = renamed(content, {"1.3": "2.3", "1.5": "2.5"})

    response = answer_to_proto(answer, inference_s=0.5, weights_sha256="w")
    response.ParseFromString(again)
    said = answer_from_proto(response)
    assert isinstance(said, Findings)
    assert said.findings[0].scope == Scope(ScopeLevel.INSTANCE, series_instance_uid="2.3", sop_instance_uid="2.5")
    assert said.findings[1].scope == answer.findings[1].scope
    assert renamed(content, {}) == content
