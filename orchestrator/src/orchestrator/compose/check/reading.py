"""Reads a composed file: not with the library that wrote it, which would read back its own mistakes.

Only what we write can be read: explicit VR little endian (PS3.5 7.1.2), items and sequences of
either kind of length, no compressed pixels.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from pydicom.datadict import tag_for_keyword

from orchestrator.compose.source_values import STRING_VRS, decoded

_PREAMBLE: Final = 132
_MAGIC: Final = slice(128, 132)
_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
"""Those with a length of four bytes behind two empty ones (Table 7.1-1)."""

_SHORT_HEADER: Final = struct.Struct("<HH2sH")
_LONG_LENGTH: Final = struct.Struct("<I")
_ITEM_HEADER: Final = struct.Struct("<HHI")
_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
_UNDEFINED: Final = 0xFFFFFFFF
_META_GROUP: Final = 2
_SPECIFIC_CHARACTER_SET: Final = 0x00080005


class Unreadable(ValueError):
    """The bytes are no file that this module can read; the text says where."""


@dataclass(frozen=True, slots=True)
class Element:
    """One data element."""

    vr: str
    value: bytes
    items: tuple[Item, ...] = ()
    """Of a sequence."""

    @property
    def is_empty(self) -> bool:
        """Whether it has neither bytes nor items."""
        return not self.value and not self.items


@dataclass(frozen=True, slots=True)
class Item:
    """A dataset, or an item of a sequence: its elements by tag, in the order of the file."""

    elements: dict[int, Element]
    character_set: tuple[str, ...]

    def element(self, keyword: str) -> Element | None:
        """The element of a keyword of PS3.6, if it is there."""
        return self.elements.get(tag_for_keyword(keyword) or 0)

    def value(self, keyword: str) -> bytes | None:
        """Its bytes, padding included."""
        element = self.element(keyword)
        return None if element is None else element.value

    def text(self, keyword: str) -> str:
        """Its characters without padding, empty where there are none."""
        element = self.element(keyword)
        if element is None or element.vr not in STRING_VRS:
            return ""
        return decoded(element.value, element.vr, self.character_set)

    def items(self, keyword: str) -> tuple[Item, ...]:
        """The items of a sequence, none where it is absent."""
        element = self.element(keyword)
        return () if element is None else element.items

    def has_value(self, keyword: str) -> bool:
        """Whether it is there and not empty."""
        element = self.element(keyword)
        return element is not None and not element.is_empty

    def __contains__(self, keyword: str) -> bool:
        return self.element(keyword) is not None


@dataclass(frozen=True, slots=True)
class File:
    """A DICOM file."""

    meta: Item
    """File Meta Information."""
    dataset: Item


def read(content: bytes) -> File:
    """The file that the bytes are.

    Raises:
        Unreadable: they are none.
    """
    if content[_MAGIC] != b"DICM":
        raise Unreadable("no DICOM file: the prefix is missing")
    reader = _Reader(content)
    try:
        meta, start = reader.elements(_PREAMBLE, len(content), (), last_group=_META_GROUP)
        dataset, _ = reader.elements(start, len(content), ())
    except struct.error as error:
        raise Unreadable("the file ends in the middle of an element") from error
    return File(meta, dataset)


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def elements(
        self, position: int, end: int, character_set: tuple[str, ...], last_group: int = 0xFFFF
    ) -> tuple[Item, int]:
        """Elements up to `end`, an item's delimiter, or a group beyond the last; and where the next byte is."""
        found: dict[int, Element] = {}
        last = 0
        while position < end:
            tag, vr, length, start = self._header(position)
            if tag == _ITEM_END:
                return Item(found, character_set), position + _ITEM_HEADER.size
            if tag >> 16 > last_group:
                break
            if tag <= last:
                raise Unreadable(f"element {tag:08X} stands after {last:08X}")
            last = tag
            found[tag], position = self._element(vr, start, length, end, character_set)
            if tag == _SPECIFIC_CHARACTER_SET:
                character_set = tuple(decoded(found[tag].value, "CS", ()).split("\\"))
        return Item(found, character_set), position

    def _header(self, position: int) -> tuple[int, str, int, int]:
        """Tag, VR, length of the value and where it starts."""
        group, number, vr, length = _SHORT_HEADER.unpack_from(self._content, position)
        tag = group << 16 | number
        if tag == _ITEM_END:
            return tag, "", 0, position
        if vr not in _LONG_VRS:
            return tag, vr.decode("latin-1"), length, position + _SHORT_HEADER.size
        (length,) = _LONG_LENGTH.unpack_from(self._content, position + _SHORT_HEADER.size)
        return tag, vr.decode("latin-1"), length, position + _SHORT_HEADER.size + _LONG_LENGTH.size

    def _element(
        self, vr: str, start: int, length: int, end: int, character_set: tuple[str, ...]
    ) -> tuple[Element, int]:
        if vr == "SQ":
            items, position = self._items(start, end if length == _UNDEFINED else start + length, character_set)
            return Element(vr, b"", items), position
        if length == _UNDEFINED or start + length > end:
            raise Unreadable(f"a value of VR {vr} goes beyond its end")
        return Element(vr, self._content[start : start + length]), start + length

    def _items(self, position: int, end: int, character_set: tuple[str, ...]) -> tuple[tuple[Item, ...], int]:
        items = []
        while position < end:
            group, number, length = _ITEM_HEADER.unpack_from(self._content, position)
            position += _ITEM_HEADER.size
            tag = group << 16 | number
            if tag == _SEQUENCE_END:
                break
            if tag != _ITEM:
                raise Unreadable(f"{tag:08X} stands where an item should begin")
            item, position = self.elements(position, end if length == _UNDEFINED else position + length, character_set)
            items.append(item)
        return tuple(items), position
