"""Which instances of a study never take part in any selection: rejected ones and priors."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from wetread_contract.values import Coded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wetread_contract.headers import Headers

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"

REJECTION_TITLES = frozenset(Coded(value, "DCM") for value in ("113001", "113037", "113038", "113039"))
"""Key Object Selection titles (CID 7010) that withdraw what they name: quality, patient safety,
incorrect worklist entry, retention expired (IHE RAD TF-3, Imaging Object Change Management)."""


def rejected_instances(study: Iterable[Headers]) -> frozenset[str]:
    """Return the SOP instance UIDs that rejection notes of the study name."""
    return frozenset(
        uid
        for headers in study
        if headers.sop_class_uid == KEY_OBJECT_SELECTION
        and REJECTION_TITLES & set(headers.codes("ConceptNameCodeSequence"))
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


def is_marked_rejected(headers: Headers) -> bool:
    """Say whether the console itself has written REJECTED into Image Type."""
    return "REJECTED" in headers.values("ImageType")


def is_prior(headers: Headers) -> bool:
    """Say whether an image was acquired before the day of its study.

    Imported or merged priors keep their Acquisition Date while Study Date is that of the study
    they were put into (PS3.3 C.7.2.1, C.7.10.1).
    """
    studied, acquired = headers.value("StudyDate"), headers.value("AcquisitionDate")
    if acquired is None:
        moment = headers.value("AcquisitionDateTime")
        acquired = moment.date() if isinstance(moment, datetime) else None
    return isinstance(studied, date) and isinstance(acquired, date) and acquired < studied
