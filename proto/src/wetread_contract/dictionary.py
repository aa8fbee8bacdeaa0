"""What rules can speak of: attributes by keyword, by path into sequences, by position, by private creator."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache, lru_cache

from pydicom.datadict import DicomDictionary, private_dictionary_VR  # type: ignore[attr-defined]

from wetread_contract.values import KINDS, Kind


@dataclass(frozen=True, slots=True)
class Tag:
    """One attribute of the data dictionary (PS3.6 6) or of a private block (PS3.5 7.8.1)."""

    number: int
    """Group and element as one number; of a private element, group and the last two digits."""
    vr: str
    keyword: str
    multiple: bool = False
    """More than one value is allowed by its VM."""
    creator: str = ""
    """Private creator; empty for standard attributes."""
    key: str = ""
    """As Orthanc writes it: `0008,0060`; of private attributes, their name in rules."""


FILE_META_GROUP = 0x0002
"""It and group 0000 are no part of a data set (PS3.10 7.1, PS3.7 E.1)."""


@cache
def _tags() -> dict[str, int]:
    """Return tags by keyword, for attributes of data sets."""
    return {
        entry[4]: number for number, entry in DicomDictionary.items() if entry[4] and number >> 16 > FILE_META_GROUP
    }


@lru_cache(maxsize=4096)
def tag(keyword: str) -> Tag | None:
    """Return the dictionary's entry, or None for a word that is not a keyword."""
    number = _tags().get(keyword)
    if number is None:
        return None
    vr, vm = DicomDictionary[number][:2]
    return Tag(number, vr, keyword, multiple=vm != "1", key=f"{number >> 16:04x},{number & 0xFFFF:04x}")


def keywords() -> tuple[str, ...]:
    """Return every keyword that a rule may use and that is not retired, sorted."""
    return tuple(sorted(word for word, number in _tags().items() if not DicomDictionary[number][3]))


def near(word: str) -> str | None:
    """Return the keyword that was probably meant, or None."""
    lowered = {known.lower(): known for known in _tags()}
    if word.lower() in lowered:
        return lowered[word.lower()]
    found = difflib.get_close_matches(word, _tags(), n=1, cutoff=0.75)
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Attribute:
    """What a rule names: a path of sequences that ends in one attribute."""

    name: str
    """As the rule writes it; equal names are equal attributes."""
    path: tuple[Tag, ...]
    """At least one; all but the last are sequences."""
    position: int = 0
    """From 1, as in "value 3 of Image Type"; 0 for all values."""

    @property
    def vr(self) -> str:
        """Value representation of the last tag."""
        return self.path[-1].vr

    @property
    def kind(self) -> Kind:
        """What its values are compared as."""
        return KINDS.get(self.vr, Kind.OPAQUE)

    @property
    def multiple(self) -> bool:
        """More than one value may be found, so that set operators apply."""
        return not self.position and (len(self.path) > 1 or self.path[-1].multiple or self.vr == "SQ")


class UnknownAttributeError(ValueError):
    """A name that no attribute has; the text says what was probably meant."""


_PRIVATE = re.compile(r"\(([0-9A-Fa-f]{4}),\s*xx([0-9A-Fa-f]{2})\)\s+(.+?)(?::\s*([A-Z]{2}))?")
_POSITION = re.compile(r"(.+)\[(\d+)\]")


@lru_cache(maxsize=4096)
def attribute(name: str) -> Attribute:
    """Return what a rule's name means.

    `ViewPosition`, `ImageType[3]`, `SharedFunctionalGroupsSequence.FrameAnatomySequence.FrameLaterality`,
    and for private attributes in the Standard's notation `(0019,xx0C) SIEMENS MR HEADER`, with
    `: IS` behind it where the creator is not in pydicom's private dictionary.

    Raises:
        UnknownAttributeError: no such keyword, path or position.
    """
    positioned = _POSITION.fullmatch(name)
    body, position = (positioned[1], int(positioned[2])) if positioned else (name, 0)
    if positioned and not position:
        raise UnknownAttributeError(f"`{name}`: values are counted from 1, as in the Standard")
    private = _PRIVATE.fullmatch(body)
    if private:
        return Attribute(name, (_private(*private.groups()),), position)
    *parents, last = (_known(word) for word in body.split("."))
    for parent in parents:
        if parent.vr != "SQ":
            raise UnknownAttributeError(f"`{parent.keyword}` is no sequence: nothing can be inside it")
    return Attribute(name, (*parents, last), position)


def _known(word: str) -> Tag:
    found = tag(word)
    if found:
        return found
    meant = near(word)
    advice = f"; did you mean `{meant}`?" if meant else ""
    raise UnknownAttributeError(f"`{word}` is not a DICOM keyword{advice}")


def _private(group: str, element: str, creator: str, vr: str | None) -> Tag:
    number = int(group, 16) << 16 | int(element, 16)
    if not number >> 16 & 1:
        raise UnknownAttributeError(f"group {group} is even: private groups are odd (PS3.5 7.8.1)")
    if vr is None:
        try:
            vr = private_dictionary_VR(number | 0x1000, creator)
        except KeyError:
            raise UnknownAttributeError(
                f"the VR of `({group},xx{element}) {creator}` is not known; write it behind, such as "
                f"`({group},xx{element}) {creator}: LO`"
            ) from None
    return Tag(number, vr, f"({group},xx{element})", True, creator, f"({group},xx{element}) {creator}: {vr}")  # noqa: FBT003


IDENTIFYING_GROUP = 0x0010
"""Patient module and everything else about the person."""

IDENTIFYING = frozenset(
    {
        "AccessionNumber",
        "AdmissionID",
        "ContentCreatorName",
        "DeidentificationMethod",
        "InstitutionAddress",
        "IssuerOfPatientID",
        "NameOfPhysiciansReadingStudy",
        "OperatorsName",
        "OrderPlacerNumberProcedure",
        "PerformingPhysicianName",
        "PersonName",
        "PhysiciansOfRecord",
        "PlacerOrderNumberImagingServiceRequest",
        "FillerOrderNumberImagingServiceRequest",
        "ReferringPhysicianName",
        "RequestedProcedureID",
        "RequestingPhysician",
        "ScheduledPerformingPhysicianName",
        "ScheduledProcedureStepID",
        "StudyID",
        "VerifyingObserverName",
    }
)
"""Attributes outside group 0010 whose values point to a person (PS3.15 E.1, actions other than keep)."""

HARMLESS = frozenset({"PatientSex", "PatientAge", "PatientOrientation", "PatientPosition"})
"""Attributes of the patient that a rule may be explained with: alone they identify nobody."""

_FREE = frozenset({"PN", "DA", "DT", "TM", "LT", "UT", "ST", "UI"})
"""VRs whose values are never shown: names, moments, long free texts, identifiers."""


def shown(named: Attribute) -> bool:
    """Say whether values of an attribute may appear in explanations, pages and logs."""
    last = named.path[-1]
    if last.keyword in HARMLESS:
        return True
    if last.keyword in {"SOPClassUID", "SpecificCharacterSet"}:
        return True
    identifying = any(part.number >> 16 == IDENTIFYING_GROUP or part.keyword in IDENTIFYING for part in named.path)
    return not identifying and not last.creator and last.vr not in _FREE
