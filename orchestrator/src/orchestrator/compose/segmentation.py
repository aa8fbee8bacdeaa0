"""A model's masks as Segmentation objects (PS3.3 A.51): binary, each frame derived from a named frame of its source.

Written in plain pydicom like the card, because highdicom's own reads the clock, copies nine of the
patient's and study's attributes and holds every mask as bytes; the tests read them back with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.valuerep import DSfloat

from orchestrator.compose import codes
from orchestrator.compose.anatomy import body_part
from orchestrator.compose.bit_packing import packed
from orchestrator.compose.general_modules import LONGEST_LO, new_object, series_description
from orchestrator.compose.inputs import referenced_instance, referenced_series
from orchestrator.compose.masks import mask_groups
from orchestrator.compose.uids import uid_for
from orchestrator.handoffs import SERIES_OFFSETS, ObjectKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.compose.local_time import LocalTime
    from orchestrator.compose.masks import Mask, MaskGroup
    from orchestrator.handoffs import Composition
    from wetread_contract.findings import Segmentation
    from wetread_contract.judgement import InstanceReference

SOP_CLASS_UID: Final = "1.2.840.10008.5.1.4.1.1.66.4"
"""Segmentation Storage."""

_SEGMENT: Final = (0x0062000B, 0x0062000A)
"""Referenced Segment Number in Segment Identification Sequence."""
_POSITION: Final = (0x00200032, 0x00209113)
"""Image Position (Patient) in Plane Position Sequence."""
_IN_STACK: Final = (0x00209057, 0x00209111)
"""In-Stack Position Number in Frame Content Sequence."""


def segmentations(composition: Composition, made: LocalTime, summary: str) -> list[Dataset]:
    """The objects without their own UIDs: none without masks, one for each group of frames that belong together.

    Raises:
        ResultInvalid: a mask does not fit its image.
    """
    return [_segmentation(composition, group, made, summary) for group in mask_groups(composition)]


def _segmentation(composition: Composition, group: MaskGroup, made: LocalTime, summary: str) -> Dataset:
    dataset = new_object(composition, made, SOP_CLASS_UID)
    dataset.Modality = "SEG"
    dataset.SeriesNumber = composition.settings.series_number + SERIES_OFFSETS[ObjectKind.SEGMENTATION]
    dataset.SeriesDescription = series_description(composition, summary)
    dataset.DeviceSerialNumber = composition.model.weights_sha256
    _say_what_it_is(dataset, composition)
    _say_what_it_rests_on(dataset, composition, group)
    numbers = {id(each): number for number, each in enumerate(_segments(group), start=1)}
    dataset.SegmentSequence = [
        _segment(composition, each, number) for number, each in enumerate(_segments(group), start=1)
    ]
    frames = sorted(group.masks, key=lambda mask: numbers[id(mask.segmentation)])
    _put_dimensions(dataset, composition, group)
    _put_frames(dataset, frames, numbers)
    _put_pixels(dataset, frames)
    return dataset


def _segments(group: MaskGroup) -> list[Segmentation]:
    """The group's segments in the model's order."""
    return list({id(mask.segmentation): mask.segmentation for mask in group.masks}.values())


def _say_what_it_is(dataset: Dataset, composition: Composition) -> None:
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.SegmentationType = "BINARY"
    dataset.SegmentsOverlap = "UNDEFINED"
    dataset.ContentLabel = "WETREAD"
    dataset.ContentDescription = f"{composition.model.name} {composition.model.version}"[:LONGEST_LO]
    dataset.ContentCreatorName = None
    dataset.BurnedInAnnotation = "NO"
    dataset.RecognizableVisualFeatures = "NO"
    dataset.LossyImageCompression = "00"
    dataset.PatientOrientation = None


def _say_what_it_rests_on(dataset: Dataset, composition: Composition, group: MaskGroup) -> None:
    """The inputs of the model, and by series the images that have masks (PS3.3 C.12.2)."""
    dataset.SourceImageSequence = [_source_image(each.reference, 0) for each in composition.selected]
    masked = {mask.reference.sop_instance_uid: mask.reference for mask in group.masks}
    dataset.ReferencedSeriesSequence = referenced_series(masked.values(), "ReferencedInstanceSequence")
    if group.frame_of_reference_uid:
        dataset.FrameOfReferenceUID = group.frame_of_reference_uid
        dataset.PositionReferenceIndicator = None


def _source_image(reference: InstanceReference, frame: int) -> Dataset:
    item = referenced_instance(reference)
    if frame:
        item.ReferencedFrameNumber = frame
    item.PurposeOfReferenceCodeSequence = [codes.SOURCE_IMAGE]
    item.SpatialLocationsPreserved = "YES"
    return item


def _segment(composition: Composition, segmentation: Segmentation, number: int) -> Dataset:
    """Segment Description Macro (PS3.3 C.8.20.4)."""
    model = composition.model
    item = Dataset()
    item.SegmentNumber = number
    item.SegmentLabel = (segmentation.label or segmentation.type.meaning)[:LONGEST_LO]
    item.SegmentAlgorithmType = "AUTOMATIC"
    item.SegmentAlgorithmName = model.name
    item.SegmentationAlgorithmIdentificationSequence = [_algorithm(composition)]
    item.SegmentedPropertyCategoryCodeSequence = [codes.concept(segmentation.category)]
    item.SegmentedPropertyTypeCodeSequence = [_property_type(segmentation)]
    part = body_part(composition.source)
    if part:
        item.AnatomicRegionSequence = [codes.concept(part.code)]
    item.TrackingID = f"{composition.declaration.title}, {item.SegmentLabel}"
    item.TrackingUID = uid_for("segment", composition.job_key, str(number), *_names(segmentation))
    return item


def _property_type(segmentation: Segmentation) -> Dataset:
    item = Dataset()
    item.update(codes.concept(segmentation.type))
    if segmentation.scope.laterality:
        item.SegmentedPropertyTypeModifierCodeSequence = [
            codes.concept(codes.LATERALITIES[segmentation.scope.laterality])
        ]
    return item


def _names(segmentation: Segmentation) -> tuple[str, ...]:
    scope = segmentation.scope
    return (segmentation.type.scheme, segmentation.type.value, segmentation.label, scope.laterality)


def _algorithm(composition: Composition) -> Dataset:
    """Algorithm Identification Macro (PS3.3 10.16)."""
    item = Dataset()
    item.AlgorithmFamilyCodeSequence = [codes.concept(codes.ARTIFICIAL_INTELLIGENCE)]
    item.AlgorithmName = composition.model.name
    item.AlgorithmVersion = composition.model.version
    item.AlgorithmParameters = f"weights sha256={composition.model.weights_sha256}"
    if composition.declaration.manufacturer:
        item.AlgorithmSource = composition.declaration.manufacturer
    return item


def _put_dimensions(dataset: Dataset, composition: Composition, group: MaskGroup) -> None:
    """Frames are sorted by segment, then by place (PS3.3 C.7.6.17)."""
    masked = {mask.reference.sop_instance_uid for mask in group.masks}
    uid = uid_for("dimensions", composition.job_key, *masked)
    organization = Dataset()
    organization.DimensionOrganizationUID = uid
    dataset.DimensionOrganizationSequence = [organization]
    second = _POSITION if group.frame_of_reference_uid else _IN_STACK
    dataset.DimensionIndexSequence = [_dimension(uid, *_SEGMENT), _dimension(uid, *second)]


def _dimension(uid: str, attribute: int, functional_group: int) -> Dataset:
    item = Dataset()
    item.DimensionOrganizationUID = uid
    item.DimensionIndexPointer = Tag(attribute)
    item.FunctionalGroupPointer = Tag(functional_group)
    return item


def _put_frames(dataset: Dataset, frames: Sequence[Mask], numbers: dict[int, int]) -> None:
    """Functional groups (PS3.3 A.51.5): what all frames share, and what each says of itself."""
    shared, first = Dataset(), frames[0].plane
    if first is not None:
        orientation, measures = Dataset(), Dataset()
        orientation.ImageOrientationPatient = _decimals(first.orientation)
        measures.PixelSpacing = _decimals(first.spacing)
        measures.SliceThickness = _decimals((first.thickness_mm,))[0]
        shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    dataset.SharedFunctionalGroupsSequence = [shared]
    places = {place: index for index, place in enumerate(sorted({_place(mask) for mask in frames}), start=1)}
    dataset.PerFrameFunctionalGroupsSequence = [
        _frame(mask, numbers[id(mask.segmentation)], places[_place(mask)]) for mask in frames
    ]
    dataset.NumberOfFrames = len(frames)


def _place(mask: Mask) -> tuple[float, ...]:
    return mask.plane.position if mask.plane else (float(max(mask.bits.frame, 1)),)


def _frame(mask: Mask, segment: int, place: int) -> Dataset:
    item, derivation, content, identification = Dataset(), Dataset(), Dataset(), Dataset()
    frame = max(mask.bits.frame, 1) if mask.is_multi_frame else 0
    derivation.SourceImageSequence = [_source_image(mask.reference, frame)]
    derivation.DerivationCodeSequence = [codes.SEGMENTATION]
    item.DerivationImageSequence = [derivation]
    content.DimensionIndexValues = [segment, place]
    identification.ReferencedSegmentNumber = segment
    item.SegmentIdentificationSequence = [identification]
    if mask.plane:
        position = Dataset()
        position.ImagePositionPatient = _decimals(mask.plane.position)
        item.PlanePositionSequence = [position]
    else:
        content.StackID, content.InStackPositionNumber = "1", place
    item.FrameContentSequence = [content]
    return item


def _decimals(values: Sequence[float]) -> list[DSfloat]:
    """As DS: at most 16 characters."""
    return [DSfloat(value, auto_format=True) for value in values]


def _put_pixels(dataset: Dataset, frames: Sequence[Mask]) -> None:
    """One bit per pixel, without gaps between frames (PS3.5 8.1.1 and PS3.3 C.8.20.2.1)."""
    first = frames[0].bits
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.Rows, dataset.Columns = first.rows, first.columns
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = dataset.PixelRepresentation = 0
    dataset.add_new("PixelData", "OB", packed([mask.bits for mask in frames]))
