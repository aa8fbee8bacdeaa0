from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from highdicom.sr import Comprehensive3DSR
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from tests import dicom_factories as dicom
from tests.composition_factories import (
    NOTICE,
    RECEIVED_AT,
    composition,
    composition_of,
    declaration,
    density_findings,
    every_kind_of_finding,
    left_out,
)

from orchestrator.compose import compose
from orchestrator.compose.check import faults
from orchestrator.handoffs import ObjectKind, Replaced
from wetread_contract.findings import Findings, Unsuitable
from wetread_contract.judgement import InstanceReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.handoffs import Composition


def report_of(made: Composition) -> Dataset:
    (composed,) = (each for each in compose(made).objects if each.kind is ObjectKind.REPORT)
    return dcmread(BytesIO(composed.content))


def groups(report: Dataset) -> list[Dataset]:
    (measurements,) = (item for item in report.ContentSequence if name(item) == "Imaging Measurements")
    return list(measurements.ContentSequence)


def name(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeMeaning)


def values(group: Dataset, wanted: str) -> Iterator[Dataset]:
    return (item for item in group.ContentSequence if name(item) == wanted)


def texts(group: Dataset, wanted: str) -> list[str]:
    return [str(item.TextValue) for item in values(group, wanted)]


def modifiers(item: Dataset) -> dict[str, str]:
    return {name(child): str(child.ConceptCodeSequence[0].CodeValue) for child in item.ContentSequence}


def test_highdicom_reads_the_report_as_tid_1500() -> None:
    report = Comprehensive3DSR.from_dataset(report_of(composition()))
    found = report.content.get_image_measurement_groups()
    assert len(found) == 7
    assert report.content.get_observer_contexts()


def test_the_report_is_preliminary_complete_and_unverified() -> None:
    report = report_of(composition())
    assert (report.PreliminaryFlag, report.CompletionFlag, report.VerificationFlag) == (
        "PRELIMINARY",
        "COMPLETE",
        "UNVERIFIED",
    )
    assert report.ContentQualification == "RESEARCH"
    assert report.SeriesDescription == "Wetread BI-RADS breast density [RESEARCH]"
    assert (report.ContentDate, report.ContentTime, report.TimezoneOffsetFromUTC) == ("20260302", "104200", "+0100")


def test_the_grade_is_there_for_the_study_each_breast_and_each_view() -> None:
    found = groups(report_of(composition()))
    grades = [next(values(group, "Breast composition")).ConceptCodeSequence[0].CodeValue for group in found]
    c, b = "129718006", "129717001"
    assert grades == [c, c, b, c, b, c, b]


def test_a_breast_is_named_by_site_and_laterality() -> None:
    _, right, left, *_ = groups(report_of(composition()))
    sites = [next(values(group, "Finding Site")) for group in (right, left)]
    assert [site.ConceptCodeSequence[0].CodeValue for site in sites] == ["76752008", "76752008"]
    assert [modifiers(site)["Laterality"] for site in sites] == ["24028007", "7771000"]


def test_each_group_refers_to_the_images_that_it_speaks_of() -> None:
    made = composition()
    study, right, _, first_view, *_ = groups(report_of(made))
    uids = [
        [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in values(group, "Source of Measurement")]
        for group in (study, right, first_view)
    ]
    selected = [each.reference.sop_instance_uid for each in made.selected]
    assert uids == [selected, [selected[0], selected[2]], [selected[0]]]


def test_calibrated_scores_are_probabilities_in_per_cent() -> None:
    study = groups(report_of(composition()))[0]
    numbers = list(values(study, "Probability"))
    measured = [number.MeasuredValueSequence[0] for number in numbers]
    assert [float(value.NumericValue) for value in measured] == [1.0, 12.0, 79.0, 8.0]
    assert {value.MeasurementUnitsCodeSequence[0].CodeValue for value in measured} == {"%"}
    assert modifiers(numbers[2]) == {"Breast composition": "129718006"}


def test_uncalibrated_scores_are_never_called_probabilities() -> None:
    made = composition()
    answer = Findings(density_findings(made.selected, calibrated=False), ())
    study = groups(report_of(composition(answer)))[0]
    assert not list(values(study, "Probability"))
    scores = list(values(study, "Model score, not a probability"))
    assert [float(score.MeasuredValueSequence[0].NumericValue) for score in scores] == [0.01, 0.12, 0.79, 0.08]
    assert scores[0].ConceptNameCodeSequence[0].CodingSchemeDesignator == "99WETREAD"


def test_every_kind_of_finding_is_in_the_report_at_its_scope() -> None:
    made = composition()
    study, series, view = groups(report_of(composition(Findings(every_kind_of_finding(made.selected), ()))))
    assert float(next(values(study, "Percent Breast Density")).MeasuredValueSequence[0].NumericValue) == 23.4
    assert "Nothing else was seen." in texts(study, "Comment")
    assert next(values(study, "Image Quality")).ConceptCodeSequence[0].CodeValue == "ACCEPTABLE"
    assert next(values(series, "Clinical finding")).ConceptCodeSequence[0].CodeMeaning == "Absent"
    length = next(values(view, "Length")).MeasuredValueSequence[0]
    assert (float(length.NumericValue), length.MeasurementUnitsCodeSequence[0].CodeValue) == (12.25, "mm")
    limited = next(values(view, "Image Quality"))
    assert (limited.ConceptCodeSequence[0].CodeValue, limited.ContentSequence[0].TextValue) == (
        "LIMITED",
        "low contrast",
    )


def test_the_report_says_what_a_reader_must_know() -> None:
    made = composition()
    said = texts(
        groups(
            report_of(
                replace(
                    made,
                    left_out=(left_out(made.selected[0], "older repeat"),),
                    replaces=Replaced(RECEIVED_AT - timedelta(hours=1), "B"),
                    declaration=declaration(
                        contraindications=["Breasts with implants"], validated_on=["Other Devices Unit 2"]
                    ),
                )
            )
        )[0],
        "Comment",
    )
    assert said == [
        "PRELIMINARY - computed, not reviewed by a radiologist, not for clinical use",
        NOTICE,
        "Intended use: Shows how a model is run; for no clinical use.",
        "Not for: Breasts with implants",
        "Not used: R CC: older repeat",
        "Equipment outside validation: Synthetic Devices Phantom 1; validated on Other Devices Unit 2",
        "Replaces the result of 09:42, was B",
    ]


@pytest.mark.parametrize("entry", ["Synthetic Devices Phantom 1", "phantom 1 by SYNTHETIC devices".replace("by ", "")])
def test_equipment_that_the_model_was_validated_on_is_not_remarked_on(entry: str) -> None:
    study = groups(report_of(composition(declaration=declaration(validated_on=["Another", entry]))))[0]
    assert not [text for text in texts(study, "Comment") if "validation" in text]


def test_the_algorithm_is_identified_with_its_weights() -> None:
    study = groups(report_of(composition()))[0]
    assert texts(study, "Algorithm Name") == ["brdensity"]
    assert texts(study, "Algorithm Version") == ["1.0.0"]
    assert f"weights sha256={'1f' * 32}" in texts(study, "Algorithm Parameters")


def test_another_model_is_another_device() -> None:
    def device(made: Composition) -> str:
        report = report_of(made)
        (observer,) = values(report, "Device Observer UID")
        assert report.ContributingEquipmentSequence[1].DeviceUID == observer.UID
        return str(observer.UID)

    made = composition()
    assert device(made) == device(composition(source=dicom.headers_of(dicom.mammogram(person=dicom.GREEK))))
    assert device(made) != device(replace(made, model=replace(made.model, weights_sha256="00" * 32)))


def test_the_procedure_is_what_the_source_says_was_done() -> None:
    coded = Sequence([dicom.coded("24623-2", "LN", "Screening mammography")])
    source = dicom.headers_of(dicom.mammogram(ProcedureCodeSequence=coded))
    (procedure,) = values(report_of(composition(source=source)), "Procedure reported")
    assert procedure.ConceptCodeSequence[0].CodeValue == "24623-2"


def test_without_procedure_codes_only_the_modality_speaks() -> None:
    (procedure,) = values(report_of(composition()), "Procedure reported")
    assert procedure.ConceptCodeSequence[0].CodeValue == "71651007"
    (procedure,) = values(report_of(composition_of(dicom.headers_of(dicom.ct_slice()))), "Procedure reported")
    assert procedure.ConceptCodeSequence[0].CodeValue == "77477000"


def test_all_inputs_are_evidence() -> None:
    made = composition()
    (study,) = report_of(made).CurrentRequestedProcedureEvidenceSequence
    named = [
        instance.ReferencedSOPInstanceUID
        for series in study.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    ]
    assert named == [each.reference.sop_instance_uid for each in made.selected]


def test_a_report_about_an_unsuitable_study_says_why() -> None:
    made = composition(Unsuitable("missing_view", "The right MLO view is missing."))
    result = compose(made)
    assert [each.kind for each in result.objects] == [ObjectKind.CARD, ObjectKind.REPORT]
    assert result.summary == "unsuitable"
    text = report_of(made).to_json()
    assert "Suitability for the model" in text
    assert "UNACCEPTABLE" in text
    assert "The right MLO view is missing." in text


def test_a_report_that_replaces_another_names_it_as_its_predecessor() -> None:
    made = composition()
    study = made.selected[0].reference.study_instance_uid
    before = InstanceReference(study, "2.25.11", "1.2.840.10008.5.1.4.1.1.88.34", "2.25.12")
    of_another_class = InstanceReference(study, "2.25.13", "1.2.840.10008.5.1.4.1.1.88.50", "2.25.14")
    replaced = Replaced(RECEIVED_AT - timedelta(hours=1), "B", (before, of_another_class))
    (item,) = report_of(replace(made, replaces=replaced)).PredecessorDocumentsSequence
    (series,) = item.ReferencedSeriesSequence
    (document,) = series.ReferencedSOPSequence
    assert (item.StudyInstanceUID, series.SeriesInstanceUID) == (study, "2.25.11")
    assert (document.ReferencedSOPClassUID, document.ReferencedSOPInstanceUID) == (before.sop_class_uid, "2.25.12")
    assert "PredecessorDocumentsSequence" not in report_of(made)


def test_the_check_wants_exactly_the_replaced_reports_as_predecessors() -> None:
    made = composition()
    study = made.selected[0].reference.study_instance_uid
    before = InstanceReference(study, "2.25.11", "1.2.840.10008.5.1.4.1.1.88.34", "2.25.12")
    replacing = replace(made, replaces=Replaced(RECEIVED_AT - timedelta(hours=1), "B", (before,)))
    card, report = compose(replacing).objects
    assert faults(report, replacing) == faults(card, replacing) == ()
    (said,) = faults(report, made)
    assert "PredecessorDocumentsSequence" in said
    assert any("PredecessorDocumentsSequence" in fault for fault in faults(compose(made).objects[1], replacing))
