"""Where the frames of an image lie: of a single frame (PS3.3 C.7.6.2), or by functional groups (C.7.6.16)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.compose.module_tables import modules_of
from orchestrator.compose.source_values import sequence_items, text_of
from orchestrator.compose.value_rules import is_uid

if TYPE_CHECKING:
    from pydicom import Dataset

_VALUES: Final = (3, 6, 2, 1)
"""How many numbers position, orientation, spacing and thickness are."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Where one frame lies in the patient."""

    position: tuple[float, ...]
    """Of the centre of its first pixel, in mm."""
    orientation: tuple[float, ...]
    """Direction cosines of row and column."""
    spacing: tuple[float, ...]
    """Between rows and between columns, in mm."""
    thickness_mm: float


@dataclass(frozen=True, slots=True)
class ImageSize:
    """What a mask has to fit."""

    rows: int
    columns: int
    frames: int


def size_of(source: Dataset) -> ImageSize | None:
    """The size of an image; None for what is none."""
    try:
        return ImageSize(int(source.Rows), int(source.Columns), int(source.get("NumberOfFrames") or 1))
    except (AttributeError, TypeError, ValueError):
        return None


def may_have_frames(source: Dataset) -> bool:
    """Whether its SOP class has several frames (PS3.3 C.7.6.6, C.7.6.16); of one that is not known: whether it has."""
    modules = modules_of(text_of(source, "SOPClassUID"))
    return any("multi-frame" in key for key in modules) if modules else "NumberOfFrames" in source


def frame_of_reference(source: Dataset) -> str:
    """Its Frame of Reference UID; empty where there is none, or one that is the study's, and so none."""
    found = text_of(source, "FrameOfReferenceUID")
    return found if is_uid(found) and found != text_of(source, "StudyInstanceUID") else ""


def plane_of(source: Dataset, frame: int) -> Plane | None:
    """Where a frame (1-based; 0 in a single-frame image) lies; None if the headers do not say all of it."""
    per_frame = sequence_items(source, "PerFrameFunctionalGroupsSequence")
    groups = [
        *per_frame[max(frame, 1) - 1 : max(frame, 1)],
        *sequence_items(source, "SharedFunctionalGroupsSequence"),
    ]
    position = _numbers(source, groups, "PlanePositionSequence", "ImagePositionPatient")
    orientation = _numbers(source, groups, "PlaneOrientationSequence", "ImageOrientationPatient")
    spacing = _numbers(source, groups, "PixelMeasuresSequence", "PixelSpacing")
    thickness = _numbers(source, groups, "PixelMeasuresSequence", "SliceThickness")
    sizes = (len(position), len(orientation), len(spacing), len(thickness))
    if sizes != _VALUES or not frame_of_reference(source):
        return None
    return Plane(position, orientation, spacing, thickness[0])


def _numbers(source: Dataset, groups: list[Dataset], sequence: str, keyword: str) -> tuple[float, ...]:
    """The values of an attribute where it stands: in a functional group, or at the top of a single frame's header."""
    items = [item for group in groups for item in sequence_items(group, sequence)]
    for place in (*items, source):
        try:
            return tuple(float(part) for part in text_of(place, keyword).split("\\"))
        except ValueError:
            continue
    return ()
