"""Display values of one view → the small picture that the demonstration network reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from brdensity.phantoms import Laterality

ROWS = 128
COLUMNS = 104
"""What the network sees of a view: 2.2 mm per pixel on a large detector."""


def network_input(display: NDArray[np.float32], laterality: Laterality) -> NDArray[np.float32]:
    """One view as (ROWS, COLUMNS, 1) float32, 0 to 1, the chest wall at the left edge, air and padding 0.

    `display`: (rows, columns) float32, 0 black to 1 white, dense tissue bright. A right breast is mirrored. The
    picture keeps its aspect ratio: it is averaged down to fit, and filled up with air at the right and below.
    """
    towards_right = display if laterality == "L" else display[:, ::-1]
    rows, columns = towards_right.shape
    factor = min(ROWS / rows, COLUMNS / columns)
    height, width = max(1, round(rows * factor)), max(1, round(columns * factor))
    small = Image.fromarray(np.ascontiguousarray(towards_right)).resize((width, height), Image.Resampling.BOX)
    filled = np.zeros((ROWS, COLUMNS, 1), np.float32)
    filled[:height, :width, 0] = np.asarray(small)
    return filled
