"""The card as Secondary Capture images (PS3.3 A.8.1): what every viewer and PACS shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose import codes
from orchestrator.compose.anatomy import body_part, body_part_examined
from orchestrator.compose.general_modules import new_object, series_description
from orchestrator.compose.inputs import laterality_of, referenced_instance, referenced_series

if TYPE_CHECKING:
    from PIL.Image import Image
    from pydicom import Dataset

    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition
    from wetread_contract.judgement import InstanceReference

SOP_CLASS_UID: Final = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary Capture Image Storage."""


def secondary_capture(composition: Composition, page: Image, number: int, made: LocalTime, summary: str) -> Dataset:
    """One page of the card, number from 1, without its own UIDs."""
    dataset = new_object(composition, made, SOP_CLASS_UID)
    dataset.Modality = composition.settings.card_modality
    dataset.SeriesNumber = composition.settings.series_number
    dataset.SeriesDescription = series_description(composition, summary)
    dataset.InstanceNumber = number
    _say_what_it_shows(dataset, composition)
    _say_how_it_was_captured(dataset, made)
    _say_what_it_rests_on(dataset, composition)
    _put_pixels(dataset, page)
    return dataset


def _say_what_it_shows(dataset: Dataset, composition: Composition) -> None:
    dataset.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    dataset.BurnedInAnnotation = "NO"
    dataset.RecognizableVisualFeatures = "NO"
    dataset.PatientOrientation = None
    part = body_part_examined(composition.source)
    if part:
        dataset.BodyPartExamined = part
    _say_which_side(dataset, composition)


def _say_which_side(dataset: Dataset, composition: Composition) -> None:
    """Image Laterality of what has sides; of unpaired parts nothing, else that it is unknown (C.7.3.1, 2C)."""
    part = body_part(composition.source)
    if part and not part.paired:
        return
    sides = {laterality_of(instance.facts) for instance in composition.selected}
    if sides <= {"L", "R"}:
        dataset.ImageLaterality = sides.pop() if len(sides) == 1 else "B"
    else:
        dataset.Laterality = None


def _say_how_it_was_captured(dataset: Dataset, made: LocalTime) -> None:
    dataset.ConversionType = "SYN"
    dataset.DateOfSecondaryCapture = made.date
    dataset.TimeOfSecondaryCapture = made.time


def _say_what_it_rests_on(dataset: Dataset, composition: Composition) -> None:
    model = composition.model
    references = [instance.reference for instance in composition.selected]
    dataset.DerivationDescription = f"Card of the result of {model.name} {model.version}"
    dataset.SourceImageSequence = [_source_image(reference) for reference in references]
    dataset.ReferencedSeriesSequence = referenced_series(references, "ReferencedInstanceSequence")


def _source_image(reference: InstanceReference) -> Dataset:
    item = referenced_instance(reference)
    item.PurposeOfReferenceCodeSequence = [codes.SOURCE_IMAGE]
    item.SpatialLocationsPreserved = "NO"
    return item


def _put_pixels(dataset: Dataset, page: Image) -> None:
    grey = page.mode == "L"
    dataset.SamplesPerPixel = 1 if grey else 3
    dataset.PhotometricInterpretation = "MONOCHROME2" if grey else "RGB"
    if not grey:
        dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = page.height, page.width
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelRepresentation = 0
    dataset.add_new("PixelData", "OB", page.tobytes())
