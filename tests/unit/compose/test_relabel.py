"""What hangs otherwise at a destination is another object, of another series, and else the same."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from tests.composition_factories import composition, declaration
from tests.dicom_factories import JAPANESE, four_view_study, headers_of

from orchestrator.compose import compose
from orchestrator.compose.relabel import relabelled
from orchestrator.errors import ResultInvalid
from orchestrator.handoffs import ComposedObject, Composition, Form, ObjectKind

MG = Form("", "MG", "MONOCHROME2", 500, shows_grade=True, summary="C")
REPORT_500 = Form("1.2.840.10008.5.1.4.1.1.88.33", series_number=501, shows_grade=True, summary="C")


def card_of(made: Composition) -> ComposedObject:
    return compose(made).objects[0]


def dataset_of(composed: ComposedObject) -> Dataset:
    return dcmread(BytesIO(composed.content))


def test_a_card_hangs_as_the_destination_wants_it() -> None:
    made = dataset_of(relabelled(card_of(composition()).content, ObjectKind.CARD, MG))
    assert (made.Modality, made.SeriesNumber, made.PhotometricInterpretation) == ("MG", 500, "MONOCHROME2")
    assert made.SeriesDescription == "Wetread BI-RADS breast density: C [RESEARCH]"
    assert "PlanarConfiguration" not in made


def test_a_grey_card_shows_what_the_coloured_one_shows() -> None:
    card = card_of(composition())
    colours = dataset_of(card).pixel_array.astype(float)
    grey = dataset_of(relabelled(card.content, ObjectKind.CARD, MG)).pixel_array.astype(float)
    luminance = colours @ np.array([0.299, 0.587, 0.114])
    assert grey.shape == luminance.shape
    assert np.ptp(grey) > 100
    assert np.abs(grey - luminance).max() < 1.01


def test_a_grey_card_can_be_sent_to_whom_only_colour_is_shown() -> None:
    settings = replace(composition().settings, card_photometric_interpretation="MONOCHROME2")
    card = card_of(composition(settings=settings))
    made = dataset_of(relabelled(card.content, ObjectKind.CARD, Form(photometric_interpretation="RGB")))
    assert (made.pixel_array == dataset_of(card).pixel_array[..., np.newaxis]).all()


@pytest.mark.parametrize(("number", "form"), [(0, MG), (1, REPORT_500)])
def test_another_form_is_another_object_of_another_series_and_always_the_same(number: int, form: Form) -> None:
    held = compose(composition()).objects[number]
    made = relabelled(held.content, held.kind, form)
    assert made.sop_instance_uid != held.sop_instance_uid
    assert made.series_instance_uid != held.series_instance_uid
    assert relabelled(held.content, held.kind, form) == made
    assert dataset_of(made).file_meta.MediaStorageSOPInstanceUID == made.sop_instance_uid


@pytest.mark.parametrize(
    "other",
    [
        Form("", "SC", "MONOCHROME2", 500, shows_grade=True, summary="C"),
        Form("", "MG", "RGB", 500, shows_grade=True, summary="C"),
        Form("", "MG", "MONOCHROME2", 501, shows_grade=True, summary="C"),
        Form("", "MG", "MONOCHROME2", 500, shows_grade=False, summary="C"),
        Form("", "MG", "MONOCHROME2", 500, shows_grade=True, summary="D"),
    ],
)
def test_two_forms_never_share_a_uid(other: Form) -> None:
    content = card_of(composition()).content
    one, two = relabelled(content, ObjectKind.CARD, MG), relabelled(content, ObjectKind.CARD, other)
    assert one.sop_instance_uid != two.sop_instance_uid
    assert one.series_instance_uid != two.series_instance_uid


def test_what_has_the_form_already_is_left_as_it_is() -> None:
    card = card_of(composition())
    as_it_is = Form("", "OT", "RGB", 9000, shows_grade=False, summary="C")
    assert relabelled(card.content, ObjectKind.CARD, as_it_is) == card
    assert relabelled(card.content, ObjectKind.CARD, Form()) == card


def test_the_pages_of_a_card_stay_in_one_series() -> None:
    study = [headers_of(image) for image in four_view_study()]
    card = card_of(composition(source=study[0]))
    second = dataset_of(card)
    second.InstanceNumber, second.SOPInstanceUID = 2, "2.25.77"
    second.file_meta.MediaStorageSOPInstanceUID = "2.25.77"
    file = BytesIO()
    second.save_as(file, enforce_file_format=True)
    pages = [relabelled(content, ObjectKind.CARD, MG) for content in (card.content, file.getvalue())]
    assert pages[0].series_instance_uid == pages[1].series_instance_uid
    assert pages[0].sop_instance_uid != pages[1].sop_instance_uid


def test_the_grade_leaves_a_series_description_for_whom_it_is_not_meant() -> None:
    settings = replace(composition().settings, grade_in_series_description=True)
    card = card_of(composition(settings=settings))
    assert dataset_of(card).SeriesDescription == "Wetread BI-RADS breast density: C [RESEARCH]"
    made = relabelled(card.content, ObjectKind.CARD, Form(shows_grade=False, summary="C"))
    assert dataset_of(made).SeriesDescription == "Wetread BI-RADS breast density [RESEARCH]"


def test_a_long_title_gives_way_to_the_grade() -> None:
    card = card_of(composition(declaration=declaration(title="T" * 60)))
    made = dataset_of(relabelled(card.content, ObjectKind.CARD, Form(shows_grade=True, summary="C")))
    assert made.SeriesDescription.endswith("TT: C [RESEARCH]")
    assert len(made.SeriesDescription) <= 64


def test_a_grade_that_ascii_cannot_hold_brings_unicode_and_never_a_question_mark() -> None:
    card = card_of(composition())
    made = dataset_of(relabelled(card.content, ObjectKind.CARD, Form(shows_grade=True, summary="mäßig")))
    assert made.SpecificCharacterSet == "ISO_IR 192"
    assert ": mäßig [" in made.SeriesDescription


def test_a_grade_that_the_patients_character_set_cannot_hold_is_refused() -> None:
    source = headers_of(four_view_study(person=JAPANESE)[0])
    card = card_of(composition(source=source))
    with pytest.raises(ResultInvalid, match="character set"):
        relabelled(card.content, ObjectKind.CARD, Form(shows_grade=True, summary="dość"))


def test_whose_the_object_is_stays_byte_for_byte() -> None:
    source = headers_of(four_view_study(person=JAPANESE)[0])
    card = card_of(composition(source=source))
    made = dataset_of(relabelled(card.content, ObjectKind.CARD, MG))
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "AccessionNumber"):
        assert made.get_item(keyword).value == source.get_item(keyword).value


def test_a_card_has_no_report_class() -> None:
    with pytest.raises(ResultInvalid, match="only a structured report"):
        relabelled(card_of(composition()).content, ObjectKind.CARD, Form("1.2.840.10008.5.1.4.1.1.88.33"))


def test_an_object_that_lacks_what_its_class_demands_is_not_sent_in_another_form() -> None:
    card = dataset_of(card_of(composition()))
    del card.ConversionType
    file = BytesIO()
    card.save_as(file, enforce_file_format=True)
    with pytest.raises(ResultInvalid, match="ConversionType is missing"):
        relabelled(file.getvalue(), ObjectKind.CARD, MG)
