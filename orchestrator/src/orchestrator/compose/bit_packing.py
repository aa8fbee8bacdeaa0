"""Masks from the contract's bit order to that of DICOM pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wetread_contract.findings import MaskPlane


def packed(planes: Sequence[MaskPlane]) -> bytes:
    """All frames as one stream of bits, first pixel in the least significant bit, of even length (PS3.5 8.1.1).

    The contract's rows are whole bytes, first pixel in the most significant bit. One frame at a time
    is unpacked, so that memory stays near the size of the masks themselves.
    """
    parts, left = [], np.zeros(0, np.uint8)
    for plane in planes:
        rows = np.frombuffer(plane.bits, np.uint8).reshape(plane.rows, -1)
        pixels = np.unpackbits(rows, axis=1, count=plane.columns).reshape(-1)
        bits = np.concatenate((left, pixels))
        whole = bits.size - bits.size % 8
        parts.append(np.packbits(bits[:whole], bitorder="little").tobytes())
        left = bits[whole:]
    parts.append(np.packbits(left, bitorder="little").tobytes())
    stream = b"".join(parts)
    return stream + b"\0" * (len(stream) % 2)
