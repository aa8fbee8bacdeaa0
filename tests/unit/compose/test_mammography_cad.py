"""A breast composition as mammography workstations read it; and never a CAD report of what was not looked for."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from pydicom import Dataset, dcmread
from tests.composition_factories import (
    NOTICE,
    PERCENT,
    composition,
    composition_of,
    density,
    every_kind_of_finding,
)
from tests.dicom_factories import ct_series, headers_of

from orchestrator.compose import compose
from orchestrator.compose.check import faults
from orchestrator.handoffs import ComposedObject, ObjectKind
from wetread_contract.findings import Category, Classification, Code, Findings, Measurement, Unsuitable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.handoffs import Composition

LESION = Classification(Code("373572006", "SCT", "Clinical finding"), Category(Code("4147007", "SCT", "Mass"), "mass"))


def cad(made: Composition, reports: tuple[str, ...] = ("sr", "cad")) -> Composition:
    return replace(made, settings=replace(made.settings, reports=reports))


def kinds(made: Composition) -> list[ObjectKind]:
    return [composed.kind for composed in compose(made).objects]


def composed_cad(made: Composition) -> ComposedObject:
    (found,) = [composed for composed in compose(cad(made)).objects if composed.kind is ObjectKind.CAD]
    return found


def cad_of(made: Composition) -> Dataset:
    return dcmread(BytesIO(composed_cad(made).content))


def named(item: Dataset, meaning: str) -> Iterator[Dataset]:
    """Items of this name, at any depth, in the order of the document."""
    for child in item.get("ContentSequence", []):
        if "ConceptNameCodeSequence" in child and child.ConceptNameCodeSequence[0].CodeMeaning == meaning:
            yield child
        yield from named(child, meaning)


def code(item: Dataset) -> str:
    return str(item.ConceptCodeSequence[0].CodeMeaning)


def structure(report: Dataset) -> list[tuple[str, str]]:
    """Relationship and name of what is right below the root."""
    return [(one.RelationshipType, one.ConceptNameCodeSequence[0].CodeMeaning) for one in report.ContentSequence]


def test_the_document_has_the_rows_of_its_root_template_in_their_order() -> None:
    report = cad_of(composition())
    assert report.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.50"
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "4000"
    assert structure(report) == [
        ("HAS CONCEPT MOD", "Language of Content Item and Descendants"),
        ("CONTAINS", "Image Library"),
        ("CONTAINS", "CAD Processing and Findings Summary"),
        ("CONTAINS", "Summary of Detections"),
        ("CONTAINS", "Summary of Analyses"),
    ]


def test_the_image_library_names_every_input_with_side_and_view() -> None:
    made = composition()
    (library,) = named(cad_of(made), "Image Library")
    said = [
        (
            str(image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID),
            *(one.ConceptCodeSequence[0].CodeValue for one in image.ContentSequence),
        )
        for image in library.ContentSequence
    ]
    sides, views = {"R": "73056007", "L": "80248007"}, {"CC": "399162004", "MLO": "399368009"}
    assert said == [
        (each.reference.sop_instance_uid, sides[each.facts["mg.laterality"]], views[each.facts["mg.view"]])
        for each in made.selected
    ]


def test_each_scope_is_an_impression_with_its_bi_rads_category_and_certainty() -> None:
    report = cad_of(composition())
    (summary,) = named(report, "CAD Processing and Findings Summary")
    impressions = list(named(summary, "Individual Impression/Recommendation"))
    said = [next(named(one, "Impression Description")).TextValue for one in impressions]
    assert code(summary) == "All algorithms succeeded; with findings"
    assert said[:3] == [
        "study: Heterogeneously dense (C)",
        "right breast: Heterogeneously dense (C)",
        "left breast: Scattered fibroglandular densities (B)",
    ]
    assert [one.partition(":")[0] for one in said[3:]] == ["R CC", "L CC", "R MLO", "L MLO"]
    for impression in impressions:
        (finding,) = named(impression, "Single Image Finding")
        assert code(finding) == "Breast composition"
        assert [code(one) for one in named(impression, "Rendering Intent")] == [
            "Presentation Optional: Rendering device may present"
        ] * 2
        assert next(named(finding, "Algorithm Name")).TextValue == "brdensity"
    values = [next(named(one, "Breast composition")).ConceptCodeSequence[0].CodeValue for one in impressions]
    certainties = [next(named(one, "Certainty of Finding")) for one in impressions]
    assert values[:3] == ["129718006", "129718006", "129717001"]
    assert [float(one.MeasuredValueSequence[0].NumericValue) for one in certainties[:3]] == [79, 79, 64]


def test_uncalibrated_scores_are_no_certainty() -> None:
    report = cad_of(composition(Findings((density(calibrated=False),))))
    assert list(named(report, "Certainty of Finding")) == []


def test_a_percentage_is_percent_fibroglandular_tissue() -> None:
    percentage = Measurement(Code("111046", "DCM", "Percent Breast Density"), 23.4, PERCENT)
    (number,) = named(cad_of(composition(Findings((percentage,)))), "Percent Fibroglandular Tissue")
    assert float(number.MeasuredValueSequence[0].NumericValue) == 23.4


def test_the_analysis_names_the_images_of_the_library_by_reference() -> None:
    made = composition()
    (performed,) = named(cad_of(made), "Analysis Performed")
    paths = [list(one.ReferencedContentItemIdentifier) for one in performed.ContentSequence if "ValueType" not in one]
    assert code(performed) == "Breast composition analysis"
    assert paths == [[1, 2, number] for number in range(1, len(made.selected) + 1)]


def test_nothing_was_detected_because_nothing_was_looked_for() -> None:
    (detections,) = named(cad_of(composition()), "Summary of Detections")
    assert (code(detections), "ContentSequence" in detections) == ("Not Attempted", False)


def test_the_summary_says_what_a_reader_must_know() -> None:
    made = composition()
    answer = Findings((density(), *every_kind_of_finding(made.selected)), (NOTICE,))
    (summary,) = named(cad_of(composition(answer)), "CAD Processing and Findings Summary")
    said = str(summary.ContentSequence[0].TextValue)
    assert said.startswith("PRELIMINARY - computed, not reviewed")
    assert NOTICE in said
    assert "5 other finding(s) of the model are not part of this object" in said


def test_an_unsuitable_study_is_a_failed_analysis_with_the_reason() -> None:
    report = cad_of(composition(Unsuitable("missing_view", "The right MLO view is missing.")))
    (summary,) = named(report, "CAD Processing and Findings Summary")
    assert code(summary) == "No algorithms succeeded; without findings"
    assert "The right MLO view is missing." in summary.ContentSequence[0].TextValue
    assert [code(one) for one in named(report, "Summary of Analyses")] == ["Failed"]
    assert len(list(named(report, "Failed Analyses"))) == 1


@pytest.mark.parametrize(
    ("wanted", "has"),
    [
        (("sr",), [ObjectKind.CARD, ObjectKind.REPORT]),
        (("cad",), [ObjectKind.CARD, ObjectKind.CAD]),
        (("cad", "sr"), [ObjectKind.CARD, ObjectKind.CAD, ObjectKind.REPORT]),
    ],
)
def test_a_site_chooses_its_reports(wanted: tuple[str, ...], has: list[ObjectKind]) -> None:
    assert kinds(cad(composition(), wanted)) == has


@pytest.mark.parametrize(
    "made",
    [
        composition_of(*map(headers_of, ct_series(2)), answer=Findings((density(),))),
        composition(Findings((LESION,))),
        composition(Findings(())),
    ],
    ids=["no mammograms", "no breast composition", "nothing"],
)
def test_of_what_the_template_has_no_place_for_there_is_the_other_report(made: Composition) -> None:
    assert kinds(cad(made, ("cad",))) == [ObjectKind.CARD, ObjectKind.REPORT]


def test_the_same_composition_gives_the_same_bytes() -> None:
    assert composed_cad(composition()) == composed_cad(composition())


@pytest.mark.parametrize(
    ("old", "new"), [(b"\1\0\0\0\2\0\0\0\4", b"\1\0\0\0\2\0\0\0\5"), (b"\2\0\0\0\4", b"\6\0\0\0\4")]
)
def test_the_check_finds_an_item_that_stands_for_none(old: bytes, new: bytes) -> None:
    made = cad(composition())
    composed = composed_cad(made)
    assert composed.content.count(old) == 1
    found = faults(replace(composed, content=composed.content.replace(old, new)), made)
    assert len(found) == 1
    assert "CODE HAS PROPERTIES nothing is not allowed" in found[0]
