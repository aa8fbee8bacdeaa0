"""Whether the object says of patient and study exactly what the source says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose.identity import IDENTIFYING
from orchestrator.compose.source_values import value_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import Dataset

    from orchestrator.compose.check.reading import Item

_MAY_BE_ADDED_EMPTY: Final = frozenset({"PatientID", "PatientName", "AccessionNumber"})
"""Type 2: empty where the source has none at all."""


def identity_faults(dataset: Item, source: Dataset) -> Iterator[str]:
    """Identifying attributes whose bytes differ from the source's; a pad to even length is no difference."""
    for keyword in IDENTIFYING:
        theirs, ours = value_bytes(source, keyword), dataset.value(keyword)
        if theirs is not None and len(theirs) % 2:
            theirs += b"\0" if keyword.endswith("UID") else b" "
        if ours != theirs and not (theirs is None and ours == b"" and keyword in _MAY_BE_ADDED_EMPTY):
            yield f"{keyword} differs from the source's"
