"""One frame's stored values, decoded within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from pydicom import dcmread
from pydicom.encaps import get_frame
from pydicom.pixels.utils import pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from wetread_sdk.pixels.decoder import Decoder
from wetread_sdk.pixels.frames import CompressedFrame
from wetread_sdk.pixels.limits import (
    PYDICOM_RAISES,
    Limits,
    Unreadable,
    check_codestream,
    check_run_lengths,
    frame_size,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pydicom import Dataset

    from wetread_sdk.pixels.codestream import Size

VR_OF_PIXELS = (b"OB", b"OW")
"""PS3.5 8.2."""

IMAGE_PIXEL_KEYWORDS = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PlanarConfiguration",
)
"""What decoders ask for (PS3.3 C.7.6.3)."""

DEFLATED = DeflatedExplicitVRLittleEndian.encode()
FILE_META_BYTES = 1024
"""Preamble and file meta information are shorter."""


def stored_values(file: BinaryIO, frame: int = 1, decoder: Decoder | None = None) -> NDArray[np.integer]:
    """The stored values of one frame: (rows, columns), or (rows, columns, 3), integers of 8 to 32 bits.

    `file` is a whole Part 10 file, `frame` counts from 1. Nothing but decompression happens: no look-up table, no
    rescaling, no change of colour space. Without a `decoder` a compressed frame gets one of its own, whose start takes
    a second. Raises `Unreadable`.
    """
    if decoder is None:
        with Decoder() as own:
            return stored_values(file, frame, own)
    try:
        return _decode(file, frame, decoder)
    except PYDICOM_RAISES as error:
        raise Unreadable(f"the pixels cannot be decoded ({type(error).__name__})") from error


def _decode(file: BinaryIO, frame: int, decoder: Decoder) -> NDArray[np.integer]:
    dataset = read_header(file)
    pixels_at = file.tell()
    size = frame_size(dataset, decoder.limits)
    frames = int(dataset.get("NumberOfFrames") or 1)
    if not 1 <= frame <= frames:
        raise Unreadable(f"frame {frame} of {frames}")
    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        file.seek(0)
        return np.asarray(pixel_array(file, index=frame - 1, raw=True))
    _to_fragments(file, pixels_at)
    codestream = get_frame(file, frame - 1, number_of_frames=frames)
    _check_compressed(codestream, dataset, size, decoder.limits)
    values = decoder.decode(
        CompressedFrame(dataset.file_meta.TransferSyntaxUID, dict(_image_pixel_attributes(dataset)), codestream)
    )
    if values.shape[:2] != size:
        raise Unreadable("the pixels decode to another size than the attributes say")
    return values


def _image_pixel_attributes(dataset: Dataset) -> Iterator[tuple[str, str | int]]:
    for keyword in IMAGE_PIXEL_KEYWORDS:
        value = dataset.get(keyword)
        if isinstance(value, int | str):
            yield keyword, value


def read_header(file: BinaryIO) -> Dataset:
    """The attributes before the pixel data; leaves the file at the pixel data element. Raises `Unreadable`."""
    file.seek(0)
    if DEFLATED in file.read(FILE_META_BYTES):
        raise Unreadable("deflated data sets are not read: what they unfold to cannot be known before")
    file.seek(0)
    try:
        return dcmread(file, stop_before_pixels=True)
    except PYDICOM_RAISES as error:
        raise Unreadable(f"the header cannot be read ({type(error).__name__})") from error


def _to_fragments(file: BinaryIO, pixels_at: int) -> None:
    """Leave the file behind tag, VR and length of the pixel data (PS3.5 7.1.2), or behind tag and length.

    Encapsulated pixels are always explicit VR (PS3.5 A.4); some files in the world are not.
    """
    file.seek(pixels_at + 4)
    file.seek(pixels_at + (12 if file.read(2) in VR_OF_PIXELS else 8))


def _check_compressed(codestream: bytes, dataset: Dataset, size: Size, limits: Limits) -> None:
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax == RLELossless:
        samples = int(dataset.get("SamplesPerPixel", 1)) * int(dataset.BitsAllocated) // 8
        check_run_lengths(codestream, size.rows * size.columns * samples)
    check_codestream(codestream, syntax, size, limits)
