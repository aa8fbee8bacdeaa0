"""A model's masks, held against the images that they speak of, and grouped as segmentation objects need them.

One object has one matrix size, one series and one frame of reference (PS3.3 A.51.5). Frames without a
place in the patient, such as mammograms, are related by nothing but their image: one object for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.compose.frame_geometry import Plane, frame_of_reference, may_have_frames, plane_of, size_of
from orchestrator.errors import ResultInvalid
from wetread_contract.findings import Findings, Segmentation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydicom import Dataset

    from orchestrator.handoffs import Composition
    from wetread_contract.findings import Answer, MaskPlane
    from wetread_contract.judgement import InstanceReference

MOST_BYTES: Final = 64 * 2**20
"""Of all masks of a result, a bit per pixel: a volume of 512 slices with four structures."""

MOST_FRAMES: Final = 10_000
"""Each is an item of some hundred bytes, which every viewer has to read."""


@dataclass(frozen=True, slots=True)
class Mask:
    """One segment in one frame of one image."""

    segmentation: Segmentation
    bits: MaskPlane
    reference: InstanceReference
    source: Dataset
    plane: Plane | None
    is_multi_frame: bool


@dataclass(frozen=True, slots=True)
class MaskGroup:
    """What goes into one object: never empty, of one matrix size."""

    masks: Sequence[Mask]
    frame_of_reference_uid: str
    """Empty where the frames have no place in the patient."""


def masked_instances(answer: Answer) -> tuple[str, ...]:
    """SOP instance UIDs of the images that masks speak of: composing needs their headers."""
    return tuple(dict.fromkeys(bits.sop_instance_uid for each in _segmentations(answer) for bits in each.planes))


def mask_groups(composition: Composition) -> tuple[MaskGroup, ...]:
    """The masks by object, in the model's order; of a segment's empty masks only as many as it takes to name it.

    Raises:
        ResultInvalid: a mask does not fit its image, or they are too many.
    """
    planes = [bits for each in _segmentations(composition.prediction.answer) for bits in each.planes]
    size_bytes = sum(len(bits.bits) for bits in planes)
    if size_bytes > MOST_BYTES or len(planes) > MOST_FRAMES:
        raise ResultInvalid(
            f"the model's masks are {len(planes)} frames of {size_bytes / 2**20:.1f} MiB; at most {MOST_FRAMES} frames "
            f"of {MOST_BYTES // 2**20} MiB are stored"
        )
    groups: dict[tuple[str, ...], list[Mask]] = {}
    for mask in _masks(composition):
        groups.setdefault(_key(mask), []).append(mask)
    return tuple(
        MaskGroup(tuple(_telling(masks)), frame_of_reference(masks[0].source) if masks[0].plane else "")
        for masks in groups.values()
    )


def _segmentations(answer: Answer) -> list[Segmentation]:
    found = answer.findings if isinstance(answer, Findings) else ()
    return [finding for finding in found if isinstance(finding, Segmentation)]


def _masks(composition: Composition) -> Iterator[Mask]:
    references = {each.reference.sop_instance_uid: each.reference for each in composition.selected}
    for segmentation in _segmentations(composition.prediction.answer):
        seen: set[tuple[str, int]] = set()
        for bits in segmentation.planes:
            if (bits.sop_instance_uid, bits.frame) in seen:
                raise ResultInvalid(f"mask {segmentation.label!r} covers the same frame twice")
            seen.add((bits.sop_instance_uid, bits.frame))
            yield _mask(segmentation, bits, references, composition.sources)


def _mask(
    segmentation: Segmentation,
    bits: MaskPlane,
    references: Mapping[str, InstanceReference],
    sources: Mapping[str, Dataset],
) -> Mask:
    reference, source = references.get(bits.sop_instance_uid), sources.get(bits.sop_instance_uid)
    if reference is None or source is None:
        raise ResultInvalid(f"mask {segmentation.label!r} is of an instance that was not sent to the model")
    size = size_of(source)
    if size is None:
        raise ResultInvalid(f"mask {segmentation.label!r} is of an instance that is no image")
    if (bits.rows, bits.columns) != (size.rows, size.columns):
        raise ResultInvalid(
            f"mask {segmentation.label!r} has {bits.rows} × {bits.columns} pixels, its image {size.rows} × "
            f"{size.columns}: a mask covers the whole matrix of its image, row by row"
        )
    if not (1 <= bits.frame <= size.frames or (bits.frame == 0 and size.frames == 1)):
        raise ResultInvalid(f"mask {segmentation.label!r} is of frame {bits.frame}; its image has {size.frames}")
    if size.frames > 1 and not may_have_frames(source):
        raise ResultInvalid(
            f"mask {segmentation.label!r} is of one of {size.frames} frames of an image whose SOP class has a single "
            "frame: no object could refer to it"
        )
    return Mask(segmentation, bits, reference, source, plane_of(source, bits.frame), size.frames > 1)


def _key(mask: Mask) -> tuple[str, ...]:
    """What has to be the same within an object."""
    reference, plane = mask.reference, mask.plane
    if plane is None:
        return (reference.series_instance_uid, reference.sop_instance_uid)
    place = (frame_of_reference(mask.source), *map(str, (*plane.orientation, *plane.spacing, plane.thickness_mm)))
    return (reference.series_instance_uid, "", str(mask.bits.rows), str(mask.bits.columns), *place)


def _telling(masks: Sequence[Mask]) -> Iterator[Mask]:
    """Those that mark something; of a segment that marks nothing the first, so that the object says so."""
    marked = {id(mask.segmentation) for mask in masks if any(mask.bits.bits)}
    for mask in masks:
        name = id(mask.segmentation)
        if any(mask.bits.bits) or name not in marked:
            marked.add(name)
            yield mask
