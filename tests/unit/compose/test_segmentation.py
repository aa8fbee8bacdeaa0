"""Masks become segmentations of exactly the images and frames that they were drawn on, or the job says why not."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from tests import dicom_factories
from tests.composition_factories import LESION, TISSUE, composition, mask, masked
from tests.dicom_factories import ct_series, four_view_study, headers_of, mammogram

from orchestrator.compose import compose, masks
from orchestrator.compose.check import faults
from orchestrator.errors import ResultInvalid
from orchestrator.handoffs import ObjectKind
from wetread_contract.findings import MaskPlane, Scope, ScopeLevel, Segmentation

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.handoffs import ComposedObject, Composition

    Pixels = np.ndarray[Any, np.dtype[Any]]


ULTRASOUND_MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.3.1"


def segmentations_of(made: Composition) -> list[ComposedObject]:
    return [one for one in compose(made).objects if one.kind is ObjectKind.SEGMENTATION]


def read(composed: ComposedObject) -> Dataset:
    return dcmread(BytesIO(composed.content))


def multi_frame() -> Dataset:
    return mammogram(rows=10, columns=13, NumberOfFrames=3, SOPClassUID=ULTRASOUND_MULTI_FRAME)


def random_pixels(image: Dataset, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 2, (image.Rows, image.Columns), np.uint8)


def of_label(label: str, *planes: MaskPlane) -> Segmentation:
    return Segmentation(*LESION, label, planes)


def test_the_card_and_the_report_stay_where_they_were() -> None:
    kinds = [one.kind for one in compose(masked(*ct_series(2))).objects]
    assert kinds == [ObjectKind.CARD, ObjectKind.SEGMENTATION, ObjectKind.REPORT]


@pytest.mark.parametrize("columns", [16, 13])
def test_highdicom_reads_every_pixel_where_the_model_put_it(columns: int) -> None:
    volume = ct_series(4, rows=7, columns=columns)
    pixels = [random_pixels(image, seed) for seed, image in enumerate(volume)]
    given = (
        of_label("one", *(mask(image, drawn) for image, drawn in zip(volume, pixels, strict=True))),
        Segmentation(*TISSUE, "two", (mask(volume[2], pixels[0]),)),
    )
    (composed,) = segmentations_of(masked(*volume, masks=given))
    segmentation = hd.seg.Segmentation.from_dataset(read(composed))
    uids = [image.SOPInstanceUID for image in volume]
    found = segmentation.get_pixels_by_source_instance(uids, assert_missing_frames_are_empty=True)
    assert (found[..., 0] == np.stack(pixels)).all()
    assert (found[2, ..., 1] == pixels[0]).all()
    assert not found[[0, 1, 3], ..., 1].any()


def test_frames_have_the_place_of_their_images() -> None:
    volume = ct_series(3)
    segmentation = read(segmentations_of(masked(*volume))[0])
    assert segmentation.FrameOfReferenceUID == volume[0].FrameOfReferenceUID
    found = [
        item.PlanePositionSequence[0].ImagePositionPatient for item in segmentation.PerFrameFunctionalGroupsSequence
    ]
    assert [list(position) for position in found[:3]] == [list(image.ImagePositionPatient) for image in volume]
    measures = segmentation.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert list(measures.PixelSpacing) == list(volume[0].PixelSpacing)


def test_images_without_a_place_get_an_object_each() -> None:
    study = four_view_study(rows=16, columns=16)
    made = [read(one) for one in segmentations_of(masked(*study))]
    sources = [one.ReferencedSeriesSequence[0].ReferencedInstanceSequence for one in made]
    assert [[item.ReferencedSOPInstanceUID for item in items] for items in sources] == [
        [image.SOPInstanceUID] for image in study
    ]
    assert [len(one.SegmentSequence) for one in made] == [2, 1, 1, 1]
    assert len({one.SeriesInstanceUID for one in made}) == len(study)


def test_the_frames_of_a_cine_are_told_apart() -> None:
    image = multi_frame()
    pixels = [random_pixels(image, seed) for seed in (1, 2)]
    given = of_label("mass", mask(image, pixels[0], 1), mask(image, pixels[1], 3))
    segmentation = read(segmentations_of(masked(image, masks=(given,)))[0])
    frames = segmentation.PerFrameFunctionalGroupsSequence
    named = [item.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber for item in frames]
    assert named == [1, 3]
    assert (segmentation.pixel_array == np.stack(pixels)).all()


def test_the_frames_of_a_volume_in_one_file_have_their_places() -> None:
    image = dicom_factories.multi_frame(4, rows=8, columns=8)
    given = of_label("mass", mask(image, frame=4), mask(image, frame=2))
    segmentation = read(segmentations_of(masked(image, masks=(given,)))[0])
    frames = segmentation.PerFrameFunctionalGroupsSequence
    assert [list(item.PlanePositionSequence[0].ImagePositionPatient) for item in frames] == [[3, 0, 0], [1, 0, 0]]
    assert [list(item.FrameContentSequence[0].DimensionIndexValues) for item in frames] == [[1, 2], [1, 1]]
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    assert list(shared.PlaneOrientationSequence[0].ImageOrientationPatient) == [0, -1, 0, 0, 0, -1]
    assert shared.PixelMeasuresSequence[0].SliceThickness == 1


def test_each_segment_says_what_it_is_and_what_drew_it() -> None:
    side = Scope(ScopeLevel.LATERALITY, "R")
    image = four_view_study(rows=16, columns=16)[0]
    made = masked(image, masks=(replace(of_label("", mask(image)), scope=side),))
    (segment,) = read(segmentations_of(made)[0]).SegmentSequence
    algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
    assert (segment.SegmentLabel, segment.SegmentAlgorithmType, segment.SegmentAlgorithmName) == (
        "Mass",
        "AUTOMATIC",
        "brdensity",
    )
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("brdensity", "1.0.0")
    assert made.model.weights_sha256 in algorithm.AlgorithmParameters
    assert segment.SegmentedPropertyCategoryCodeSequence[0].CodeValue == LESION[0].value
    kind = segment.SegmentedPropertyTypeCodeSequence[0]
    assert (kind.CodeValue, kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning) == ("4147007", "Right")


def test_empty_masks_are_left_out_but_not_the_segment() -> None:
    volume = ct_series(3)
    nothing = np.zeros((volume[0].Rows, volume[0].Columns), np.uint8)
    given = (
        of_label("found", mask(volume[0], nothing), mask(volume[1])),
        of_label("not found", *(mask(image, nothing) for image in volume)),
    )
    segmentation = read(segmentations_of(masked(*volume, masks=given))[0])
    assert [segment.SegmentLabel for segment in segmentation.SegmentSequence] == ["found", "not found"]
    assert segmentation.NumberOfFrames == 2


def test_the_same_answer_gives_the_same_bytes_and_another_mask_other_uids() -> None:
    volume = ct_series(2)
    made, again = segmentations_of(masked(*volume)), segmentations_of(masked(*volume))
    other = segmentations_of(masked(*volume, masks=(of_label("mass", mask(volume[0])),)))
    assert made == again
    assert made[0].sop_instance_uid != other[0].sop_instance_uid


def refusal(made: Composition) -> str:
    with pytest.raises(ResultInvalid) as refused:
        compose(made)
    return str(refused.value)


def test_a_mask_of_another_size_than_its_image_is_refused() -> None:
    image = mammogram(rows=16, columns=24)
    small = mask(image, np.ones((16, 23), np.uint8))
    assert "16 × 23 pixels, its image 16 × 24" in refusal(masked(image, masks=(of_label("mass", small),)))


@pytest.mark.parametrize("frame", [0, 4])
def test_a_mask_of_a_frame_that_is_not_there_is_refused(frame: int) -> None:
    image = multi_frame()
    assert f"frame {frame}; its image has 3" in refusal(
        masked(image, masks=(of_label("mass", mask(image, frame=frame)),))
    )


def test_a_mask_of_one_of_several_frames_of_a_class_that_has_one_is_refused() -> None:
    image = mammogram(rows=10, columns=13, NumberOfFrames=2)
    assert "has a single frame" in refusal(masked(image, masks=(of_label("mass", mask(image, frame=2)),)))


@pytest.mark.parametrize(
    "changes",
    [{"missing": ("SliceThickness",)}, {"FrameOfReferenceUID": ct_series(1)[0].StudyInstanceUID}],
    ids=["thickness unknown", "frame of reference is the study"],
)
def test_a_place_that_the_headers_do_not_say_is_not_made_up(changes: dict[str, Any]) -> None:
    made = [read(one) for one in segmentations_of(masked(*ct_series(2, **changes)))]
    assert len(made) == 2
    assert not any("FrameOfReferenceUID" in one for one in made)


def test_a_mask_of_what_the_model_never_got_is_refused() -> None:
    image, other = four_view_study(rows=16, columns=16)[:2]
    assert "was not sent" in refusal(masked(image, masks=(of_label("mass", mask(other)),)))


def test_a_frame_that_is_covered_twice_is_refused() -> None:
    image = mammogram(rows=16, columns=16)
    assert "covers the same frame twice" in refusal(masked(image, masks=(of_label("mass", mask(image), mask(image)),)))


def test_a_mask_of_what_is_no_image_is_refused() -> None:
    image = mammogram(rows=16, columns=16)
    made = masked(image)
    bare = headers_of(image)
    del bare.Rows
    assert "no image" in refusal(replace(made, sources={str(image.SOPInstanceUID): bare}))


def test_more_than_a_viewer_could_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, "MOST_FRAMES", 3)
    assert "at most 3 frames" in refusal(masked(*ct_series(3)))


def test_without_masks_there_is_no_segmentation() -> None:
    assert segmentations_of(composition()) == []


def test_card_and_report_say_where_the_masks_are() -> None:
    card, _, report = compose(masked(*ct_series(2))).objects
    assert b"2 mask(s) of the model are in segmentation objects of their own" in report.content
    assert read(card).ImageType[0] == "DERIVED"


def _one_frame_more(dataset: Dataset) -> None:
    dataset.NumberOfFrames = int(dataset.NumberOfFrames) + 1


def _an_unknown_segment(dataset: Dataset) -> None:
    dataset.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 7


def _segments_from_two(dataset: Dataset) -> None:
    dataset.SegmentSequence[0].SegmentNumber = 9


def _no_derivation(dataset: Dataset) -> None:
    del dataset.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence


def _no_position(dataset: Dataset) -> None:
    del dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence


def _one_index_less(dataset: Dataset) -> None:
    dataset.PerFrameFunctionalGroupsSequence[0].FrameContentSequence[0].DimensionIndexValues = [1]


def _pixels_missing(dataset: Dataset) -> None:
    dataset.PixelData = dataset.PixelData[:-2]


def _of_a_stranger(dataset: Dataset) -> None:
    derivation = dataset.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0]
    derivation.SourceImageSequence[0].ReferencedSOPInstanceUID = "1.2.3"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_one_frame_more, "frames are described"),
        (_an_unknown_segment, "frame 1: shows a segment that is not described"),
        (_segments_from_two, "not numbered from 1"),
        (_no_derivation, "frame 1: DerivationImageSequence must stand once"),
        (_no_position, "frame 1: PlanePositionSequence must stand once"),
        (_one_index_less, "frame 1: 1 dimension indexes"),
        (_pixels_missing, "PixelData has"),
        (_of_a_stranger, "PerFrameFunctionalGroupsSequence refers to 1 instance(s) that were no input"),
    ],
)
def test_the_check_finds_a_frame_that_does_not_say_what_it_shows(change: Callable[[Dataset], None], says: str) -> None:
    made = masked(*ct_series(2))
    (composed,) = segmentations_of(made)
    dataset = read(composed)
    change(dataset)
    file = BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    assert any(says in fault for fault in faults(replace(composed, content=file.getvalue()), made))
