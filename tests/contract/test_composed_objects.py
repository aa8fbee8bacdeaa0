"""What is composed is right in the eyes of dicom3tools and dcmtk, whatever the source is like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)
from tests import dicom_factories as dicom
from tests.composition_factories import (
    LESION,
    NOTICE,
    RECEIVED_AT,
    composition,
    composition_of,
    declaration,
    density_findings,
    every_kind_of_finding,
    left_out,
    mask,
    masked,
    phantom_previews,
)
from tests.contract.dicom_validators import entity_errors, iod_errors, needs_dcmtk, needs_dicom3tools, report_tree

from orchestrator.compose import compose
from orchestrator.handoffs import ObjectKind, Replaced
from wetread_contract.findings import Findings, Segmentation, Unsuitable
from wetread_contract.judgement import InstanceReference

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset

    from orchestrator.handoffs import Composition

ULTRASOUND_CINE = "1.2.840.10008.5.1.4.1.1.3.1"
STUDY = composition().selected[0].reference.study_instance_uid
pytestmark = pytest.mark.filterwarnings("ignore:Invalid value")


def written(made: Composition, folder: Path) -> dict[str, Path]:
    """The composed files by kind and number."""
    files = {}
    for number, composed in enumerate(compose(made).objects):
        file = folder / f"{composed.kind}{number}.dcm"
        file.write_bytes(composed.content)
        files[composed.kind if composed.kind not in files else f"{composed.kind}{number}"] = file
        assert composed.kind in ObjectKind
    return files


def errors(made: Composition, folder: Path) -> dict[str, list[str]]:
    found = {kind: iod_errors(file) for kind, file in written(made, folder).items()}
    assert found
    return {kind: said for kind, said in found.items() if said}


def of(source: Dataset) -> Composition:
    return composition(source=dicom.headers_of(source))


SOURCES = {
    **{f"name {person.character_set}": dicom.mammogram(person=person) for person in dicom.PERSONS},
    **{
        f"without {keyword}": dicom.mammogram(missing=(keyword,))
        for keyword in (
            "AccessionNumber",
            "PatientID",
            "PatientName",
            "PatientBirthDate",
            "PatientSex",
            "StudyDate",
            "StudyTime",
            "StudyID",
            "ReferringPhysicianName",
            "BodyPartExamined",
            "IssuerOfPatientID",
        )
    },
    "birth date 00000000": dicom.mammogram(PatientBirthDate="00000000"),
    "study date with points": dicom.mammogram(StudyDate="2026.03.02"),
    "study time with colons": dicom.mammogram(StudyTime="09:15:00"),
    "sex unknown to the standard": dicom.mammogram(PatientSex="U"),
    "age without unit": dicom.mammogram(PatientAge="56"),
    "identity removed": dicom.mammogram(PatientIdentityRemoved="YES"),
    "half a clinical trial": dicom.mammogram(ClinicalTrialProtocolID="P-1"),
    "own offset": dicom.mammogram(TimezoneOffsetFromUTC="-0500"),
    "MONOCHROME1": dicom.mammogram(photometric_interpretation="MONOCHROME1"),
    "FOR PROCESSING": dicom.mammogram(for_processing=True),
    "CT": dicom.ct_slice(),
    "CT of a knee": dicom.ct_slice(BodyPartExamined="KNEE"),
    "CT of nothing known": dicom.ct_slice(BodyPartExamined="SOMETHING"),
    "Secondary Capture": dicom.secondary_capture(),
    "procedure code": dicom.mammogram(ProcedureCodeSequence=[dicom.coded("24623-2", "LN", "Screening")]),
    "broken procedure code": dicom.mammogram(ProcedureCodeSequence=[dicom.coded("", "LN", "Screening")]),
}


@needs_dicom3tools
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_card_and_report_have_no_errors_whatever_the_source_is_like(source: Dataset, tmp_path: Path) -> None:
    assert errors(of(source), tmp_path) == {}


@needs_dicom3tools
@pytest.mark.parametrize(
    "transfer_syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEGBaseline8Bit,
        JPEG2000Lossless,
    ],
    ids=lambda syntax: syntax.name,
)
def test_the_source_may_be_encoded_in_any_way(transfer_syntax: str, tmp_path: Path) -> None:
    bits = 8 if transfer_syntax == JPEGBaseline8Bit else 12
    source = dicom.mammogram(transfer_syntax=transfer_syntax, bits_stored=bits, person=dicom.LATIN_1)
    assert errors(of(source), tmp_path) == {}


def _with_everything() -> Composition:
    made = composition()
    return replace(
        composition(Findings((*density_findings(made.selected), *every_kind_of_finding(made.selected)), (NOTICE,))),
        left_out=(left_out(made.selected[0], "older repeat"),),
        previews=phantom_previews(made.selected),
        replaces=Replaced(RECEIVED_AT - timedelta(hours=1), "B"),
        declaration=declaration(manufacturer="Somebody", validated_on=["Another"], regulatory={"udi": "(01)0"}),
    )


def _masks_in_a_tomosynthesis() -> Composition:
    image = dicom.multi_frame(4, rows=16, columns=24)
    return masked(image, masks=(Segmentation(*LESION, "mass", (mask(image, frame=2), mask(image, frame=4))),))


def _masks_in_a_cine() -> Composition:
    image = dicom.mammogram(rows=16, columns=24, NumberOfFrames=4, SOPClassUID=ULTRASOUND_CINE)
    return masked(image, masks=(Segmentation(*LESION, "mass", (mask(image, frame=2), mask(image, frame=4))),))


def _with(made: Composition, **settings: object) -> Composition:
    return replace(made, settings=replace(made.settings, **settings))  # type: ignore[arg-type]


REPLACED = Replaced(
    RECEIVED_AT - timedelta(hours=1),
    "B",
    (
        InstanceReference(STUDY, "2.25.11", "1.2.840.10008.5.1.4.1.1.88.34", "2.25.12"),
        InstanceReference(STUDY, "2.25.13", "1.2.840.10008.5.1.4.1.1.88.50", "2.25.14"),
    ),
)
BOTH = ("sr", "cad")
ANSWERS = {
    "both reports": _with(composition(), reports=BOTH),
    "both reports of an unsuitable study": _with(composition(Unsuitable("missing_view", "No MLO.")), reports=BOTH),
    "both reports that replace others": _with(replace(composition(), replaces=REPLACED), reports=BOTH),
    "everything": _with_everything(),
    "uncalibrated": composition(Findings(density_findings(composition().selected, calibrated=False), ())),
    "nothing": composition(Findings((), ())),
    "unsuitable": composition(Unsuitable("missing_view", "The right MLO view is missing.")),
    "a volume": composition_of(*map(dicom.headers_of, dicom.ct_series(20))),
    "masks in a volume": masked(*dicom.ct_series(5)),
    "masks in mammograms": masked(*dicom.four_view_study(rows=16, columns=24)),
    "masks in a tomosynthesis": _masks_in_a_tomosynthesis(),
    "masks in a cine": _masks_in_a_cine(),
    "grey": replace(
        composition(), settings=replace(composition().settings, card_photometric_interpretation="MONOCHROME2")
    ),
    "a product": replace(composition(), settings=replace(composition().settings, content_qualification="PRODUCT")),
}


@needs_dicom3tools
@pytest.mark.parametrize("made", ANSWERS.values(), ids=ANSWERS.keys())
def test_card_and_report_have_no_errors_whatever_the_model_says(made: Composition, tmp_path: Path) -> None:
    assert errors(made, tmp_path) == {}


@needs_dcmtk
@pytest.mark.parametrize("person", dicom.PERSONS, ids=lambda person: person.character_set or "ascii")
def test_dcmtk_reads_the_report_and_has_nothing_to_complain_about(person: dicom.Person, tmp_path: Path) -> None:
    made = replace(_with_everything(), source=dicom.headers_of(dicom.mammogram(person=person)))
    tree, complaints = report_tree(written(made, tmp_path)[ObjectKind.REPORT])
    assert complaints == ""
    assert '"Breast composition")=(129718006,SCT,"Heterogeneously dense")' in tree


@needs_dcmtk
@pytest.mark.parametrize("name", [name for name in ANSWERS if name.startswith("both reports")])
def test_dcmtk_reads_the_mammography_cad_report_and_has_nothing_to_complain_about(name: str, tmp_path: Path) -> None:
    tree, complaints = report_tree(written(ANSWERS[name], tmp_path)[ObjectKind.CAD])
    assert complaints == ""
    assert tree.startswith("Mammography CAD SR Document")
    assert "<has properties 1.2.4>" in tree


@needs_dicom3tools
@pytest.mark.parametrize("person", dicom.PERSONS, ids=lambda person: person.character_set or "ascii")
def test_source_and_results_agree_about_patient_and_study(person: dicom.Person, tmp_path: Path) -> None:
    study = dicom.four_view_study(person=person)
    files = []
    for number, image in enumerate(study):
        files.append(tmp_path / f"source{number}.dcm")
        files[-1].write_bytes(dicom.as_file(image))
    files += written(of(study[0]), tmp_path).values()
    assert entity_errors(files) == []


@needs_dicom3tools
@pytest.mark.parametrize(
    "source",
    [
        *dicom.four_view_study(),
        dicom.mammogram(for_processing=True),
        dicom.ct_slice(),
        dicom.secondary_capture(),
        dicom.structured_report(),
        dicom.key_object_selection(*dicom.four_view_study(), title=("113001", "DCM", "Rejected for Quality Reasons")),
    ],
    ids=lambda source: f"{source.Modality} {source.SeriesInstanceUID[-6:]}",
)
def test_the_synthetic_sources_have_no_errors_of_their_own(source: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "source.dcm"
    file.write_bytes(dicom.as_file(source))
    assert iod_errors(file) == []
