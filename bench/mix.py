"""Studies as a hospital's day has them: radiographs, ultrasound with frames, CT of 300 slices, mammograms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydicom.uid import UID, ExplicitVRLittleEndian
from tests.dicom_factories import as_file, ct_slice, mammogram

from bench.exams import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from pydicom import Dataset

CT_SLICES = 300
US_FRAMES = 30
_TOKEN = "100000000001"  # noqa: S105 - names the study inside a template; all studies' numbers have twelve digits
_ROOT = "1.2.826.0.1.3680043.10.543"
_COMPUTED_RADIOGRAPHY = "1.2.840.10008.5.1.4.1.1.1"
_ULTRASOUND_MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.3.1"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of study, ready to be sent again and again under other numbers."""

    name: str
    share: float
    """Of all studies."""
    templates: Sequence[bytes]

    def files(self, number: int) -> Iterator[bytes]:
        """Its files as a study of its own."""
        token = str(int(_TOKEN) + number).encode()
        return (template.replace(_TOKEN.encode(), token) for template in self.templates)


def kinds() -> tuple[Kind, ...]:
    """The mix; modest pixels, so that two cores hold a load of ten hospitals."""
    radiographs = [_as(ct_slice(), "CR", _COMPUTED_RADIOGRAPHY, number, rows=256) for number in (1, 2)]
    frames = _as(ct_slice(), "US", _ULTRASOUND_MULTI_FRAME, 1, rows=64, frames=US_FRAMES)
    slices = [_as(ct_slice(), "CT", "", number, rows=48) for number in range(1, CT_SLICES + 1)]
    views = [
        _as(mammogram(laterality, view), "MG", "", number, rows=128)
        for number, (laterality, view) in enumerate(VIEWS, start=1)
    ]
    return (
        Kind("CR 1", 0.30, [as_file(radiographs[0])]),
        Kind("CR 2", 0.20, [as_file(one) for one in radiographs]),
        Kind("US multi-frame", 0.20, [as_file(frames)]),
        Kind("CT 300", 0.15, [as_file(one) for one in slices]),
        Kind("MG 4", 0.15, [as_file(one) for one in views]),
    )


def choose(among: Sequence[Kind], random: Random) -> Kind:
    """One of them, each as often as its share."""
    return random.choices(among, weights=[kind.share for kind in among])[0]


def _as(dataset: Dataset, modality: str, sop_class_uid: str, number: int, *, rows: int, frames: int = 1) -> Dataset:
    """The dataset as another modality's, with UIDs that hold the token."""
    dataset.Modality = modality
    if sop_class_uid:
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    dataset.PatientID, dataset.StudyID = f"SOAK-{_TOKEN}", "1"
    dataset.StudyInstanceUID = f"{_ROOT}.{_TOKEN}"
    dataset.SeriesInstanceUID = f"{_ROOT}.{_TOKEN}.{number if modality == 'MG' else 1}"
    dataset.SOPInstanceUID = f"{_ROOT}.{_TOKEN}.1.{number}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.InstanceNumber = number
    dataset.Rows = dataset.Columns = rows
    if frames > 1:
        dataset.NumberOfFrames = frames
    pixels = np.random.default_rng(number).integers(0, 4000, (frames, rows, rows), dtype=np.uint16)
    dataset.PixelData = pixels.tobytes()
    return dataset
