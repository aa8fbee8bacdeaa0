"""The process in which compressed frames are decoded: `python -m wetread_sdk.pixels.child`.

Decoders are C and Rust, and their input is a stranger's. Fed with spoilt files they were seen to panic, to hang and to
take memory without end; here that ends this process and nothing else. What goes in and out is described in `frames`.
"""

from __future__ import annotations

import resource
import sys
from typing import BinaryIO

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from wetread_sdk.pixels import jpeg_extended
from wetread_sdk.pixels.frames import CompressedFrame, DecodedFrame, Failed, read_request, write_answer


def main() -> None:
    """Answer requests from stdin on stdout until stdin ends."""
    memory_bytes = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    jpeg_extended.register()
    answer_all(sys.stdin.buffer, sys.stdout.buffer)


def answer_all(requests: BinaryIO, answers: BinaryIO) -> None:
    """One answer for each request."""
    while (request := read_request(requests)) is not None:
        write_answer(answers, decode(request))


def decode(frame: CompressedFrame) -> DecodedFrame | Failed:
    """The stored values of one frame, or the name of what the decoder raised."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(frame.transfer_syntax)
    for keyword, value in frame.attributes.items():
        setattr(dataset, keyword, value)
    dataset.PixelData = encapsulate([frame.codestream])
    dataset["PixelData"].is_undefined_length = True
    try:
        values = np.ascontiguousarray(pixel_array(dataset, raw=True))
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises is this frame's fate, and no one else's
        return Failed(type(error).__name__)
    return DecodedFrame(values)


if __name__ == "__main__":
    main()
