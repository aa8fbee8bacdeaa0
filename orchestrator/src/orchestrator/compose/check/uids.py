"""Whether an object has a name of its own, and the same one everywhere it says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compose.value_rules import is_uid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compose.check.reading import File
    from orchestrator.handoffs import ComposedObject, Composition


def uid_faults(file: File, composed: ComposedObject, composition: Composition) -> Iterator[str]:
    """UIDs that are invalid, taken, or contradict each other."""
    own = {"SOPInstanceUID": composed.sop_instance_uid, "SeriesInstanceUID": composed.series_instance_uid}
    taken = set(_uids_of_inputs(composition))
    for keyword, uid in own.items():
        if not is_uid(uid) or file.dataset.text(keyword) != uid:
            yield f"{keyword} is not the UID that was given"
        if uid in taken:
            yield f"{keyword} belongs to an input"
    if file.meta.text("MediaStorageSOPInstanceUID") != composed.sop_instance_uid:
        yield "MediaStorageSOPInstanceUID differs from SOPInstanceUID"
    if {file.dataset.text("SOPClassUID"), file.meta.text("MediaStorageSOPClassUID")} != {composed.sop_class_uid}:
        yield "MediaStorageSOPClassUID differs from SOPClassUID"


def _uids_of_inputs(composition: Composition) -> Iterator[str]:
    references = [selected.reference for selected in composition.selected]
    references += [left_out.reference for left_out in composition.left_out]
    for reference in references:
        yield from (reference.sop_instance_uid, reference.series_instance_uid)
