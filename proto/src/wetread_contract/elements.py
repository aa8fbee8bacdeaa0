"""Where headers come from: Orthanc's JSON, a pydicom data set, or keywords in a rule's example.

Each source finds one attribute and says what was written there, still as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

if TYPE_CHECKING:
    from wetread_contract.dictionary import Tag

_ONE_TEXT = frozenset({"LT", "ST", "UR", "UT"})
"""VRs in which a backslash is a character, not a separator (PS3.5 6.2)."""


@dataclass(frozen=True, slots=True)
class Element:
    """An attribute that is there."""

    raw: tuple[str, ...] = ()
    """Its values as text; none when it is empty, a sequence or unreadable."""
    items: tuple[Source, ...] = ()
    """Of a sequence."""
    readable: bool = True
    """False where the source says only that there is something: bytes, or text that Orthanc cut off."""


EMPTY = Element()
UNREADABLE = Element(readable=False)


class Source(Protocol):
    """Whatever attributes can be looked up in."""

    def element(self, named: Tag) -> Element | None:
        """Return the attribute, None where it is absent."""


_DEFAULT_REPERTOIRE = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"})
"""VRs whose values never hold a yen sign of their own (PS3.5 6.1.2.2)."""


def _split(text: str, vr: str) -> Element:
    """Return the values of an attribute.

    In ISO_IR 13 the byte of the backslash is a yen sign (PS3.5 6.1.2.5.3), and Orthanc decodes it
    as one: `ORIGINAL¥PRIMARY`.
    """
    if not text.strip(" \0"):
        return EMPTY
    if vr in _ONE_TEXT:
        return Element((text,))
    if vr in _DEFAULT_REPERTOIRE:
        text = text.replace("\N{YEN SIGN}", "\\")
    return Element(tuple(text.split("\\")))


class OrthancSource:
    """Orthanc's JSON with tags as keys (seen with 1.10.1).

    Full: `{"0008,0060": {"Name": …, "Type": …, "Value": …}}`; short: the values alone. Values are
    texts joined by backslashes, sequences are lists; bytes have type `Null` and texts of more than
    256 characters `TooLong`, both with the value null. Empty numbers of binary VRs are left out.
    """

    def __init__(self, tags: Mapping[str, object]) -> None:
        self._tags = tags

    def element(self, named: Tag) -> Element | None:
        """Return the attribute, None where it is absent."""
        key = self._private_key(named) if named.creator else named.key
        if key not in self._tags:
            return None
        found = self._tags[key]
        value = found.get("Value") if isinstance(found, Mapping) else found
        if isinstance(value, str):
            return EMPTY if named.vr == "SQ" and not value else _split(value, named.vr)
        if isinstance(value, list):
            return Element(items=tuple(OrthancSource(item) for item in value if isinstance(item, Mapping)))
        return UNREADABLE

    def _private_key(self, named: Tag) -> str:
        """Find the block that a creator has reserved (PS3.5 7.8.1): `0019,100c`."""
        group = f"{named.number >> 16:04x},"
        for block in range(0x10, 0x100):
            found = self._tags.get(f"{group}00{block:02x}")
            creator = found.get("Value") if isinstance(found, Mapping) else found
            if isinstance(creator, str) and creator.strip() == named.creator:
                return f"{group}{block:02x}{named.number & 0xFF:02x}"
        return ""


class KeywordSource:
    """Keywords with texts, numbers, lists of them, or lists of mappings for sequences.

    The form of `examples` in a declaration and of Orthanc's `?simplify`.
    """

    def __init__(self, attributes: Mapping[str, object]) -> None:
        self._attributes = attributes

    def element(self, named: Tag) -> Element | None:
        """Return the attribute, None where it is absent."""
        name = f"{named.keyword} {named.creator}" if named.creator else named.keyword
        if name not in self._attributes:
            return None
        value = self._attributes[name]
        if value is None:
            return UNREADABLE
        if isinstance(value, Mapping):
            return Element(items=(KeywordSource(value),))
        if not isinstance(value, list | tuple):
            return _split(str(value), named.vr)
        if value and all(isinstance(item, Mapping) for item in value):
            return Element(items=tuple(KeywordSource(item) for item in value))
        texts = tuple(str(item) for item in value)
        return Element(texts) if any(text.strip() for text in texts) else EMPTY


class DatasetSource:
    """A pydicom data set or an item of one."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def element(self, named: Tag) -> Element | None:
        """Return the attribute, None where it is absent; what pydicom cannot decode is unreadable."""
        try:
            number = self._number(named)
            if number is None or number not in self._dataset:
                return None
            found = self._dataset[number]
            value, vr = found.value, found.VR
        except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError):
            return UNREADABLE
        return _from_pydicom(value, vr)

    def _number(self, named: Tag) -> int | None:
        if not named.creator:
            return named.number
        try:
            block = self._dataset.private_block(named.number >> 16, named.creator)
        except KeyError:
            return None
        return int(block.get_tag(named.number & 0xFF))


def _from_pydicom(value: object, vr: str) -> Element:
    if value is None:
        return EMPTY
    if vr == "SQ":
        return Element(items=tuple(DatasetSource(item) for item in value if isinstance(item, Dataset)))  # type: ignore[attr-defined]
    if isinstance(value, bytes):
        return UNREADABLE if value else EMPTY
    if isinstance(value, MultiValue | list | tuple):
        texts = tuple(_written(item) for item in value)
        return Element(texts) if any(text.strip() for text in texts) else EMPTY
    return _split(_written(value), vr)


def _written(value: object) -> str:
    """Return a value as it was written: pydicom's numbers and times remember it."""
    if isinstance(value, BaseTag):
        return f"{value.group:04x},{value.element:04x}"
    original = getattr(value, "original_string", None)
    return original if isinstance(original, str) else str(value)
