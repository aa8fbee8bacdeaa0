"""A PACS that misbehaves on purpose: a pynetdicom SCP that keeps only UIDs and says no when it is told to."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from pydicom import Dataset
from pynetdicom import AE, evt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
ALL_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.88.34",
    "1.2.840.10008.5.1.4.1.1.88.33",
    "1.2.840.10008.5.1.4.1.1.88.22",
)
"""Secondary Capture, Comprehensive 3D SR, Comprehensive SR, Enhanced SR."""
ACCEPTED, OUT_OF_RESOURCES, PENDING = 0x0000, 0xA700, 0xFF00


@dataclass
class DifficultPacs:
    """What it knows, how it behaves, and what it has been given."""

    port: int
    classes: tuple[str, ...] = ALL_CLASSES
    can_be_searched: bool = True
    refuses_associations: bool = False
    answer: Callable[[int], int | None] = lambda number: ACCEPTED  # noqa: ARG005 - always
    """The status for the so-manieth object, from 1; None: the connection is dropped in the middle."""
    before_it_answers_a_search: Callable[[], None] = lambda: None
    """Called within each search: a test may make it last."""
    keeps_what_it_accepts: bool = True
    hides_everything_after_a_note: bool = False
    hides_once_it_has: str = ""
    """The SOP class of the note, where it is still to come."""
    received: int = 0
    contents: dict[str, set[bytes]] = field(default_factory=dict)
    """Different objects by SOP instance UID."""
    kept: Counter[str] = field(default_factory=Counter)
    classes_kept: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        entity = AE("DIFFICULT")
        for sop_class in (VERIFICATION, *self.classes):
            entity.add_supported_context(sop_class)
        if self.can_be_searched:
            entity.add_supported_context(STUDY_ROOT_FIND)
        if self.refuses_associations:
            entity.require_calling_aet = ["SOMEBODY ELSE"]
        self._lock = threading.Lock()
        handlers: list[Any] = [(evt.EVT_C_STORE, self._store), (evt.EVT_C_FIND, self._find)]
        self._server: Any = entity.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()

    def _store(self, event: evt.Event) -> int:
        request: Any = event.request
        with self._lock:
            self.received += 1
            status = self.answer(self.received)
        if status is None:
            event.assoc.abort()
            return OUT_OF_RESOURCES
        if status == ACCEPTED and self.keeps_what_it_accepts:
            uid = str(request.AffectedSOPInstanceUID)
            with self._lock:
                self.kept[uid] += 1
                self.classes_kept.add(str(request.AffectedSOPClassUID))
                self.contents.setdefault(uid, set()).add(request.DataSet.getvalue())
        return status

    def _find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        self.before_it_answers_a_search()
        wanted = str(event.identifier.SOPInstanceUID)
        noted = not self.hides_once_it_has or self.hides_once_it_has in self.classes_kept
        if wanted in self.kept and not (self.hides_everything_after_a_note and noted):
            found = Dataset()
            found.QueryRetrieveLevel, found.SOPInstanceUID = "IMAGE", wanted
            yield PENDING, found
