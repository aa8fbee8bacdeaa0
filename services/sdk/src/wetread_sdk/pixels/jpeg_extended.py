"""JPEG Extended with 12 bits (1.2.840.10008.1.2.4.51): pydicom's usual plugins fail, imagecodecs decodes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
from pydicom.pixels.decoders.base import JPEGExtended12BitDecoder
from pydicom.uid import JPEGExtended12Bit

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import DecodeRunner

NAME = "imagecodecs"
DECODER_DEPENDENCIES = {JPEGExtended12Bit: ("imagecodecs",)}
"""Read by pydicom when the plugin is registered."""


def is_available(uid: str) -> bool:
    """Whether this plugin decodes that transfer syntax; asked by pydicom."""
    return uid in DECODER_DEPENDENCIES


def decode(source: bytes, runner: DecodeRunner) -> bytearray:
    """One decoded frame, little endian; called by pydicom."""
    frame = imagecodecs.jpeg8_decode(source)
    runner.set_option("bits_allocated", frame.dtype.itemsize * 8)
    return bytearray(np.ascontiguousarray(frame).tobytes())


def register() -> None:
    """Let pydicom use the plugin; a second call does nothing."""
    if NAME not in JPEGExtended12BitDecoder.available_plugins:
        JPEGExtended12BitDecoder.add_plugin(NAME, (__name__, "decode"))
