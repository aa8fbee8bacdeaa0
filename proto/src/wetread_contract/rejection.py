"""Which instances of a study never take part in any selection: rejected ones and priors."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from wetread_contract.values import Coded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wetread_contract.headers import Headers
    from wetread_contract.held import Held

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"

REJECTION_TITLES = frozenset(Coded(value, "DCM") for value in ("113001", "113037", "113038", "113039"))
"""Key Object Selection titles (CID 7010) that withdraw what they name: quality, patient safety,
incorrect worklist entry, retention expired (IHE RAD TF-3, Imaging Object Change Management)."""


def rejected_instances(notes: Iterable[Headers]) -> frozenset[str]:
    """Return the SOP instance UIDs that those Key Object Selections among the notes name that reject."""
    return frozenset(
        uid
        for headers in notes
        if REJECTION_TITLES & set(headers.codes("ConceptNameCodeSequence"))
        for uid in _named(headers)
    )


def _named(note: Headers) -> Iterator[str]:
    """Return what a note names, in its content tree and in its evidence (PS3.3 C.17.6.2.1)."""
    for content in note.items("ContentSequence"):
        yield from _referenced(content)
    for study in note.items("CurrentRequestedProcedureEvidenceSequence"):
        for series in study.items("ReferencedSeriesSequence"):
            yield from _referenced(series)


def _referenced(holder: Headers) -> Iterator[str]:
    for reference in holder.items("ReferencedSOPSequence"):
        yield reference.text("ReferencedSOPInstanceUID")


MARKED_REJECTED = "REJECTED"
"""A value that consoles write into Image Type themselves."""


def acquired_on(held: Held) -> date | None:
    """Return the day of an Acquisition Date or Acquisition DateTime, None where there is none."""
    day = held.values[0] if held.values else None
    if isinstance(day, datetime):
        return day.date()
    return day if isinstance(day, date) else None
