from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from pydicom import Dataset, dcmread
from tests import dicom_factories as dicom
from tests.composition_factories import MILLIMETRE, composition, composition_of, declaration, phantom_previews

from orchestrator.compose import compose
from orchestrator.handoffs import ObjectKind
from wetread_contract.findings import Code, Findings, Measurement

if TYPE_CHECKING:
    from orchestrator.handoffs import Composition

TWO_MEGABYTES = 2 * 1024 * 1024


def card_of(made: Composition) -> Dataset:
    return dcmread(BytesIO(compose(made).objects[0].content))


def test_the_card_is_an_image_that_every_viewer_shows() -> None:
    made = composition()
    composed = compose(replace(made, previews=phantom_previews(made.selected))).objects[0]
    card = dcmread(BytesIO(composed.content))
    assert (card.PhotometricInterpretation, card.BitsAllocated) == ("RGB", 8)
    assert card.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert card.Rows > card.Columns
    assert len(composed.content) <= TWO_MEGABYTES
    assert card.pixel_array.shape == (960, 720, 3)


def test_the_card_claims_to_be_nothing_else() -> None:
    card = card_of(composition())
    assert list(card.ImageType) == ["DERIVED", "SECONDARY", "OTHER"]
    assert (card.ConversionType, card.Modality, card.SeriesNumber, card.InstanceNumber) == ("SYN", "OT", 9000, 1)
    assert (card.BurnedInAnnotation, card.RecognizableVisualFeatures) == ("NO", "NO")
    assert card.ContentQualification == "RESEARCH"
    assert card.Manufacturer == card.ContributingEquipmentSequence[0].Manufacturer == "Wetread"


def test_the_card_names_its_source_images() -> None:
    made = composition()
    items = card_of(made).SourceImageSequence
    assert [item.ReferencedSOPInstanceUID for item in items] == [
        each.reference.sop_instance_uid for each in made.selected
    ]
    assert {item.PurposeOfReferenceCodeSequence[0].CodeValue for item in items} == {"121322"}


def test_a_card_of_both_breasts_is_bilateral_and_one_of_one_is_not() -> None:
    assert card_of(composition()).ImageLaterality == "B"
    left_only = composition_of(dicom.headers_of(dicom.mammogram("L", "CC")))
    assert card_of(left_only).ImageLaterality == "L"


def test_a_part_of_the_body_without_sides_has_no_laterality() -> None:
    card = card_of(composition_of(dicom.headers_of(dicom.ct_slice())))
    assert "Laterality" not in card
    assert "ImageLaterality" not in card


def test_a_workstation_without_colour_gets_more_pixels_instead() -> None:
    made = composition()
    settings = replace(made.settings, card_photometric_interpretation="MONOCHROME2")
    composed = compose(replace(made, settings=settings)).objects[0]
    card = dcmread(BytesIO(composed.content))
    assert (card.PhotometricInterpretation, card.pixel_array.shape) == ("MONOCHROME2", (1600, 1200))
    assert len(composed.content) <= TWO_MEGABYTES


@pytest.mark.parametrize("qualification", ["RESEARCH", "PRODUCT"])
def test_a_long_title_never_pushes_the_mark_out_of_the_series_description(qualification: str) -> None:
    made = composition(declaration=declaration(title="T" * 64))
    settings = replace(made.settings, content_qualification=qualification, grade_in_series_description=True)
    description = card_of(replace(made, settings=settings)).SeriesDescription
    assert len(description) == 64
    assert description.endswith(": C" if qualification == "PRODUCT" else ": C [RESEARCH]")


def test_the_grade_is_not_in_lists_of_series_by_default() -> None:
    assert card_of(composition()).SeriesDescription == "Wetread BI-RADS breast density [RESEARCH]"


def test_the_modality_of_the_card_is_a_setting() -> None:
    made = composition()
    assert card_of(replace(made, settings=replace(made.settings, card_modality="MG"))).Modality == "MG"


def test_a_result_of_many_findings_has_several_pages_in_one_series() -> None:

    length = Code("410668003", "SCT", "Length")
    many = Findings(tuple(Measurement(length, number, MILLIMETRE) for number in range(40)), ())
    cards = [each for each in compose(composition(many)).objects if each.kind is ObjectKind.CARD]
    assert len(cards) > 1
    assert len({each.series_instance_uid for each in cards}) == 1
    assert len({each.sop_instance_uid for each in cards}) == len(cards)
    assert [dcmread(BytesIO(each.content)).InstanceNumber for each in cards] == list(range(1, len(cards) + 1))
