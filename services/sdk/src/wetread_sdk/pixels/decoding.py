"""One frame's stored values, decoded within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from pydicom import dcmread
from pydicom.encaps import get_frame
from pydicom.errors import InvalidDicomError
from pydicom.pixels.utils import pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from wetread_sdk.pixels import jpeg_extended
from wetread_sdk.pixels.limits import Limits, Unreadable, check_codestream, check_run_lengths, frame_size

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset

    from wetread_sdk.pixels.codestream import Size

ELEMENT_HEADER_BYTES = 12
"""Tag, VR, two reserved bytes and length before encapsulated pixels, always explicit VR little endian (PS3.5 A.4)."""

DECODERS_RAISE = (
    RuntimeError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    OSError,
    IndexError,
    KeyError,
)
"""What `pixel_array` and its plugins were seen to raise for broken input, not all of it documented."""

READERS_RAISE = (InvalidDicomError, OSError, RecursionError, ValueError, TypeError, AttributeError, KeyError)
"""What `dcmread` was seen to raise for broken files."""

DEFLATED = DeflatedExplicitVRLittleEndian.encode()
FILE_META_BYTES = 1024
"""Preamble and file meta information are shorter."""

jpeg_extended.register()


def stored_values(file: BinaryIO, frame: int = 1, limits: Limits | None = None) -> NDArray[np.integer]:
    """The stored values of one frame: (rows, columns), or (rows, columns, 3), unsigned or signed 8 or 16 bits.

    `file` is a whole Part 10 file, `frame` counts from 1. Nothing but decompression happens: no look-up table, no
    rescaling, no change of colour space. Raises `Unreadable`.
    """
    limits = limits or Limits()
    dataset = read_header(file)
    pixels_at = file.tell()
    size = frame_size(dataset, limits)
    frames = int(dataset.get("NumberOfFrames") or 1)
    if not 1 <= frame <= frames:
        raise Unreadable(f"frame {frame} of {frames}")
    try:
        if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            file.seek(pixels_at + ELEMENT_HEADER_BYTES)
            _check_compressed(get_frame(file, frame - 1, number_of_frames=frames), dataset, size, limits)
        file.seek(0)
        return np.asarray(pixel_array(file, index=frame - 1, raw=True))
    except DECODERS_RAISE as error:
        raise Unreadable(f"the pixels cannot be decoded ({type(error).__name__})") from error


def read_header(file: BinaryIO) -> Dataset:
    """The attributes before the pixel data; leaves the file at the pixel data element. Raises `Unreadable`."""
    file.seek(0)
    if DEFLATED in file.read(FILE_META_BYTES):
        raise Unreadable("deflated data sets are not read: what they unfold to cannot be known before")
    file.seek(0)
    try:
        return dcmread(file, stop_before_pixels=True)
    except READERS_RAISE as error:
        raise Unreadable(f"the header cannot be read ({type(error).__name__})") from error


def _check_compressed(codestream: bytes, dataset: Dataset, size: Size, limits: Limits) -> None:
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax == RLELossless:
        samples = int(dataset.get("SamplesPerPixel", 1)) * int(dataset.BitsAllocated) // 8
        check_run_lengths(codestream, size.rows * size.columns * samples)
    check_codestream(codestream, syntax, size, limits)
