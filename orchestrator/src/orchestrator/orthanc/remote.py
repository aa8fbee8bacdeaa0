"""What Wetread needs of a destination, which it always speaks to through Orthanc.

Every method raises `DestinationUnavailable` (try again), `ClassRefused` (it does not know the SOP
class), what the archive raises, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from orchestrator.handoffs import OrthancId


@dataclass(frozen=True, slots=True)
class Reference:
    """An object as a destination is asked for it."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str


class Remote(Protocol):
    """One destination."""

    tells_why: bool
    """Whether it is told of an object that was not taken, why: that its class is not known, or something else."""
    takes_files: bool
    """Whether it can be sent what is not in Orthanc."""

    def echo(self) -> None:
        """Returns when it answers."""
        ...

    def send(self, instance: OrthancId, still_wanted: Callable[[], bool]) -> None:
        """Returns when it has accepted an instance that Orthanc holds; again is no error.

        Raises `Cancelled` when the transfer was broken off because it is not wanted any more.
        """
        ...

    def begun(self, instances: Collection[OrthancId]) -> Sequence[str]:
        """Transfers of these that Orthanc has under way, as after a crash of ours; none where nobody knows."""
        ...

    def settle(self, transfer: str, still_wanted: Callable[[], bool]) -> None:
        """Returns when such a transfer has ended, well or not. Raises `Cancelled` as `send` does."""
        ...

    def send_file(self, content: bytes) -> None:
        """Returns when it has accepted an object that is not in Orthanc."""
        ...

    def find(self, references: Sequence[Reference]) -> frozenset[str]:
        """SOP instance UIDs of those that it says it holds when it is searched (C-FIND, QIDO-RS)."""
        ...

    def commit(self, references: Sequence[Reference], within_s: float) -> frozenset[str]:
        """SOP instance UIDs of those that it commits itself to keep (PS3.4 J)."""
        ...

    def names(self) -> Sequence[str]:
        """The aliases of this kind that Orthanc's configuration has."""
        ...
