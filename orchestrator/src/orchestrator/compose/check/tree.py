"""Whether the content tree of a report is one: PS3.3 C.17.3 and Table A.35.13-2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose.source_values import has_value, sequence_items, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import Dataset

_VALUES: Final = frozenset({"TEXT", "CODE", "NUM", "DATETIME", "DATE", "TIME", "UIDREF", "PNAME"})
_OBJECTS: Final = frozenset({"COMPOSITE", "IMAGE", "WAVEFORM"})
_COORDINATES: Final = frozenset({"SCOORD", "TCOORD", "SCOORD3D"})
_DESCRIBED: Final = frozenset({"TEXT", "CODE", "NUM"})
_ALL: Final = _VALUES | _OBJECTS | _COORDINATES | {"CONTAINER"}

_RELATIONSHIPS: Final = {
    "CONTAINS": (frozenset({"CONTAINER"}), _ALL),
    "HAS OBS CONTEXT": (frozenset({"CONTAINER"}) | _DESCRIBED, _VALUES | {"COMPOSITE"}),
    "HAS ACQ CONTEXT": (frozenset({"CONTAINER", "NUM"}) | _OBJECTS, _VALUES | {"CONTAINER"}),
    "HAS CONCEPT MOD": (_ALL, frozenset({"TEXT", "CODE"})),
    "HAS PROPERTIES": (_DESCRIBED, _ALL),
    "INFERRED FROM": (_DESCRIBED, _ALL),
    "SELECTED FROM": (_COORDINATES, frozenset({"IMAGE", "WAVEFORM"})),
}
"""Relationship: what may have it, to what (Table A.35.13-2, by-value relationships)."""

_CONTENT: Final = {
    "TEXT": "TextValue",
    "CODE": "ConceptCodeSequence",
    "NUM": "MeasuredValueSequence",
    "UIDREF": "UID",
    "IMAGE": "ReferencedSOPSequence",
    "CONTAINER": "ContinuityOfContent",
}
"""What the value types that we write must have (C.17.3.2)."""

_MAY_BE_NAMELESS: Final = frozenset({"IMAGE", "COMPOSITE", "WAVEFORM", "CONTAINER"})

_CODE_VALUES: Final = ("CodeValue", "LongCodeValue", "URNCodeValue")


def tree_faults(dataset: Dataset) -> Iterator[str]:
    """Content items that may not stand where they stand, or lack what they need; none for an image."""
    if "ContentSequence" in dataset:
        yield from _item_faults(dataset, "report")


def _item_faults(item: Dataset, place: str) -> Iterator[str]:
    value_type = text_of(item, "ValueType")
    yield from _own_faults(item, value_type, place)
    for number, child in enumerate(sequence_items(item, "ContentSequence"), start=1):
        where = f"{place}.{number}"
        relationship, target = text_of(child, "RelationshipType"), text_of(child, "ValueType")
        sources, targets = _RELATIONSHIPS.get(relationship, (frozenset(), frozenset()))
        if value_type not in sources or target not in targets:
            yield f"{where}: {value_type} {relationship or 'without relationship'} {target or 'nothing'} is not allowed"
        yield from _item_faults(child, where)


def _own_faults(item: Dataset, value_type: str, place: str) -> Iterator[str]:
    if value_type not in _CONTENT:
        yield f"{place}: value type {value_type or 'missing'}"
    elif not has_value(item, _CONTENT[value_type]):
        yield f"{place}: {value_type} without {_CONTENT[value_type]}"
    names = sequence_items(item, "ConceptNameCodeSequence")
    if not names and (value_type not in _MAY_BE_NAMELESS or place == "report"):
        yield f"{place}: {value_type} without a name"
    codes = [*names, *sequence_items(item, "ConceptCodeSequence"), *_units(item)]
    if not all(map(_is_code, codes)):
        yield f"{place}: a code without value, scheme or meaning"


def _units(item: Dataset) -> Iterator[Dataset]:
    for measured in sequence_items(item, "MeasuredValueSequence"):
        yield from sequence_items(measured, "MeasurementUnitsCodeSequence")


def _is_code(item: Dataset) -> bool:
    if not text_of(item, "CodeMeaning"):
        return False
    if not any(has_value(item, keyword) for keyword in _CODE_VALUES):
        return False
    return bool(text_of(item, "CodingSchemeDesignator")) or has_value(item, "URNCodeValue")
