"""What conditions say about what instances hold: true, false, and unknown where the header does not tell."""

from __future__ import annotations

import pytest
from tests.declarations import declared, headers, judged, truth

from wetread_contract.judgement import Truth

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


@pytest.mark.parametrize(
    ("condition", "held", "answer"),
    [
        ("Modality: CT", {"Modality": "CT"}, TRUE),
        ("Modality: CT", {"Modality": "ct "}, TRUE),
        ("Modality: ct", {"Modality": "CT"}, TRUE),
        ("Modality: CT", {"Modality": "MR"}, FALSE),
        ("Modality: CT", {}, UNKNOWN),
        ("Modality: CT", {"Modality": ""}, UNKNOWN),
        ("Modality: {not: CT}", {}, UNKNOWN),
        ("Modality: {not: CT}", {"Modality": "MR"}, TRUE),
        ("Modality: {not: {one_of: [CT, MR]}}", {"Modality": "MR"}, FALSE),
        ("Modality: {one_of: [CT, MR]}", {"Modality": "MR"}, TRUE),
        ("Modality: {one_of: [CT, MR], when_absent: true}", {}, TRUE),
        ("Modality: {one_of: [CT, MR], when_absent: false}", {}, FALSE),
        ("Modality: {not: CT, when_absent: false}", {"Modality": ""}, FALSE),
        ("Modality: {matches: 'C.*'}", {"Modality": "CT"}, TRUE),
        ("Modality: {matches: 'c.'}", {"Modality": "CT"}, TRUE),
        ("Modality: {matches: 'C'}", {"Modality": "CT"}, FALSE),
        ("SeriesDescription: Axial", {"SeriesDescription": " Axial "}, TRUE),
        ("SeriesDescription: axial", {"SeriesDescription": "Axial"}, FALSE),
        ("SeriesDescription: {matches: '(?i)ax.*'}", {"SeriesDescription": "Axial"}, TRUE),
        ("SeriesDescription: NO", {"SeriesDescription": "NO"}, TRUE),
        ("StudyID: '01'", {"StudyID": "1"}, FALSE),
        ("PatientName: PHANTOM^QA", {"PatientName": "PHANTOM^QA^^^ "}, TRUE),
        ("PatientName: PHANTOM^QA", {"PatientName": "PHANTOM ^ QA=="}, TRUE),
        ("PatientName: PHANTOM^QA", {"PatientName": "PHANTOM^QB"}, FALSE),
        ("PatientName: PHANTOM^QA", {"PatientName": "^^"}, UNKNOWN),
        ("PatientName: {matches: '(?i)phantom.*'}", {"PatientName": "PHANTOM^QA"}, TRUE),
    ],
)
def test_texts(condition: str, held: dict[str, object], answer: Truth) -> None:
    assert truth(f"{{{condition}}}", **held) is answer


@pytest.mark.parametrize(
    ("condition", "held", "answer"),
    [
        ("SliceThickness: 1.25", {"SliceThickness": "1.25000 "}, TRUE),
        ("SliceThickness: {at_most: 3.0}", {"SliceThickness": "5"}, FALSE),
        ("SliceThickness: {at_most: 10}", {"SliceThickness": "9"}, TRUE),
        ("SliceThickness: {at_least: 1, at_most: 3}", {"SliceThickness": "2"}, TRUE),
        ("SliceThickness: {between: [1, 3]}", {"SliceThickness": "3.0"}, TRUE),
        ("SliceThickness: {between: [1, 3]}", {"SliceThickness": "3.01"}, FALSE),
        ("SliceThickness: {at_most: 3}", {"SliceThickness": "thin"}, UNKNOWN),
        ("SliceThickness: {at_most: 3}", {"SliceThickness": "NaN"}, UNKNOWN),
        ("SliceThickness: {at_most: 3}", {"SliceThickness": "1e999"}, UNKNOWN),
        ("SliceThickness: {at_most: 3, when_absent: true}", {"SliceThickness": "thin"}, UNKNOWN),
        ("SliceThickness: {at_most: 3}", {"SliceThickness": "1\\2"}, UNKNOWN),
        ("SliceThickness: {at_most: 3}", {"SliceThickness": None}, UNKNOWN),
        ("Rows: 512", {"Rows": 512}, TRUE),
        ("EstimatedRadiographicMagnificationFactor: 1.5", {"EstimatedRadiographicMagnificationFactor": "1.5"}, TRUE),
        ("ExaminedBodyThickness: 1.0433", {"ExaminedBodyThickness": 1.0432999134063721}, TRUE),
        ("StudyDate: {at_least: 2024-01-01}", {"StudyDate": "20240311"}, TRUE),
        ("StudyDate: {at_least: 20240401}", {"StudyDate": "2024.03.11"}, FALSE),
        ("StudyDate: {at_least: 2024-01-01}", {"StudyDate": "20241301"}, UNKNOWN),
        ("StudyTime: {between: ['08:00', '09:30']}", {"StudyTime": "093000.000"}, TRUE),
        ("StudyTime: {between: ['08:00', '09:30']}", {"StudyTime": "093000.5"}, FALSE),
        ("AcquisitionDateTime: {at_least: 20240311}", {"AcquisitionDateTime": "20240311093015.25"}, TRUE),
        ("AcquisitionDateTime: {at_least: 20240311+0100}", {"AcquisitionDateTime": "20240311093015"}, UNKNOWN),
        ("AcquisitionDateTime: {at_least: 202403110900+0100}", {"AcquisitionDateTime": "202403110830+0000"}, TRUE),
        ("PatientAge: {at_least: 18Y}", {"PatientAge": "018Y"}, TRUE),
        ("PatientAge: {at_least: 18Y}", {"PatientAge": "215M"}, FALSE),
        ("PatientAge: {at_most: 17Y}", {"PatientAge": "215M"}, TRUE),
        ("PatientAge: {at_least: 6M}", {"PatientAge": "001Y"}, TRUE),
        ("PatientAge: {at_most: 4W}", {"PatientAge": "027D"}, TRUE),
        ("PatientAge: {at_least: 18Y}", {"PatientAge": "57"}, UNKNOWN),
    ],
)
def test_numbers_moments_and_ages(condition: str, held: dict[str, object], answer: Truth) -> None:
    assert truth(f"{{{condition}}}", **held) is answer


@pytest.mark.parametrize(
    ("condition", "held", "answer"),
    [
        ("{contains: PRIMARY}", ["ORIGINAL", "PRIMARY"], TRUE),
        ("{contains: primary}", "ORIGINAL\\PRIMARY\\", TRUE),
        ("{contains: SECONDARY}", ["ORIGINAL", "PRIMARY"], FALSE),
        ("{contains: PRIMARY}", "", FALSE),
        ("{not: {contains: PRIMARY}}", [], TRUE),
        ("{any_of: [AXIAL, PRIMARY]}", ["ORIGINAL", "PRIMARY"], TRUE),
        ("{all_of: [AXIAL, PRIMARY]}", ["ORIGINAL", "PRIMARY"], FALSE),
        ("{other_than: [ORIGINAL, PRIMARY]}", ["ORIGINAL", "PRIMARY", ""], FALSE),
        ("{other_than: [ORIGINAL, PRIMARY]}", ["ORIGINAL", "PRIMARY", "AXIAL"], TRUE),
        ("{other_than: [ORIGINAL]}", "", FALSE),
        ("[ORIGINAL, PRIMARY]", ["ORIGINAL", "PRIMARY", ""], TRUE),
        ("[PRIMARY, ORIGINAL]", ["ORIGINAL", "PRIMARY"], FALSE),
        ("{contains: {matches: 'AX.*'}}", ["ORIGINAL", "AXIAL"], TRUE),
    ],
)
def test_several_values(condition: str, held: object, answer: Truth) -> None:
    assert truth(f"{{ImageType: {condition}}}", ImageType=held) is answer
    assert truth(f"{{ImageType: {condition}}}") is UNKNOWN


@pytest.mark.parametrize(
    ("condition", "held", "answer"),
    [
        ("'ImageType[3]': AXIAL", {"ImageType": "ORIGINAL\\PRIMARY\\AXIAL"}, TRUE),
        ("'ImageType[3]': AXIAL", {"ImageType": "ORIGINAL\\PRIMARY"}, UNKNOWN),
        ("'ImageType[3]': {empty: true}", {"ImageType": "ORIGINAL\\PRIMARY\\\\NONE"}, TRUE),
        ("'PixelSpacing[1]': {at_most: 0.1}", {"PixelSpacing": [0.07, 0.07]}, TRUE),
        ("PixelSpacing: {contains: {at_least: 0.1}}", {"PixelSpacing": [0.07, 0.07]}, FALSE),
        ("PixelSpacing: {contains: {at_least: 0.1}}", {"PixelSpacing": ["x", 0.2]}, TRUE),
        ("PixelSpacing: {contains: {at_least: 0.1}}", {"PixelSpacing": ["x", 0.07]}, UNKNOWN),
        ("BodyPartExamined: {present: true}", {"BodyPartExamined": ""}, TRUE),
        ("BodyPartExamined: {absent: true}", {}, TRUE),
        ("BodyPartExamined: {absent: false}", {}, FALSE),
        ("BodyPartExamined: {empty: true}", {"BodyPartExamined": " "}, TRUE),
        ("BodyPartExamined: {empty: true}", {}, FALSE),
        ("BodyPartExamined: {empty: false}", {"BodyPartExamined": "CHEST"}, TRUE),
        ("PixelData: {present: true}", {"PixelData": None}, TRUE),
    ],
)
def test_positions_and_existence(condition: str, held: dict[str, object], answer: Truth) -> None:
    assert truth(f"{{{condition}}}", **held) is answer


CC = {"CodeValue": "R-10242", "CodingSchemeDesignator": "SNM3", "CodeMeaning": "craniocaudal"}
MAGNIFIED = {"CodeValue": "399163009", "CodingSchemeDesignator": "SCT"}


@pytest.mark.parametrize(
    ("condition", "held", "answer"),
    [
        ("ViewCodeSequence: {contains: '(R-10242, SRT)'}", [CC], TRUE),
        ("ViewCodeSequence: {contains: '(r-10242, SRT, \"anything\")'}", [CC], TRUE),
        ("ViewCodeSequence: {contains: '(399162004, SCT)'}", [CC], FALSE),
        ("ViewCodeSequence: {contains: '(399162004, SCT)'}", [], FALSE),
        ("ViewCodeSequence: {contains: '(399162004, SCT)'}", [{"CodeMeaning": "no code"}], UNKNOWN),
        (
            "ViewCodeSequence.ViewModifierCodeSequence: {contains: '(399163009, SCT)'}",
            [CC | {"ViewModifierCodeSequence": [MAGNIFIED]}],
            TRUE,
        ),
        (
            "ViewCodeSequence.ViewModifierCodeSequence: {contains: '(399163009, SCT)'}",
            [CC | {"ViewModifierCodeSequence": []}],
            UNKNOWN,
        ),
        ("ViewCodeSequence.CodeMeaning: {contains: craniocaudal}", [CC], TRUE),
        ("ViewCodeSequence.CodeMeaning: {contains: craniocaudal}", [], FALSE),
        ("ViewCodeSequence.CodeMeaning: {contains: MLO}", [CC, MAGNIFIED], UNKNOWN),
    ],
)
def test_sequences_by_path(condition: str, held: list[dict[str, object]], answer: Truth) -> None:
    assert truth(f"{{{condition}}}", ViewCodeSequence=held) is answer


def test_private_attributes_by_creator() -> None:
    held = {"(0019,xx0C) SIEMENS MR HEADER": "1000"}
    assert truth("{'(0019,xx0C) SIEMENS MR HEADER': {contains: 1000}}", **held) is TRUE
    assert truth("{'(0019,xx0C) SIEMENS MR HEADER: IS': {contains: {at_least: 2000}}}", **held) is FALSE
    assert truth("{'(0019,xx0C) SIEMENS MR HEADER[1]': 1000}") is UNKNOWN


@pytest.mark.parametrize(
    ("block", "answer"),
    [
        ("all: {Modality: CT, Rows: 1}", UNKNOWN),
        ("all: {Modality: MR, Rows: 1}", FALSE),
        ("any: {Modality: CT, Rows: 1}", TRUE),
        ("any: {Modality: MR, Rows: 1}", UNKNOWN),
        ("none: {Modality: MR, Rows: 1}", UNKNOWN),
        ("none: {Modality: CT, Rows: 1}", FALSE),
        ("none: {Modality: MR}", TRUE),
        ("any: [{Modality: MR}, {Modality: CT, BodyPartExamined: CHEST}]", TRUE),
        ("any: [{Modality: MR}, {none: {any: {Modality: CT}}}]", FALSE),
    ],
)
def test_blocks_nest(block: str, answer: Truth) -> None:
    assert truth(f"{{{block}}}", Modality="CT", BodyPartExamined="CHEST") is answer


@pytest.mark.parametrize(
    ("block", "selected"),
    [
        ("series: {any: {SliceThickness: 1}}", [11, 12]),
        ("series: {all: {SliceThickness: 1}}", []),
        ("series: {all: {SliceThickness: {at_most: 5}}}", [11, 12, 21]),
        ("series: {none: {SliceThickness: 1}}", [21]),
        ("series: {count: {at_least: 2}}", [11, 12, 31, 32]),
        ("series: {count: {at_most: 1}}", [21]),
        ("series: {count: {where: {SliceThickness: 5}, at_least: 1}}", [11, 12, 21]),
        ("series: {count: {where: {SliceThickness: 5}, at_most: 1}}", [11, 12, 21]),
        ("series: {count: {where: {SliceThickness: 9}, at_most: 0}}", [11, 12, 21]),
        ("series: {consistent: [Modality, SliceThickness]}", [21]),
        ("series: {consistent: Modality}", [11, 12, 21, 31, 32]),
        ("study: {any: {SliceThickness: 1}}", [11, 12, 21, 31, 32]),
        ("study: {all: {SliceThickness: {at_most: 5}}}", []),
        ("study: {count: {where: {SliceThickness: 5}, at_least: 2}}", [11, 12, 21, 31, 32]),
    ],
)
def test_quantifiers_ask_the_neighbours(block: str, selected: list[int]) -> None:
    """Series 1 has thickness 1 and 5, series 2 has 5, series 3 has one of 5 (or unknown) and one unknown."""
    study = [
        headers(1, 1, Modality="CT", SliceThickness=1),
        headers(2, 1, Modality="CT", SliceThickness=5),
        headers(1, 2, Modality="CT", SliceThickness=5),
        headers(1, 3, Modality="CT", SliceThickness="x"),
        headers(2, 3, Modality="CT"),
    ]
    judgement = judged(declared(f"{{{block}}}"), *study)
    found = [int(one.reference.sop_instance_uid.removeprefix("2.25.3")) for one in judgement.selected]
    assert found == selected


def test_a_hostile_expression_takes_linear_time() -> None:
    assert truth("{StudyDescription: {matches: '(a+)+b'}}", StudyDescription="a" * 60) is FALSE


def test_the_explanation_never_shows_an_identifying_value() -> None:
    rules = "{PatientName: Nobody, PatientID: '1', AccessionNumber: A, PatientBirthDate: 19700101, StudyDate: 20200101}"
    secret = {
        "PatientName": "Doe^Jane",
        "PatientID": "4711",
        "AccessionNumber": "ACC99",
        "PatientBirthDate": "19631231",
        "StudyDate": "20240311",
    }
    judgement = judged(declared(rules), headers(**secret))
    said = repr(judgement)
    for value in (*secret.values(), "1963", "2024"):
        assert value not in said
    assert all(clause.example == "(value withheld)" for clause in judgement.tree)
    assert "PatientID is (value withheld)" in judgement.reasons[0] or "withheld" in said
