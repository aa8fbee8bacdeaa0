"""The bytes of one call: in memory while they are few, in an unlinked temporary file when they are many."""

from __future__ import annotations

import io
import os
import tempfile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Buffer


class Spool:
    """Bytes that are appended by one thread and then read, at any place, by any number of threads.

    Above `memory_limit_bytes` everything moves into a file of `folder` without a name: a process that dies leaves
    nothing behind, and the memory of a call stays flat however large its study is.
    """

    def __init__(self, folder: Path, memory_limit_bytes: int) -> None:
        self._folder = folder
        self._memory_limit_bytes = memory_limit_bytes
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self.size_bytes = 0

    @property
    def on_disk(self) -> bool:
        """Whether appending may wait for a disk."""
        return self._file is not None

    def append(self, data: bytes) -> None:
        """Add bytes at the end. Raises `OSError` when the disk is full."""
        self.size_bytes += len(data)
        if self._file is None and self.size_bytes > self._memory_limit_bytes:
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - closed by close()
            _write_all(self._file, self._memory)
            self._memory = bytearray()
        if self._file is None:
            self._memory += data
        else:
            _write_all(self._file, data)

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """At most that many bytes from there."""
        if self._file is None:
            return bytes(self._memory[offset : offset + size_bytes])
        return os.pread(self._file.fileno(), size_bytes, offset)

    def window(self, offset: int, size_bytes: int) -> io.BufferedReader:
        """That part as a file of its own, for reading."""
        return io.BufferedReader(_Window(self, offset, size_bytes), buffer_size=2**18)

    def close(self) -> None:
        """Forget everything; a second call does nothing."""
        self._memory = bytearray()
        if self._file is not None:
            self._file.close()


def _write_all(file: IO[bytes], data: Buffer) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


class _Window(io.RawIOBase):
    """A part of a spool, read as if it were a file."""

    name = ""
    """Asked for by pydicom: there is none."""

    def __init__(self, spool: Spool, offset: int, size_bytes: int) -> None:
        self._spool = spool
        self._offset = offset
        self._size_bytes = size_bytes
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """The new position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Buffer) -> int:
        """How many bytes were put into the buffer; 0 at the end."""
        view = memoryview(buffer)
        left = max(0, self._size_bytes - self._position)
        data = self._spool.read_at(self._offset + self._position, min(len(view), left))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
