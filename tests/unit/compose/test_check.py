"""The check finds what is wrong: each test breaks one thing in a good object."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from tests.composition_factories import composition

from orchestrator.compose import compose
from orchestrator.compose.check import faults, refuse_invalid
from orchestrator.errors import ResultInvalid
from orchestrator.handoffs import ComposedObject, ObjectKind

if TYPE_CHECKING:
    from collections.abc import Callable

CARD, REPORT = 0, 1


def broken(kind: int, change: Callable[[Dataset], None]) -> ComposedObject:
    composed = compose(composition()).objects[kind]
    dataset = dcmread(BytesIO(composed.content))
    change(dataset)
    file = BytesIO()
    dcmwrite(file, dataset)
    return replace(composed, content=file.getvalue())


def set_to(keyword: str, value: object) -> Callable[[Dataset], None]:
    return lambda dataset: setattr(dataset, keyword, value)


def without(keyword: str) -> Callable[[Dataset], None]:
    return lambda dataset: delattr(dataset, keyword)


def measurement_group(dataset: Dataset) -> Dataset:
    return next(item for item in dataset.ContentSequence if "ContentSequence" in item).ContentSequence[0]


def has_property_instead(dataset: Dataset) -> None:
    measurement_group(dataset).RelationshipType = "HAS PROPERTIES"


def refers_to_a_stranger(dataset: Dataset) -> None:
    dataset.SourceImageSequence[0].ReferencedSOPInstanceUID = "1.2.3"


def names_one_input_less(dataset: Dataset) -> None:
    del dataset.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]


def lacks_a_meaning(dataset: Dataset) -> None:
    del dataset.ConceptNameCodeSequence[0].CodeMeaning


def loses_the_words_of_a_text(dataset: Dataset) -> None:
    text = next(item for item in measurement_group(dataset).ContentSequence if item.ValueType == "TEXT")
    del text.TextValue


def has_a_private_attribute(dataset: Dataset) -> None:
    dataset.private_block(0x0099, "SOMEBODY", create=True).add_new(1, "LO", "x")


BREAKS = [
    (CARD, without("ConversionType"), "ConversionType is missing"),
    (CARD, set_to("Modality", ""), "Modality is empty"),
    (CARD, without("Rows"), "Rows is missing"),
    (CARD, set_to("SeriesDescription", "x" * 65), "SeriesDescription is not a valid LO"),
    (CARD, set_to("StudyDate", "20260230"), "StudyDate is not a valid DA"),
    (CARD, set_to("BitsStored", [8, 8]), "BitsStored is not a valid US of VM 1"),
    (CARD, set_to("SOPInstanceUID", "1.2.3"), "SOPInstanceUID is not the UID that was given"),
    (CARD, refers_to_a_stranger, "SourceImageSequence refers to 1 instance"),
    (CARD, has_a_private_attribute, "is not an attribute of the Standard"),
    (REPORT, without("CompletionFlag"), "CompletionFlag is missing"),
    (REPORT, set_to("PatientID", "SOMEBODY-ELSE"), "PatientID differs"),
    (REPORT, set_to("AccessionNumber", ""), "AccessionNumber differs"),
    (REPORT, set_to("IssuerOfPatientID", "ELSEWHERE"), "IssuerOfPatientID differs"),
    (REPORT, set_to("StudyInstanceUID", "1.2.3"), "StudyInstanceUID differs"),
    (REPORT, has_property_instead, "HAS PROPERTIES CONTAINER is not allowed"),
    (REPORT, lacks_a_meaning, "a code without value, scheme or meaning"),
    (REPORT, loses_the_words_of_a_text, "TEXT without TextValue"),
    (REPORT, names_one_input_less, "1 input(s) are not named as evidence"),
]


@pytest.mark.filterwarnings("ignore:The value length", "ignore:Invalid value")
@pytest.mark.parametrize(("kind", "change", "said"), BREAKS, ids=[said for _, _, said in BREAKS])
def test_a_broken_object_is_refused_with_the_reason(kind: int, change: Callable[[Dataset], None], said: str) -> None:
    assert [fault for fault in faults(broken(kind, change), composition()) if said in fault]


@pytest.mark.parametrize("kind", [CARD, REPORT])
def test_what_is_composed_passes(kind: int) -> None:
    assert faults(compose(composition()).objects[kind], composition()) == ()


def test_an_object_under_the_uid_of_an_input_is_refused() -> None:
    made = composition()
    taken = made.selected[0].reference.sop_instance_uid
    thief = replace(broken(CARD, set_to("SOPInstanceUID", taken)), sop_instance_uid=taken)
    assert "SOPInstanceUID belongs to an input" in faults(thief, made)


def test_the_refusal_names_the_object_and_no_value() -> None:
    with pytest.raises(ResultInvalid, match="the sr fails its check: PatientID differs") as caught:
        refuse_invalid(broken(REPORT, set_to("PatientID", "SOMEBODY-ELSE")), composition())
    assert "SOMEBODY-ELSE" not in str(caught.value)
    assert ObjectKind.REPORT in str(caught.value)
