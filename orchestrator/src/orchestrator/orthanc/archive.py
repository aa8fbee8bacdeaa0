"""What Wetread needs of an archive; `client` is Orthanc's, tests/fakes has one in memory beside the same contract test.

Every method raises `ArchiveUnavailable` (try again), `ArchiveRefused` (a person has to look) or
`Gone` (no longer there) and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from orchestrator.handoffs import OrthancId, Preview


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the change log."""

    seq: int
    kind: str
    """`StableStudy`, `NewInstance` …"""
    orthanc_id: OrthancId
    """Of the study, series or instance that changed."""
    date: str
    """When, as the archive writes it."""


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Changes after a cursor, the oldest first."""

    changes: Sequence[Change]
    last: int
    """The cursor for the next page; with an empty page the newest number there is."""
    done: bool
    """Nothing comes after this page at present."""


@dataclass(frozen=True, slots=True)
class ArchivedStudy:
    """A study as a resource."""

    orthanc_id: OrthancId
    last_update: datetime
    """Aware, UTC; Orthanc counts whole seconds."""
    is_stable: bool
    altered_from: bool
    """A copy that Orthanc itself has anonymised or modified."""
    modified_from: str = ""
    """The study that it has made this one from by `/modify`, by its id; empty for all others."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An object that the archive has taken."""

    orthanc_id: OrthancId
    already_stored: bool


class ByteStream(Protocol):
    """Bytes that come while they are read."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""
        ...


class Archive(Protocol):
    """An archive that is watched, read and written."""

    def version(self) -> str:
        """Of the archive's software: proof that address and password are right."""
        ...

    def changes(self, since: int, limit: int) -> ChangesPage:
        """What has changed after the cursor `since`."""
        ...

    def newest_change(self) -> int:
        """The cursor after which nothing has happened yet."""
        ...

    def study(self, study: OrthancId) -> ArchivedStudy:
        """The study as a resource."""
        ...

    def study_of_instance(self, instance: OrthancId) -> ArchivedStudy:
        """The study that an instance belongs to."""
        ...

    def studies_between(self, since: date, until: date) -> Sequence[OrthancId]:
        """Studies whose StudyDate lies within these days, both included."""
        ...

    def studies_called(self, study_instance_uid: str) -> Sequence[OrthancId]:
        """Studies with this StudyInstanceUID: two, where a patient was corrected."""
        ...

    def made_by(self, manufacturer: str) -> Sequence[OrthancId]:
        """Instances of all series whose Manufacturer is this, by the archive's own index."""
        ...

    def headers(self, study: OrthancId) -> Mapping[OrthancId, Mapping[str, object]]:
        """The attributes of all instances of a study, in Orthanc's full JSON form, in one request."""
        ...

    def open_instance(self, instance: OrthancId) -> AbstractContextManager[ByteStream]:
        """The stored DICOM file as a stream."""
        ...

    def preview(self, instance: OrthancId, rows: int) -> Preview:
        """A grey picture of the instance with about that many rows; an instance that cannot be rendered says why."""
        ...

    def store(self, content: bytes) -> Accepted:
        """Puts a DICOM file into the archive; the same file again changes nothing."""
        ...

    def holds(self, instance: OrthancId, content: bytes) -> bool:
        """Whether the archive's copy of the instance, read back from its storage, is this file."""
        ...

    def delete(self, instance: OrthancId) -> None:
        """Removes one instance; one that is not there is no error."""
        ...

    def headers_of(self, instance: OrthancId) -> Mapping[str, object]:
        """The attributes of one instance, in Orthanc's full JSON form."""
        ...

    def exists(self, instance: OrthancId) -> bool:
        """Whether the instance is there."""
        ...

    def stored_bytes(self) -> int:
        """What all instances take on the archive's disk."""
        ...

    def studies(self) -> Sequence[OrthancId]:
        """All studies."""
        ...
