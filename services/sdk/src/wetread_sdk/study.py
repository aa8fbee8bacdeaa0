"""What `predict` is given: the selected instances of one study, read only as far as the author asks."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, cast

from wetread_sdk.pixels import Picture, read_header, shown, stored_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from pydicom import Dataset

    from wetread_contract.judgement import InstanceReference
    from wetread_sdk.pixels import Decoder
    from wetread_sdk.reception import ReceivedInstance
    from wetread_sdk.spool import Spool


class Abandoned(Exception):
    """The caller has gone away or the deadline has passed: nobody will read the answer."""


class Instance:
    """One DICOM instance. Nothing is decoded before it is asked for, and nothing decoded is kept."""

    def __init__(self, received: ReceivedInstance, spool: Spool, decoder: Decoder | None = None) -> None:
        self._received = received
        self._spool = spool
        self._decoder = decoder

    @property
    def reference(self) -> InstanceReference:
        """Which instance it is."""
        return self._received.reference

    @property
    def size_bytes(self) -> int:
        """Of its whole file."""
        return self._received.size_bytes

    @cached_property
    def dataset(self) -> Dataset:
        """Its attributes and file meta information without pixel data; identifying attributes are empty.

        Raises `pixels.Unreadable`.
        """
        with self._spool.window(self._received.offset, self._received.header_bytes) as header:
            return read_header(cast("BinaryIO", header))

    def file(self) -> BinaryIO:
        """Its whole DICOM Part 10 file, for reading; to be closed by the caller."""
        return cast("BinaryIO", self._spool.window(self._received.offset, self._received.size_bytes))

    def pixels(self, frame: int = 1) -> NDArray[np.integer]:
        """The stored values of one frame, (rows, columns) or (rows, columns, 3), after decompression only.

        `frame` counts from 1. Raises `pixels.Unreadable` for what cannot be decoded or is too large to try.
        """
        with self.file() as file:
            return stored_values(file, frame, self._decoder)

    def display(self, frame: int = 1) -> Picture:
        """One frame as a monitor would show it: see `pixels.Picture`. Raises `pixels.Unreadable`."""
        return shown(self.dataset, self.pixels(frame))


@dataclass(frozen=True)
class Study:
    """The instances that the declaration selected, in its order."""

    instances: Sequence[Instance]
    job_key: str = ""
    """Opaque, for logs."""
    _abandoned: threading.Event = field(default_factory=threading.Event)

    def abandon(self) -> None:
        """For the server: nobody waits for the answer any more."""
        self._abandoned.set()

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._abandoned.is_set()

    def go_on(self) -> None:
        """For models that take long: raises `Abandoned`, which ends the work, when nobody waits for the answer."""
        if self.is_abandoned:
            raise Abandoned
