"""What goes between a model and its decoding process: a line of JSON, then bytes; never anything that can be code.

→ {"transfer_syntax": …, "attributes": {…}, "size_bytes": n}      and n bytes of one compressed frame
← {"shape": […], "dtype": "<u2", "size_bytes": n}                 and n bytes of stored values
← {"error": "ValueError"}
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DTYPES = frozenset({"|u1", "|i1", "<u2", "<i2", "<u4", "<i4"})
"""What stored values can be."""


@dataclass(frozen=True, slots=True)
class CompressedFrame:
    """All that decoding one frame needs."""

    transfer_syntax: str
    attributes: Mapping[str, str | int]
    """Of the Image Pixel Module (PS3.3 C.7.6.3), by keyword."""
    codestream: bytes


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """(rows, columns) or (rows, columns, samples)."""

    values: NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Failed:
    """The decoder raised."""

    error: str
    """The name of the exception's type."""


def write_request(file: BinaryIO, frame: CompressedFrame) -> None:
    """Send one frame."""
    head = {
        "transfer_syntax": frame.transfer_syntax,
        "attributes": dict(frame.attributes),
        "size_bytes": len(frame.codestream),
    }
    _write(file, head, frame.codestream)


def read_request(file: BinaryIO) -> CompressedFrame | None:
    """The next frame, or nothing at the end."""
    line = file.readline()
    if not line:
        return None
    head = json.loads(line)
    return CompressedFrame(head["transfer_syntax"], head["attributes"], file.read(head["size_bytes"]))


def write_answer(file: BinaryIO, answer: DecodedFrame | Failed) -> None:
    """Send what became of a frame."""
    if isinstance(answer, Failed):
        _write(file, {"error": answer.error}, b"")
        return
    values = answer.values.astype(answer.values.dtype.newbyteorder("<"), copy=False)
    head = {"shape": list(values.shape), "dtype": values.dtype.str, "size_bytes": values.nbytes}
    _write(file, head, values.tobytes())


def read_answer(file: BinaryIO) -> DecodedFrame | Failed | None:
    """What became of a frame, or nothing where the process has ended. Raises `ValueError` for what is no answer."""
    line = file.readline()
    if not line:
        return None
    head = json.loads(line)
    if "error" in head:
        return Failed(str(head["error"]))
    if head["dtype"] not in DTYPES:
        msg = "stored values of an unknown type"
        raise ValueError(msg)
    content = file.read(head["size_bytes"])
    if len(content) < head["size_bytes"]:
        return None
    return DecodedFrame(np.frombuffer(content, head["dtype"]).reshape(head["shape"]))


def _write(file: BinaryIO, head: Mapping[str, object], content: bytes) -> None:
    file.write(json.dumps(head).encode() + b"\n")
    file.write(content)
    file.flush()
