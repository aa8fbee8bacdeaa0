"""The decoding process as its user sees it: frames in, values out, a deadline, and a new process after a crash."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from wetread_sdk.pixels.frames import CompressedFrame, DecodedFrame, read_answer, write_request
from wetread_sdk.pixels.limits import Limits, Unreadable

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray


class Decoder:
    """Decodes compressed frames in a process of its own, which is started when the first one comes.

    One frame at a time. A process that crashes, hangs beyond the deadline or wants too much memory costs the frame
    that did it, which is `Unreadable`; the next frame gets a new process.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def decode(self, frame: CompressedFrame) -> NDArray[np.integer]:
        """The frame's stored values. Raises `Unreadable`."""
        with self._lock:
            process = self._started()
            overdue = threading.Timer(self.limits.decode_s, process.kill)
            overdue.start()
            try:
                write_request(cast("BinaryIO", process.stdin), frame)
                answer = read_answer(cast("BinaryIO", process.stdout))
            except (OSError, ValueError):
                answer = None
            finally:
                overdue.cancel()
            if answer is None:
                self._end()
                raise Unreadable("the pixels crash their decoder, or take it too long")
        if not isinstance(answer, DecodedFrame):
            raise Unreadable(f"the pixels cannot be decoded ({answer.error})")
        return answer.values

    def close(self) -> None:
        """End the process; a later frame would start a new one."""
        with self._lock:
            self._end()

    def __enter__(self) -> Decoder:  # noqa: PYI034 - Self says no more in a class that nobody derives from
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            command = [sys.executable, "-m", "wetread_sdk.pixels.child", str(self.limits.decoder_memory_bytes)]
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)


def _close(pipe: IO[bytes]) -> None:
    """Close a pipe whose other end is gone: what is still in its buffer has nowhere to go."""
    try:
        pipe.close()
    except BrokenPipeError:
        return
