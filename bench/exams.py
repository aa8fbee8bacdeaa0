"""Studies of four mammograms of any size, each with UIDs of its own."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
from pydicom import dcmread
from tests.dicom_factories import as_file, mammogram

if TYPE_CHECKING:
    from collections.abc import Iterator

VIEWS = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
_SAMPLE_BYTES = 2


@dataclass(frozen=True, slots=True)
class Size:
    """Of one view, 16 bit allocated and 14 stored."""

    rows: int
    columns: int

    @property
    def view_mb(self) -> float:
        """Megabytes of pixels."""
        return self.rows * self.columns * _SAMPLE_BYTES / 1e6


SCREENING = Size(2048, 1664)
"""4 × 6.8 MB."""
HIGH_RESOLUTION = Size(4096, 3328)
"""4 × 27 MB."""
HUGE = Size(16000, 15625)
"""4 × 500 MB."""


class ExamMaker:
    """Makes files of one size; the pixels are drawn once, the headers are made for each study."""

    def __init__(self, size: Size) -> None:
        self._pixels = _noise(size)
        self._size = size

    def files(self) -> Iterator[bytes]:
        """The four files of a new study, one after the other."""
        study = uuid4().hex
        for number, (laterality, view) in enumerate(VIEWS, start=1):
            dataset = dcmread(BytesIO(as_file(mammogram(laterality, view, study=study, number=number, bits_stored=14))))
            dataset.PatientID = f"BENCH-{study[:8]}"
            dataset.Rows, dataset.Columns = self._size.rows, self._size.columns
            dataset.PixelData = self._pixels
            file = BytesIO()
            dataset.save_as(file)
            yield file.getvalue()


def _noise(size: Size) -> bytes:
    """Little-endian 14-bit pixels that no compression makes small, brighter to the right."""
    random = np.random.default_rng(20)
    row = np.linspace(0, 12000, size.columns, dtype=np.uint16)
    block = random.integers(0, 4000, (min(size.rows, 1024), size.columns), dtype=np.uint16) + row
    repeats = -(-size.rows // block.shape[0])
    return b"".join([block.tobytes()] * repeats)[: size.rows * size.columns * _SAMPLE_BYTES]
