"""Whether the content tree of a report is one: PS3.3 C.17.3 and Table A.35.13-2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose.check.by_reference import IDENTIFIER, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compose.check.reading import Item

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


def tree_faults(dataset: Item) -> Iterator[str]:
    """Content items that may not stand where they stand, or lack what they need; none for an image."""
    if "ContentSequence" in dataset:
        yield from _item_faults(dataset, dataset, "report")


def _item_faults(root: Item, item: Item, place: str) -> Iterator[str]:
    value_type = item.text("ValueType")
    yield from _own_faults(item, value_type, place)
    for number, child in enumerate(item.items("ContentSequence"), start=1):
        where = f"{place}.{number}"
        shown = target_of(root, child) if IDENTIFIER in child else child
        relationship, target = child.text("RelationshipType"), shown.text("ValueType") if shown else ""
        sources, targets = _RELATIONSHIPS.get(relationship, (frozenset(), frozenset()))
        if value_type not in sources or target not in targets:
            yield f"{where}: {value_type} {relationship or 'without relationship'} {target or 'nothing'} is not allowed"
        if shown is child:
            yield from _item_faults(root, child, where)


def _own_faults(item: Item, value_type: str, place: str) -> Iterator[str]:
    if value_type not in _CONTENT:
        yield f"{place}: value type {value_type or 'missing'}"
    elif not item.has_value(_CONTENT[value_type]):
        yield f"{place}: {value_type} without {_CONTENT[value_type]}"
    names = item.items("ConceptNameCodeSequence")
    if not names and (value_type not in _MAY_BE_NAMELESS or place == "report"):
        yield f"{place}: {value_type} without a name"
    codes = [*names, *item.items("ConceptCodeSequence"), *_units(item)]
    if not all(map(_is_code, codes)):
        yield f"{place}: a code without value, scheme or meaning"


def _units(item: Item) -> Iterator[Item]:
    for measured in item.items("MeasuredValueSequence"):
        yield from measured.items("MeasurementUnitsCodeSequence")


def _is_code(item: Item) -> bool:
    if not item.text("CodeMeaning"):
        return False
    if not any(item.has_value(keyword) for keyword in _CODE_VALUES):
        return False
    return bool(item.text("CodingSchemeDesignator")) or item.has_value("URNCodeValue")
