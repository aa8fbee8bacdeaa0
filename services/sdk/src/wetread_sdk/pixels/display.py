"""Stored values → what a monitor would show (PS3.3 C.11.1, C.11.2, C.11.6; PS3.4 N.2).

The order is the Standard's: modality transformation, VOI transformation, presentation. Padding is masked before
anything is computed: in one real mammogram it is two thirds of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from pydicom.pixels.processing import apply_modality_lut

from wetread_sdk.pixels.limits import PYDICOM_RAISES, Unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame as a monitor would show it."""

    values: NDArray[np.float32]
    """(rows, columns), 0 black to 1 white; padding is 0."""
    padding: NDArray[np.bool_]
    """(rows, columns): true where there is no picture."""


def shown(dataset: Dataset, stored: NDArray[np.integer]) -> Picture:
    """A greyscale frame as a monitor would show it, from its attributes and (rows, columns) stored values.

    The first VOI LUT counts, else the first window, else the range of the values. Raises `Unreadable` for colour and
    for attributes that are no numbers.
    """
    try:
        return _shown(dataset, stored)
    except PYDICOM_RAISES as error:
        raise Unreadable(f"the attributes of the display cannot be read ({type(error).__name__})") from error


def _shown(dataset: Dataset, stored: NDArray[np.integer]) -> Picture:
    if stored.ndim != 2 or not dataset.get("PhotometricInterpretation", "").startswith("MONOCHROME"):  # noqa: PLR2004
        raise Unreadable("display values are made of MONOCHROME1 and MONOCHROME2 only")
    padding = padding_mask(dataset, stored)
    values = _voi(dataset, np.asarray(apply_modality_lut(stored, dataset), np.float32), padding)
    if is_inverse(dataset):
        np.subtract(1.0, values, out=values)
    values[padding] = 0.0
    return Picture(values, padding)


def is_inverse(dataset: Dataset) -> bool:
    """Whether the lowest value is white: MONOCHROME1 or Presentation LUT Shape INVERSE, which name the same thing."""
    inverse: bool = dataset.get("PresentationLUTShape") == "INVERSE"
    return inverse or dataset.PhotometricInterpretation == "MONOCHROME1"


def padding_mask(dataset: Dataset, stored: NDArray[np.integer]) -> NDArray[np.bool_]:
    """True where a stored value is Pixel Padding Value, or between it and the Range Limit (PS3.3 C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, np.bool_)
    limit = dataset.get("PixelPaddingRangeLimit")
    low, high = sorted((int(value), int(value if limit is None else limit)))
    return np.asarray((stored >= low) & (stored <= high))


def _voi(dataset: Dataset, values: NDArray[np.float32], padding: NDArray[np.bool_]) -> NDArray[np.float32]:
    tables = dataset.get("VOILUTSequence")
    if tables:
        return _table(tables[0], values)
    center, width = _first(dataset, "WindowCenter"), _first(dataset, "WindowWidth")
    if center is not None and width is not None and width > 0:
        return window(values, center, width, dataset.get("VOILUTFunction", "LINEAR"))
    pictured = values[~padding]
    low, high = (float(pictured.min()), float(pictured.max())) if pictured.size else (0.0, 0.0)
    return np.asarray((values - low) / max(high - low, 1.0), np.float32)


def window(values: NDArray[np.float32], center: float, width: float, function: str) -> NDArray[np.float32]:
    """Values through a window, 0 to 1 (PS3.3 C.11.2.1.2 and C.11.2.1.3). Raises `Unreadable` for unknown functions."""
    match function:
        case "SIGMOID":
            return np.asarray(1.0 / (1.0 + np.exp(np.float32(-4.0 / width) * (values - np.float32(center)))))
        case "LINEAR_EXACT":
            scaled = (values - np.float32(center)) / np.float32(width) + np.float32(0.5)
        case "LINEAR" | "":
            if width <= 1.0:
                return (values > center - 0.5).astype(np.float32)
            scaled = (values - np.float32(center - 0.5)) / np.float32(width - 1.0) + np.float32(0.5)
        case _:
            raise Unreadable("a VOI LUT Function that the Standard does not know")
    return np.clip(scaled, 0.0, 1.0, out=scaled)


def _table(item: Dataset, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values through a VOI LUT, 0 to 1 (PS3.3 C.11.2.1.1)."""
    entries, first, bits = (int(part) for part in item.LUTDescriptor)
    table = _entries(item.LUTData, entries or 2**16)
    index = np.clip(values - first, 0, len(table) - 1).astype(np.intp)
    return (table.astype(np.float32) / np.float32(2**bits - 1))[index]


def _entries(data: object, count: int) -> NDArray[np.integer]:
    """A table's entries, whether its VR was US (numbers) or OW (bytes, 8 or 16 bits each)."""
    if not isinstance(data, bytes):
        return np.asarray(data, np.int64)
    wide = len(data) >= 2 * count
    return np.frombuffer(data, "<u2" if wide else "u1")[:count].astype(np.int64)


def _first(dataset: Dataset, keyword: str) -> float | None:
    """The first value of a number that may have several, or nothing."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return None
    several = cast("list[float]", value) if hasattr(value, "__len__") and not isinstance(value, str) else [value]
    return float(several[0]) if len(several) else None
