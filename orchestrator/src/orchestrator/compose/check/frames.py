"""Whether every frame of a segmentation says which segment it shows, of which frame of which image, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose.check.nesting import nested_faults
from orchestrator.compose.module_tables import module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compose.check.reading import Item

FUNCTIONAL_GROUPS: Final = "segmentation-multi-frame-functional-groups"
"""Its table lists every macro twice, as shared and of a frame; each stands in one of the two (PS3.3 C.7.6.16)."""

_SHARED: Final = "SharedFunctionalGroupsSequence"
_PER_FRAME: Final = "PerFrameFunctionalGroupsSequence"
_ALWAYS: Final = ("DerivationImageSequence", "FrameContentSequence", "SegmentIdentificationSequence")
_PLACED: Final = ("PixelMeasuresSequence", "PlaneOrientationSequence", "PlanePositionSequence")
"""In a frame of reference (PS3.3 A.51.5)."""


def frame_faults(dataset: Item) -> Iterator[str]:
    """What is missing or contradicts itself; none for an object without frames."""
    if "SegmentSequence" not in dataset:
        return
    shared, frames = dataset.items(_SHARED), dataset.items(_PER_FRAME)
    if len(shared) != 1 or dataset.text("NumberOfFrames") != str(len(frames)):
        yield f"{len(frames)} frames are described, {dataset.text('NumberOfFrames') or 'none'} are said to be there"
        return
    segments = {_number(segment, "SegmentNumber") for segment in dataset.items("SegmentSequence")}
    if segments != set(range(1, len(segments) + 1)):
        yield "segments are not numbered from 1 in steps of 1"
    yield from _group_faults(shared[0], _SHARED)
    for number, frame in enumerate(frames, start=1):
        yield from _group_faults(frame, f"frame {number}")
        yield from _one_frame(dataset, shared[0], frame, f"frame {number}", segments)
    yield from _pixel_faults(dataset, len(frames))


def _one_frame(dataset: Item, shared: Item, frame: Item, place: str, segments: set[int]) -> Iterator[str]:
    needed = (*_ALWAYS, *_PLACED) if dataset.has_value("FrameOfReferenceUID") else _ALWAYS
    for keyword in needed:
        if (keyword in shared) == (keyword in frame):
            yield f"{place}: {keyword} must stand once"
    for shown in frame.items("SegmentIdentificationSequence"):
        if _number(shown, "ReferencedSegmentNumber") not in segments:
            yield f"{place}: shows a segment that is not described"
    for content in frame.items("FrameContentSequence"):
        indexes = len(content.value("DimensionIndexValues") or b"") // 4
        if indexes != len(dataset.items("DimensionIndexSequence")):
            yield f"{place}: {indexes} dimension indexes"


def _group_faults(group: Item, place: str) -> Iterator[str]:
    rules = next(rule for rule in module(FUNCTIONAL_GROUPS) if rule.keyword == _PER_FRAME).nested
    for rule in rules:
        for item in group.items(rule.keyword):
            yield from nested_faults(rule.nested, item, f"{place}: {rule.keyword}.")


def _pixel_faults(dataset: Item, frames: int) -> Iterator[str]:
    bits = frames * _number(dataset, "Rows") * _number(dataset, "Columns")
    expected = (bits + 7) // 8
    found = len(dataset.value("PixelData") or b"")
    if found != expected + expected % 2:
        yield f"PixelData has {found} bytes for {bits} pixels of one bit"


def _number(item: Item, keyword: str) -> int:
    """An unsigned short; 0 where there is none."""
    return int.from_bytes((item.value(keyword) or b"")[:2], "little")
