"""What a selection must amount to, and what derived attributes of series say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.declarations import declared, headers, judged, matched, truth

from wetread_contract.judge import judge
from wetread_contract.judgement import Outcome, Truth

if TYPE_CHECKING:
    from wetread_contract.headers import Headers

AXIAL = [1, 0, 0, 0, 1, 0]


def slices(*positions: float, series: int = 1) -> list[Headers]:
    return [
        headers(number, series, Modality="CT", ImageOrientationPatient=AXIAL, ImagePositionPatient=[0, 0, z])
        for number, z in enumerate(positions, 1)
    ]


@pytest.mark.parametrize(
    ("require", "met"),
    [
        ("[{count: {at_least: 3}}]", True),
        ("[{count: {at_least: 4}}]", False),
        ("[{consistent: ImageOrientationPatient}]", True),
        ("[{consistent: ImagePositionPatient}]", False),
        ("[{all: {slice_spacing_mm: {between: [2.4, 2.6]}}}]", True),
        ("[{all: {slice_gaps: {at_most: 0}}}]", True),
        ("[{any: {SliceThickness: 1}}]", False),
        ("[{none: {SliceThickness: 1}}]", False),
        ("[{none: {Modality: MR}}]", True),
        ("[{either: [{count: {at_least: 9}}, [{count: {at_least: 2}}, {none: {Modality: MR}}]]}]", True),
        ("[{either: [{count: {at_least: 9}}, [{count: {at_least: 2}}, {any: {Modality: MR}}]]}]", False),
    ],
)
def test_requirements_over_the_selection(require: str, met: bool) -> None:  # noqa: FBT001 - a table
    judgement = judged(declared("{Modality: CT}", f"require: {require}"), *slices(0, 2.5, 5))
    assert judgement.outcome is (Outcome.MATCHED if met else Outcome.INCOMPLETE)
    assert bool(judgement.reasons) is not met


def test_a_missing_slice_is_a_gap() -> None:
    declaration = declared("{Modality: CT}", "require: [{all: {slice_gaps: 0}}]")
    assert matched(declaration, *slices(0, 1, 2, 3))
    assert not matched(declaration, *slices(0, 1, 2, 4))


@pytest.mark.parametrize(
    ("choose", "chosen"), [("latest_acquisition", ["2"]), ("earliest_acquisition", ["1"]), ("all", ["1", "2"])]
)
def test_a_choice_among_repeats_is_by_acquisition(choose: str, chosen: list[str]) -> None:
    declaration = declared("{Modality: CT}", f"require: [{{each_of: {{Modality: [CT]}}, choose: {choose}}}]")
    earlier = headers(1, Modality="CT", AcquisitionDate="20240311", AcquisitionTime="0930")
    later = headers(2, Modality="CT", AcquisitionDateTime="20240311093000.5")
    silent = headers(3, Modality="CT")
    expected = ["3", "1", "2"] if choose == "all" else chosen if choose == "latest_acquisition" else ["3"]
    judgement = judged(declaration, later, silent, earlier)
    assert [one.reference.sop_instance_uid[-1] for one in judgement.selected] == expected


def test_with_level_series_there_is_an_answer_for_each_series_that_is_not_missed() -> None:
    declaration = declared("{Modality: CT, Rows: 512}", "level: series\nrequire: [{count: {at_least: 2}}]")
    study = [
        headers(1, 1, Modality="CT", Rows=512),
        headers(2, 1, Modality="CT", Rows=512),
        headers(1, 2, Modality="CT", Rows=512),
        headers(1, 3, Modality="CT", Rows=64),
        headers(1, 4, Modality="SR"),
    ]
    found = [(one.series_instance_uid, one.outcome) for one in judge(declaration, study)]
    assert found == [("2.25.21", Outcome.MATCHED), ("2.25.22", Outcome.INCOMPLETE)]
    (missed,) = judge(declaration, study[3:])
    assert (missed.outcome, missed.series_instance_uid) == (Outcome.MISSED, "")


def test_a_study_without_instances_is_missed() -> None:
    assert judged(declared()).reasons == ("no instance takes part",)


@pytest.mark.parametrize(
    ("orientation", "plane"),
    [
        (AXIAL, "axial"),
        ([1, 0, 0, 0, 0, -1], "coronal"),
        ([0, 1, 0, 0, 0, -1], "sagittal"),
        ([0.7071, 0.7071, 0, 0, 0, -1], "oblique"),
        ([1, 0, 0, 0, 0.9848, -0.1736], "axial"),
    ],
)
def test_the_plane_comes_from_the_orientation(orientation: list[float], plane: str) -> None:
    assert truth(f"{{plane: {plane}}}", ImageOrientationPatient=orientation) is Truth.TRUE


@pytest.mark.parametrize("orientation", [[], [1, 0, 0], ["x"] * 6, [0] * 6])
def test_a_malformed_orientation_has_no_plane(orientation: list[object]) -> None:
    assert truth("{plane: axial}", ImageOrientationPatient=orientation) is Truth.UNKNOWN


@pytest.mark.parametrize(
    ("attributes", "rule", "answer"),
    [
        ({"PatientBirthDate": "20060311", "StudyDate": "20240311"}, "{at_least: 18Y}", Truth.TRUE),
        ({"PatientBirthDate": "20060312", "StudyDate": "20240311"}, "{at_least: 18Y}", Truth.FALSE),
        ({"PatientBirthDate": "20060312", "StudyDate": "20240311"}, "{at_most: 17Y}", Truth.TRUE),
        ({"PatientBirthDate": "00000000", "PatientAge": "057Y"}, "{at_least: 18Y}", Truth.TRUE),
        ({"PatientBirthDate": "20240301", "StudyDate": "20240311"}, "{at_most: 2W}", Truth.TRUE),
        ({}, "{at_least: 18Y}", Truth.UNKNOWN),
    ],
)
def test_the_age_at_the_study(attributes: dict[str, object], rule: str, answer: Truth) -> None:
    assert truth(f"{{age_at_study: {rule}}}", **attributes) is answer


def test_only_raw_pixels_are_missed_not_unsuitable() -> None:
    rules = "{Modality: MG, PresentationIntentType: FOR PRESENTATION, mg.kind: ffdm}"
    raw = headers(Modality="MG", PresentationIntentType="FOR PROCESSING", SOPClassUID="1.2.840.10008.5.1.4.1.1.1.2.1")
    judgement = judged(declared(rules), raw)
    assert judgement.outcome is Outcome.MISSED
    assert judgement.reasons == ("PresentationIntentType is FOR PROCESSING, not FOR PRESENTATION (1 of 1 instances)",)


def test_quantifiers_are_explained_by_their_own_words() -> None:
    declaration = declared("{Modality: CT, series: {any: {SliceThickness: 1}, count: {at_least: 2}}}")
    _, series = judged(declaration, *slices(0, 1)).tree
    assert [clause.text for clause in series.children] == [
        "any of the instances (SliceThickness is 1)",
        "count at_least 2",
    ]
    assert [clause.text for clause in series.children[0].children] == ["SliceThickness is 1"]


@pytest.mark.parametrize("title", ["113001", "113037", "113038", "113039"])
def test_what_a_rejection_note_names_is_never_selected(title: str) -> None:
    note = headers(
        9,
        9,
        Modality="KO",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.59",
        ConceptNameCodeSequence=[{"CodeValue": title, "CodingSchemeDesignator": "DCM"}],
        ContentSequence=[{"ReferencedSOPSequence": [{"ReferencedSOPInstanceUID": "2.25.312"}]}],
    )
    judgement = judged(declared("{Modality: CT}"), *slices(0, 1, 2), note)
    assert [one.reference.sop_instance_uid for one in judgement.selected] == ["2.25.311", "2.25.313"]
    assert [one.reason for one in judgement.left_out if one.reference.sop_instance_uid == "2.25.312"] == ["rejected"]


def test_a_key_object_selection_that_does_not_reject_changes_nothing() -> None:
    note = headers(
        9,
        9,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.59",
        ConceptNameCodeSequence=[{"CodeValue": "113000", "CodingSchemeDesignator": "DCM"}],
        ContentSequence=[{"ReferencedSOPSequence": [{"ReferencedSOPInstanceUID": "2.25.312"}]}],
    )
    assert len(judged(declared("{Modality: CT}"), *slices(0, 1, 2), note).selected) == 3


@pytest.mark.parametrize(("held", "answer"), [({}, 1), ({"NumberOfFrames": "62"}, 62)])
def test_an_object_without_number_of_frames_has_one(held: dict[str, object], answer: int) -> None:
    assert truth(f"{{frames: {answer}}}", **held) is Truth.TRUE
