"""The size that a compressed frame states in its own first bytes, without decoding it."""

from __future__ import annotations

from typing import NamedTuple

from pydicom.uid import JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes, JPEGTransferSyntaxes

START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
"""SOFn of ISO/IEC 10918-1 table B.1, and SOF55 of JPEG-LS (ISO/IEC 14495-1 C.1.1)."""
STANDALONE = frozenset({0x01, *range(0xD0, 0xDA)})
"""Markers without a length (10918-1 B.1.1.3)."""
START_OF_IMAGE = b"\xff\xd8"
MARKER = 0xFF
"""Every marker begins with it; the next byte says which."""
SHORTEST_FRAME_HEADER = 9
"""Marker, length, precision, lines, samples per line."""
SIZ = b"\xff\x4f\xff\x51"
"""SOC and SIZ: how every JPEG 2000 codestream begins (ISO/IEC 15444-1 A.5.1)."""


class Size(NamedTuple):
    """Of a frame, in pixels."""

    rows: int
    columns: int


def stated_size(frame: bytes, transfer_syntax: str) -> Size | None:
    """What the codestream says about itself; nothing where its kind has no such statement or it cannot be found."""
    if transfer_syntax in JPEG2000TransferSyntaxes:
        return _jpeg2000_size(frame)
    if transfer_syntax in JPEGTransferSyntaxes or transfer_syntax in JPEGLSTransferSyntaxes:
        return _jpeg_size(frame)
    return None


def _jpeg2000_size(frame: bytes) -> Size | None:
    """Xsiz − XOsiz by Ysiz − YOsiz (15444-1 A.5.1); boxes of a JP2 file before the codestream are passed over."""
    start = frame.find(SIZ)
    if start < 0 or len(frame) < start + 24:
        return None
    x_size, y_size, x_offset, y_offset = (
        int.from_bytes(frame[start + at : start + at + 4], "big") for at in (8, 12, 16, 20)
    )
    return Size(y_size - y_offset, x_size - x_offset)


def _jpeg_size(frame: bytes) -> Size | None:
    """Lines and samples per line of the first start-of-frame segment (10918-1 B.2.2)."""
    at = frame.find(START_OF_IMAGE)
    while 0 <= at <= len(frame) - SHORTEST_FRAME_HEADER and frame[at] == MARKER:
        kind = frame[at + 1]
        if kind in START_OF_FRAME:
            return Size(int.from_bytes(frame[at + 5 : at + 7], "big"), int.from_bytes(frame[at + 7 : at + 9], "big"))
        if kind == MARKER:  # a fill byte before the marker
            at += 1
        elif kind in STANDALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
    return None
