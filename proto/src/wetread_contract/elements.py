"""Where headers come from: Orthanc's JSON, a pydicom data set, or keywords in a rule's example.

Each source finds one attribute and says what is written there: the text of its values joined by
backslashes as in DICOM itself, or a sequence's items, or that it is there and cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

if TYPE_CHECKING:
    from wetread_contract.dictionary import Tag


class Unreadable(Enum):
    """The only value that says: there is something, but the source does not show it."""

    UNREADABLE = "bytes, or text that was cut off"


UNREADABLE: Final = Unreadable.UNREADABLE

Items = tuple["Source", ...]
"""A sequence's items."""

Written = str | Items | Unreadable
"""What an attribute holds. An empty text is an attribute of zero length."""


class Source(Protocol):
    """Whatever attributes can be looked up in."""

    def find(self, named: Tag) -> Written | None:
        """Return what is written, None where the attribute is absent."""


class OrthancSource:
    """Orthanc's JSON with tags as keys (seen with 1.10.1).

    Full: `{"0008,0060": {"Name": …, "Type": …, "Value": …}}`; short: the values alone. Values are
    texts joined by backslashes, sequences are lists; bytes have type `Null` and texts of more than
    256 characters `TooLong`, both with the value null. Empty numbers of binary VRs are left out.
    """

    __slots__ = ("_tags",)

    def __init__(self, tags: Mapping[str, object]) -> None:
        self._tags = tags

    def find(self, named: Tag) -> Written | None:
        """Return what is written, None where the attribute is absent."""
        found = self._tags.get(self._private_key(named) if named.creator else named.key, self)
        if found is self:
            return None
        value = found.get("Value") if isinstance(found, dict) else found
        if isinstance(value, str):
            return value
        if isinstance(value, list):
            return tuple(OrthancSource(item) for item in value if isinstance(item, dict))
        return UNREADABLE

    def _private_key(self, named: Tag) -> str:
        """Find the block that a creator has reserved (PS3.5 7.8.1): `0019,100c`."""
        group = f"{named.number >> 16:04x},"
        for block in range(0x10, 0x100):
            found = self._tags.get(f"{group}00{block:02x}")
            creator = found.get("Value") if isinstance(found, dict) else found
            if isinstance(creator, str) and creator.strip() == named.creator:
                return f"{group}{block:02x}{named.number & 0xFF:02x}"
        return ""


class KeywordSource:
    """Keywords with texts, numbers, lists of them, or lists of mappings for sequences.

    The form of `examples` in a declaration and of Orthanc's `?simplify`. Private attributes have
    the name that rules give them.
    """

    __slots__ = ("_attributes",)

    def __init__(self, attributes: Mapping[str, object]) -> None:
        self._attributes = attributes

    def find(self, named: Tag) -> Written | None:
        """Return what is written, None where the attribute is absent."""
        name = f"{named.keyword} {named.creator}" if named.creator else named.keyword
        value = self._attributes.get(name, self._attributes.get(named.key, self))
        if value is self:
            return None
        if value is None:
            return UNREADABLE
        if isinstance(value, Mapping):
            return (KeywordSource(value),)
        if not isinstance(value, list | tuple):
            return str(value)
        if named.vr == "SQ":
            return tuple(KeywordSource(item) for item in value if isinstance(item, Mapping))
        return "\\".join(str(item) for item in value)


class DatasetSource:
    """A pydicom data set or an item of one."""

    __slots__ = ("_dataset",)

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def find(self, named: Tag) -> Written | None:
        """Return what is written, None where the attribute is absent; what pydicom cannot decode is unreadable."""
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


def _from_pydicom(value: object, vr: str) -> Written:
    if value is None:
        return ""
    if vr == "SQ":
        return tuple(DatasetSource(item) for item in value if isinstance(item, Dataset))  # type: ignore[attr-defined]
    if isinstance(value, bytes):
        return UNREADABLE if value else ""
    if isinstance(value, MultiValue | list | tuple):
        return "\\".join(_as_written(item) for item in value)
    return _as_written(value)


def _as_written(value: object) -> str:
    """Return a value as it was written: pydicom's numbers and times remember it."""
    if isinstance(value, BaseTag):
        return f"{value.group:04x},{value.element:04x}"
    original = getattr(value, "original_string", None)
    return original if isinstance(original, str) else str(value)
