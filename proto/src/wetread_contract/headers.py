"""One instance's attributes, without pixels, as rules see them.

Made from Orthanc's JSON, from a pydicom data set or from keywords; what lies behind is read only
when a rule asks for it. A malformed value is unknown, never an exception.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from wetread_contract import values
from wetread_contract.dictionary import Tag, tag
from wetread_contract.elements import UNREADABLE, DatasetSource, KeywordSource, OrthancSource, Source, Written
from wetread_contract.held import ABSENT, EMPTY, Held
from wetread_contract.judgement import InstanceReference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydicom import Dataset

    from wetread_contract.dictionary import Attribute
    from wetread_contract.values import Coded, Value


class Headers:
    """Typed, cached access to the attributes of one instance, or of one item of a sequence."""

    __slots__ = ("_read", "_source")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._read: dict[str, Held] = {}

    @classmethod
    def from_orthanc(cls, tags: Mapping[str, object]) -> Headers:
        """Read the answer of `/instances/{id}/tags` (full), `?short` or `?simplify`."""
        first = next(iter(tags), "")
        full = len(first) == 9 and first[4] == ","  # noqa: PLR2004 - `0008,0060`
        return cls(OrthancSource(tags) if full else KeywordSource(tags))

    @classmethod
    def from_dataset(cls, dataset: Dataset) -> Headers:
        """Read a pydicom data set; its pixels are never touched."""
        return cls(DatasetSource(dataset))

    @classmethod
    def from_keywords(cls, attributes: Mapping[str, object]) -> Headers:
        """Read keywords with texts, numbers, lists of them, or lists of mappings for sequences."""
        return cls(KeywordSource(attributes))

    def written(self, named: Tag) -> Written | None:
        """Return an attribute as it was found, None where it is absent."""
        return self._source.find(named)

    def leaf(self, named: Tag) -> Held:
        """Return what is held for one tag of this level."""
        found = self._read.get(named.key)
        if found is None:
            found = self._read[named.key] = read(named.vr, self._source.find(named))
        return found

    def held(self, named: Attribute) -> Held:
        """Return what a rule's attribute finds here, through all items of the sequences on its path."""
        *parents, last = named.path
        if not parents:
            return positioned(self.leaf(last), named.position)
        level: tuple[Headers, ...] = (self,)
        found: list[Value | None] = []
        for parent in parents:
            sequences = [item.sequence(parent) for item in level]
            if all(items is None for items in sequences):
                return ABSENT
            found.extend(None for items in sequences if items is None)
            level = tuple(item for items in sequences if items for item in items)
        for item in level:
            found.extend(item.leaf(last).values or (None,))
        return positioned(Held(present=True, values=tuple(found)), named.position)

    def sequence(self, named: Tag) -> tuple[Headers, ...] | None:
        """Return the items of a sequence, None where it is absent."""
        found = self._source.find(named)
        if found is None:
            return None
        return tuple(Headers(item) for item in found) if isinstance(found, tuple) else ()

    def values(self, keyword: str) -> tuple[Value | None, ...]:
        """Return all values of a standard attribute, None for each that is malformed."""
        return self.leaf(_standard(keyword)).values

    def value(self, keyword: str) -> Value | None:
        """Return the first value, or None where it is absent, empty or malformed."""
        found = self.values(keyword)
        return found[0] if found and found[0] != "" else None

    def text(self, keyword: str) -> str:
        """Return the first value as text without padding, CS in upper case; empty where there is none."""
        found = self.value(keyword)
        return found if isinstance(found, str) else ""

    def items(self, keyword: str) -> tuple[Headers, ...]:
        """Return the items of a sequence; none where it is absent, empty or no sequence."""
        return self.sequence(_standard(keyword)) or ()

    def concept(self) -> Coded | None:
        """Return this item's code (PS3.3 8.8), None where it is not a complete one."""
        value = self.text("CodeValue") or self.text("LongCodeValue") or self.text("URNCodeValue")
        return values.coded(value, self.text("CodingSchemeDesignator"))

    def codes(self, keyword: str) -> tuple[Coded | None, ...]:
        """Return the concepts of a code sequence's items."""
        return tuple(item.concept() for item in self.items(keyword))

    @property
    def study_instance_uid(self) -> str:
        """(0020,000D)."""
        return self.text("StudyInstanceUID")

    @property
    def series_instance_uid(self) -> str:
        """(0020,000E)."""
        return self.text("SeriesInstanceUID")

    @property
    def sop_class_uid(self) -> str:
        """(0008,0016)."""
        return self.text("SOPClassUID")

    @property
    def sop_instance_uid(self) -> str:
        """(0008,0018)."""
        return self.text("SOPInstanceUID")

    @property
    def modality(self) -> str:
        """(0008,0060)."""
        return self.text("Modality")

    @property
    def reference(self) -> InstanceReference:
        """Which object this is."""
        return InstanceReference(
            self.study_instance_uid, self.series_instance_uid, self.sop_class_uid, self.sop_instance_uid
        )


def _standard(keyword: str) -> Tag:
    found = tag(keyword)
    if found is None:
        raise KeyError(keyword)
    return found


def read(vr: str, written: Written | None) -> Held:
    """Return what is written in an attribute as typed values."""
    if written is None:
        return ABSENT
    if written is UNREADABLE:
        return Held(present=True, values=(None,))
    if isinstance(written, tuple):
        return Held(present=True, values=tuple(Headers(item).concept() for item in written))
    return EMPTY if vr == "SQ" else _typed(vr, written)


@lru_cache(maxsize=8192)
def _typed(vr: str, written: str) -> Held:
    """Return the typed values of a text; the same texts come again and again, in a study and across studies."""
    return Held(present=True, values=values.parse_all(vr, written))


def positioned(found: Held, position: int) -> Held:
    """Return one of the values, counted from 1; all of them for 0."""
    if not position or not found.present:
        return found
    if len(found.values) < position or found.values[position - 1] == "":
        return EMPTY
    return Held(present=True, values=(found.values[position - 1],))


PROCESSING_EQUIPMENT = values.Coded("109102", "DCM")
"""CID 7005, purpose of a contributing equipment."""


def made_by_wetread(headers: Headers) -> bool:
    """Say whether an object is one of our results, by manufacturer or contributing equipment (PS3.3 C.12.1)."""
    if headers.text("Manufacturer").upper() == "WETREAD":
        return True
    return any(
        item.text("Manufacturer").upper() == "WETREAD"
        and PROCESSING_EQUIPMENT in item.codes("PurposeOfReferenceCodeSequence")
        for item in headers.items("ContributingEquipmentSequence")
    )
