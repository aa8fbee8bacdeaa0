"""Whether every value has the form and the number that PS3.5 6.2 and PS3.6 allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.datadict import dictionary_has_tag, dictionary_VM, dictionary_VR, keyword_for_tag
from pydicom.dataelem import RawDataElement

from orchestrator.compose.source_values import STRING_VRS, character_set, decoded, sequence_items
from orchestrator.compose.value_rules import allows, fits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import Dataset
    from pydicom.tag import BaseTag

_SIZES: Final = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "UL": 4, "US": 2}
"""Bytes of one number."""


def value_faults(dataset: Dataset) -> Iterator[str]:
    """Values that break their VR or VM, at any depth; a text never shows the value."""
    yield from _faults(dataset, character_set(dataset), "")


def _faults(dataset: Dataset, declared: tuple[str, ...], place: str) -> Iterator[str]:
    for tag in sorted(dataset.keys()):
        if not dictionary_has_tag(tag):
            yield f"{place}{tag} is not an attribute of the Standard"
            continue
        keyword = keyword_for_tag(tag)
        if dictionary_VR(tag) == "SQ":
            for item in sequence_items(dataset, keyword):
                yield from _faults(item, declared, f"{place}{keyword}.")
        elif not _is_valid(dataset, tag, declared):
            yield f"{place}{keyword} is not a valid {dictionary_VR(tag)} of VM {dictionary_VM(tag)}"


def _is_valid(dataset: Dataset, tag: BaseTag, declared: tuple[str, ...]) -> bool:
    element = dataset.get_item(tag)
    if not isinstance(element, RawDataElement):
        return True
    vr, multiplicity, value = str(element.VR), dictionary_VM(tag), element.value or b""
    if vr not in dictionary_VR(tag).split(" or ") or len(value) % 2:
        return False
    if vr in STRING_VRS:
        return fits(vr, multiplicity, decoded(value, vr, declared))
    if vr in _SIZES and value:
        return len(value) % _SIZES[vr] == 0 and allows(multiplicity, len(value) // _SIZES[vr])
    return True
