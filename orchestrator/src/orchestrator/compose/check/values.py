"""Whether every value has the form and the number that PS3.5 6.2 and PS3.6 allow."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from pydicom.datadict import dictionary_has_tag, dictionary_VM, dictionary_VR, keyword_for_tag

from orchestrator.compose.source_values import STRING_VRS, decoded
from orchestrator.compose.value_rules import allows, fits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compose.check.reading import Element, Item

_SIZES: Final = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "UL": 4, "US": 2}
"""Bytes of one number."""


def value_faults(dataset: Item, place: str = "") -> Iterator[str]:
    """Values that break their VR or VM, at any depth; a text never shows the value."""
    for tag, element in dataset.elements.items():
        if not dictionary_has_tag(tag):
            yield f"{place}{tag:08X} is not an attribute of the Standard"
        elif not _is_valid(tag, element, dataset.character_set):
            yield f"{place}{keyword_for_tag(tag)} is not a valid {dictionary_VR(tag)} of VM {dictionary_VM(tag)}"
        for item in element.items:
            yield from value_faults(item, f"{place}{keyword_for_tag(tag)}.")


@cache
def _representations(tag: int) -> tuple[frozenset[str], str]:
    """VRs and VM of the data dictionary."""
    return frozenset(dictionary_VR(tag).split(" or ")), dictionary_VM(tag)


def _is_valid(tag: int, element: Element, character_set: tuple[str, ...]) -> bool:
    representations, multiplicity = _representations(tag)
    value, vr = element.value, element.vr
    if vr not in representations or len(value) % 2:
        return False
    if vr in STRING_VRS:
        return fits(vr, multiplicity, decoded(value, vr, character_set))
    if vr in _SIZES and value:
        return len(value) % _SIZES[vr] == 0 and allows(multiplicity, len(value) // _SIZES[vr])
    return True
