"""Content items of a structured report (PS3.3 C.17.3), as values and as bytes.

Our reports have hundreds of items that are all of six kinds. They are written here directly, as explicit VR little
endian (PS3.5 7.1.2, 7.5), elements in the order of their tags: going through a dataset for each of them took forty
times as long, most of the time of composing. `compose.check` reads the bytes with a reader that shares no code with
this one, and the tests have highdicom read the whole report.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pydicom.charset import convert_encodings, encode_string
from pydicom.valuerep import format_number_as_ds

from orchestrator.compose.elements import long_element, sequence_item, sequence_of_one, short_element, uid_element
from wetread_contract.findings import Code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONTAINS: Final = "CONTAINS"
HAS_ACQ_CONTEXT: Final = "HAS ACQ CONTEXT"
HAS_CONCEPT_MOD: Final = "HAS CONCEPT MOD"
HAS_OBS_CONTEXT: Final = "HAS OBS CONTEXT"
HAS_PROPERTIES: Final = "HAS PROPERTIES"
INFERRED_FROM: Final = "INFERRED FROM"

CharacterSet = tuple[str, ...]
"""Specific Character Set as declared; empty for the default repertoire."""


@dataclass(frozen=True, slots=True)
class Container:
    """What holds other items: value type CONTAINER, continuous, of a template of PS3.16 where one is named."""

    template: str = ""


@dataclass(frozen=True, slots=True)
class Uid:
    """Value type UIDREF."""

    uid: str


@dataclass(frozen=True, slots=True)
class Number:
    """Value type NUM: one number with its unit."""

    number: float
    unit: Code


@dataclass(frozen=True, slots=True)
class Image:
    """Value type IMAGE: a reference to an instance."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class ByReference:
    """Another item of the same tree, by the numbers of the items down to it, the root's 1 included (C.17.3.2.5)."""

    path: tuple[int, ...]


Value = Container | Uid | Number | Image | ByReference | Code | str
"""A `Code` is of value type CODE, a text of value type TEXT."""


@dataclass(frozen=True, slots=True)
class ContentItem:
    """One item of the tree."""

    relationship: str
    """To its parent."""
    name: Code | None
    """None for what needs none: an image of an Image Library, an item by reference."""
    value: Value
    content: tuple[ContentItem, ...] = ()
    """Its children, in order."""

    def texts(self) -> Iterator[str]:
        """Everything in it and below that Specific Character Set speaks of."""
        if self.name is not None:
            yield self.name.meaning
        match self.value:
            case str():
                yield self.value
            case Code():
                yield self.value.meaning
            case Number():
                yield self.value.unit.meaning
        for child in self.content:
            yield from child.texts()


def encoded_items(items: Sequence[ContentItem], declared: CharacterSet) -> bytes:
    """The value of a Content Sequence."""
    return b"".join(sequence_item(_content_item(each, declared)) for each in items)


def _content_item(item: ContentItem, declared: CharacterSet) -> bytes:
    if isinstance(item.value, ByReference):
        path = struct.pack(f"<{len(item.value.path)}I", *item.value.path)
        relationship = short_element(0x0040, 0xA010, b"CS", item.relationship.encode("ascii"))
        return relationship + short_element(0x0040, 0xDB73, b"UL", path)
    before, after, value_type = _value(item.value, declared)
    return b"".join(
        (
            before,
            short_element(0x0040, 0xA010, b"CS", item.relationship.encode("ascii")),
            short_element(0x0040, 0xA040, b"CS", value_type),
            b"" if item.name is None else sequence_of_one(0x0040, 0xA043, _code(item.name, declared)),
            after,
            long_element(0x0040, 0xA730, b"SQ", encoded_items(item.content, declared)) if item.content else b"",
        )
    )


def _value(value: Container | Uid | Number | Image | Code | str, declared: CharacterSet) -> tuple[bytes, bytes, bytes]:
    """The elements before Relationship Type, those behind the concept name, and the value type."""
    match value:
        case str():
            return b"", long_element(0x0040, 0xA160, b"UT", _text(value, declared)), b"TEXT"
        case Code():
            return b"", sequence_of_one(0x0040, 0xA168, _code(value, declared)), b"CODE"
        case Uid():
            return b"", uid_element(0x0040, 0xA124, value.uid), b"UIDREF"
        case Number():
            return b"", sequence_of_one(0x0040, 0xA300, _number(value, declared)), b"NUM"
        case Image():
            return sequence_of_one(0x0008, 0x1199, _reference(value)), b"", b"IMAGE"
        case Container():
            continuity = short_element(0x0040, 0xA050, b"CS", b"CONTINUOUS")
            template = sequence_of_one(0x0040, 0xA504, _template(value.template)) if value.template else b""
            return b"", continuity + template, b"CONTAINER"


def _number(value: Number, declared: CharacterSet) -> bytes:
    """Units, then the number twice: exactly, and as people read it."""
    return b"".join(
        (
            sequence_of_one(0x0040, 0x08EA, _code(value.unit, declared)),
            short_element(0x0040, 0xA161, b"FD", struct.pack("<d", value.number)),
            short_element(0x0040, 0xA30A, b"DS", format_number_as_ds(float(value.number)).encode("ascii")),
        )
    )


def _reference(value: Image) -> bytes:
    return uid_element(0x0008, 0x1150, value.sop_class_uid) + uid_element(0x0008, 0x1155, value.sop_instance_uid)


@lru_cache(maxsize=16)
def _template(identifier: str) -> bytes:
    return short_element(0x0008, 0x0105, b"CS", b"DCMR") + short_element(
        0x0040, 0xDB00, b"CS", identifier.encode("ascii")
    )


@lru_cache(maxsize=4096)
def _code(code: Code, declared: CharacterSet) -> bytes:
    """The Basic Code Sequence Macro (PS3.3 Table 8.8-1a)."""
    return b"".join(
        (
            short_element(0x0008, 0x0100, b"SH", _text(code.value, declared)),
            short_element(0x0008, 0x0102, b"SH", _text(code.scheme, declared)),
            short_element(0x0008, 0x0104, b"LO", _text(code.meaning, declared)),
        )
    )


def _text(text: str, declared: CharacterSet) -> bytes:
    if text.isascii():
        return text.encode("ascii")
    return encode_string(text, convert_encodings(list(declared)))
