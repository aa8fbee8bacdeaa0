"""Four pictures of a published exam as DICOM objects, so that they can go the way of a real study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from brdensity.exam import STANDARD_VIEWS
from brdensity.mammography_object import Subject, View, for_presentation
from brdensity.phantoms import Laterality

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pydicom.dataset import FileDataset

SPACING_MM = 0.1
"""Not published with the pictures; that of the detectors of that time and place. Nothing here measures by it."""


class PictureMissing(Exception):
    """A folder without one of the four pictures, or with one that is not 8-bit grey."""


def wrap(folder: Path, acquired_at: datetime) -> tuple[FileDataset, ...]:
    """The objects of `R-CC.png`, `L-CC.png`, `R-MLO.png` and `L-MLO.png`. Raises `PictureMissing`.

    The published right views are mirrored, chest wall at the left; they are turned back, as such images hang.
    """
    subject = Subject(
        key=f"wrapped/{acquired_at.isoformat()}",
        patient_name="PUBLISHED^EXAM",
        patient_id="PUBLISHED-EXAM-1",
        study_description="Screening mammography (published, de-identified)",
        acquired_at=acquired_at,
    )
    objects = []
    for number, (laterality, position) in enumerate(STANDARD_VIEWS, start=1):
        path = folder / f"{laterality}-{position}.png"
        if not path.is_file():
            raise PictureMissing(f"{folder} has no {path.name}")
        pixels = np.asarray(Image.open(path))
        if pixels.dtype != np.uint8 or pixels.ndim != 2:  # noqa: PLR2004 - rows and columns
            raise PictureMissing(f"{path.name} is not an 8-bit grey picture")
        view = View(
            laterality=laterality,
            position=position,
            number=number,
            pixels=pixels if laterality is Laterality.LEFT else pixels[:, ::-1],
            bits_stored=8,
            window=(128, 256),
            spacing_mm=SPACING_MM,
        )
        objects.append(for_presentation(subject, view))
    return tuple(objects)
