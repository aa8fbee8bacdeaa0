"""What may be decoded at all, decided before a decoder sees a byte.

A codestream of 589 bytes can decode to 144 million pixels, and decoders unfold all of it before they notice that it
does not fit the header. So both are looked at: the attributes, and the size that the codestream states itself.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.errors import BytesLengthException, InvalidDicomError

from wetread_sdk.pixels.codestream import Size, stated_size

if TYPE_CHECKING:
    from pydicom import Dataset

MAX_SAMPLES_PER_PIXEL = 3
ALLOCATED = frozenset({1, 8, 16, 32})
"""Bits per sample; 1 in segmentations, 32 in parametric maps and doses."""

PYDICOM_RAISES = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    BytesLengthException,
    InvalidDicomError,
    struct.error,
)
"""What reading a broken file with pydicom was seen to raise, not all of it documented. RecursionError and
NotImplementedError are kinds of RuntimeError."""


class Unreadable(Exception):
    """Pixels that cannot be decoded, or that are too large to try; the text says why and identifies nobody."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large one frame may be."""

    frame_pixels: int = 64_000_000
    """Rows × columns. The largest mammograms have 20 million, digitised films 40."""
    decode_s: float = 20.0
    """What decoding one compressed frame may take; the largest mammogram takes 2 s."""
    decoder_memory_bytes: int = 4 * 2**30
    """Address space of the decoding process."""


def frame_size(dataset: Dataset, limits: Limits) -> Size:
    """Rows and columns of a frame as the attributes state them. Raises `Unreadable`."""
    rows, columns = dataset.get("Rows"), dataset.get("Columns")
    samples, allocated = dataset.get("SamplesPerPixel", 1), dataset.get("BitsAllocated")
    if not isinstance(rows, int) or not isinstance(columns, int) or rows < 1 or columns < 1:
        raise Unreadable("the instance has no Rows and Columns")
    if samples not in {1, MAX_SAMPLES_PER_PIXEL} or allocated not in ALLOCATED:
        raise Unreadable(f"{samples} samples per pixel of {allocated} bits are not read")
    size = Size(rows, columns)
    _refuse_above(size, limits, "a frame")
    return size


def check_codestream(frame: bytes, transfer_syntax: str, expected: Size, limits: Limits) -> None:
    """Nothing, if a compressed frame states the size that the attributes state. Raises `Unreadable`."""
    stated = stated_size(frame, transfer_syntax)
    if stated is None:
        return
    _refuse_above(stated, limits, "a compressed frame")
    if stated != expected:
        raise Unreadable(
            f"a compressed frame is {stated.rows} × {stated.columns}, its attributes say "
            f"{expected.rows} × {expected.columns}"
        )


def check_run_lengths(frame: bytes, decoded_bytes: int) -> None:
    """Nothing, if an RLE frame is no longer than the worst encoding of its pixels (PS3.5 G.3). Raises `Unreadable`."""
    header_bytes, longest = 64, decoded_bytes * 129 // 128 + 64
    if len(frame) > header_bytes + longest + 2 * 12:
        raise Unreadable("an RLE frame is longer than any encoding of its pixels")


def _refuse_above(size: Size, limits: Limits, what: str) -> None:
    if size.rows * size.columns > limits.frame_pixels:
        raise Unreadable(f"{what} of {size.rows} × {size.columns} pixels, at most {limits.frame_pixels} are read")
