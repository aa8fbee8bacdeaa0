"""A synthetic screening exam: four phantom views as DICOM objects, with variants that software trips over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydicom.uid import UID, ExplicitVRLittleEndian

from brdensity.mammography_object import Subject, View, for_presentation
from brdensity.phantoms import DETECTOR, Grid, Laterality, Position, draw_pair, mammogram

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom.dataset import FileDataset

STANDARD_VIEWS = tuple((laterality, position) for position in Position for laterality in reversed(Laterality))
"""R CC, L CC, R MLO, L MLO: the order in which they are taken."""


@dataclass(frozen=True, slots=True)
class ExamRequest:
    """What the exam is to be like; equal requests give equal exams."""

    grade: str
    """Of the denser breast: A to D."""
    seed: int
    """Decides the breasts and, with the grade, all UIDs."""
    acquired_at: datetime
    """Aware: the study's date, time and offset from UTC."""
    grid: Grid = DETECTOR
    bits_stored: int = 12
    """12 to 14; 16 are allocated."""
    monochrome1: bool = False
    """Stored inverted, with Presentation LUT Shape INVERSE (PS3.3 C.8.11.1.1.2)."""
    transfer_syntax: UID = ExplicitVRLittleEndian
    """Any that pydicom can encode: RLE, JPEG-LS, JPEG 2000."""


def draw_exam(request: ExamRequest, on_view: Callable[[str], None] = lambda _: None) -> tuple[FileDataset, ...]:
    """The four views in the order of `STANDARD_VIEWS`; `on_view` is told what is being drawn, as `R CC`."""
    rng = np.random.default_rng([request.seed, ord(request.grade)])
    breasts = draw_pair(rng, request.grade)
    subject = _subject(request)
    objects = []
    for number, (laterality, position) in enumerate(STANDARD_VIEWS, start=1):
        on_view(f"{laterality} {position}")
        picture = mammogram(rng, breasts[laterality], laterality, position, request.grid)
        top = 2**request.bits_stored - 1
        view = View(
            laterality=laterality,
            position=position,
            number=number,
            pixels=_stored_values(picture, top),
            bits_stored=request.bits_stored,
            window=(round(0.5 * top), round(0.92 * top)),
            spacing_mm=request.grid.spacing_mm,
            marker=f"synthetic phantom, grade {breasts[laterality].grade}",
        )
        objects.append(_as_requested(for_presentation(subject, view), request))
    return tuple(objects)


def write_exam(objects: Sequence[FileDataset], folder: Path) -> tuple[Path, ...]:
    """The files that were written, named by side and view: `R-CC.dcm`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for dataset in objects:
        path = folder / f"{dataset.ImageLaterality}-{dataset.ViewPosition}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        paths.append(path)
    return tuple(paths)


def _subject(request: ExamRequest) -> Subject:
    return Subject(
        key=f"phantom/{request.grade}/{request.seed}/{request.acquired_at.isoformat()}",
        patient_name=f"PHANTOM^GRADE {request.grade}^SEED {request.seed}",
        patient_id=f"PHANTOM-{request.grade}-{request.seed}",
        study_description="Screening mammography (synthetic)",
        acquired_at=request.acquired_at,
    )


def _stored_values(picture: NDArray[np.float32], top: int) -> NDArray[np.uint16]:
    """Display values 0 to 1 spread over the window, so that none is cut off by it; air is 0."""
    spread = (0.04 + 0.92 * picture) * top
    return np.where(picture > 0.0, np.round(spread), 0.0).astype(np.uint16)


def _as_requested(dataset: FileDataset, request: ExamRequest) -> FileDataset:
    if request.monochrome1:
        _invert(dataset, 2**request.bits_stored - 1)
    if request.transfer_syntax != ExplicitVRLittleEndian:
        dataset.compress(request.transfer_syntax, generate_instance_uid=False)
    return dataset


def _invert(dataset: FileDataset, top: int) -> None:
    """The same picture in MONOCHROME1: stored values count the other way, so does the window."""
    stored = np.frombuffer(dataset.PixelData, np.uint16)
    dataset.PixelData = (top - stored).astype(np.uint16).tobytes()
    dataset.PhotometricInterpretation = "MONOCHROME1"
    dataset.PresentationLUTShape = "INVERSE"
    dataset.WindowCenter = top - dataset.WindowCenter
