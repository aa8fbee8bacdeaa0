"""Splits a DICOM file that is still arriving into its header and its pixel data element.

Nothing is held but the header: the pixel data passes through in chunks, ended where its element
ends (PS3.5 7.1.2 for a length, A.4 for encapsulated fragments), so that what follows it (padding,
signatures, private trailers) never leaves.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

from pydicom import Dataset, FileDataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from orchestrator.errors import InstanceUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.orthanc.archive import ByteStream

MOST_HEADER_BYTES = 64 * 2**20
"""A header above this is no header; what is known to be honest stays below a few megabytes."""
CHUNK_BYTES = 512 * 2**10
_PIXEL_ELEMENTS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})  # float, double float, pixel data
_UNDEFINED = 0xFFFFFFFF
_ITEM, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)


class ArrivingFile:
    """A Part 10 file read from a stream: first `header`, then the bytes of `pixels`.

    Raises `InstanceUnreadable`, and what the stream raises.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._source = _Replay(stream)
        try:
            self.header: FileDataset = dcmread(self._source, stop_before_pixels=True, force=False)
            syntax = self.header.file_meta.TransferSyntaxUID
        except (
            InvalidDicomError,
            AttributeError,
            ValueError,
            EOFError,
            OSError,
            RecursionError,
            struct.error,
        ) as error:
            raise InstanceUnreadable("the stored file is not DICOM that can be read up to its pixels") from error
        except (NotImplementedError, KeyError, TypeError, zlib.error) as error:
            raise InstanceUnreadable("the stored file's header is damaged") from error
        if syntax == DeflatedExplicitVRLittleEndian:
            raise InstanceUnreadable("Deflated Explicit VR Little Endian cannot be streamed; transcode it in Orthanc")
        self._order = ">" if syntax == ExplicitVRBigEndian else "<"
        self._implicit = syntax == ImplicitVRLittleEndian
        self.has_pixels = False

    def pixels(self) -> Iterator[bytes]:
        """The pixel data element, its tag, VR and length first; nothing for an object without pixels."""
        self._source.forget()
        start = self._source.read(8)
        if len(start) < 8:  # noqa: PLR2004 - tag, then VR and padding or length
            return
        group, element = struct.unpack(self._order + "HH", start[:4])
        if group << 16 | element not in _PIXEL_ELEMENTS:
            return
        self.has_pixels = True
        if not self._implicit:
            start += self._exactly(4)
        length = struct.unpack(self._order + "L", start[-4:])[0]
        yield start
        if length == _UNDEFINED:
            yield from self._fragments()
        else:
            yield from self._through(length)

    def _fragments(self) -> Iterator[bytes]:
        """Items up to and with the sequence delimitation item."""
        while True:
            start = self._exactly(8)
            group, element, length = struct.unpack("<HHL", start)
            yield start
            if (group, element) == _SEQUENCE_END:
                return
            if (group, element) != _ITEM or length == _UNDEFINED:
                raise InstanceUnreadable("the stored file's compressed pixels are damaged")
            yield from self._through(length)

    def _through(self, length: int) -> Iterator[bytes]:
        while length:
            chunk = self._source.read(min(length, CHUNK_BYTES))
            if not chunk:
                raise InstanceUnreadable("the stored file ends in the middle of its pixels")
            length -= len(chunk)
            yield chunk

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            more = self._source.read(length - len(data))
            if not more:
                raise InstanceUnreadable("the stored file ends in the middle of its pixels")
            data += more
        return data


def encoded(header: Dataset) -> bytes:
    """A header as the start of a Part 10 file, in its own transfer syntax. Raises `InstanceUnreadable`."""
    buffer = io.BytesIO()
    try:
        header.save_as(buffer, enforce_file_format=True)
    except (ValueError, TypeError, AttributeError, NotImplementedError, KeyError, struct.error, OverflowError) as error:
        raise InstanceUnreadable("the stored file's header cannot be written again") from error
    return buffer.getvalue()


class _Replay(io.RawIOBase):
    """A stream that may be read again from its start, for as long as only the header was read."""

    def __init__(self, stream: ByteStream) -> None:
        super().__init__()
        self._stream = stream
        self._held = bytearray()
        self._position = 0
        self._rest: memoryview | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._rest is None

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            raise OSError("the end has not arrived yet")
        self._fill(offset)
        self._position = offset
        return offset

    def read(self, size: int | None = -1, /) -> bytes:
        size = MOST_HEADER_BYTES if size is None or size < 0 else size
        if self._rest is not None:
            return self._read_on(size)
        self._fill(self._position + size)
        taken = bytes(self._held[self._position : self._position + size])
        self._position += len(taken)
        return taken

    def forget(self) -> None:
        """From here on nothing is kept: what was read ahead is given out first, then the stream itself."""
        self._rest = memoryview(bytes(self._held[self._position :]))
        self._held = bytearray()

    def _read_on(self, size: int) -> bytes:
        if not self._rest:
            return self._stream.read(size)
        taken, self._rest = bytes(self._rest[:size]), self._rest[size:]
        return taken

    def _fill(self, upto: int) -> None:
        if upto > MOST_HEADER_BYTES:
            raise OSError("more header than any honest file has")
        while len(self._held) < upto:
            chunk = self._stream.read(max(65536, upto - len(self._held)))
            if not chunk:
                break
            self._held += chunk
