"""Whose result it is: the patient's and the study's attributes, copied from the source.

All attributes of the Patient, Clinical Trial Subject, General Study, Patient Study and Clinical
Trial Study modules (PS3.3 C.7.1, C.7.2) are copied as they are stored, byte for byte. A value that
breaks its VR or VM is left out, or empty where the attribute must be there; never repaired. The
five that say whose and which study it is are not for leaving out: where one of them is invalid,
there is no result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from orchestrator.compose.module_tables import AttributeRule, module
from orchestrator.compose.source_values import (
    STRING_VRS,
    character_set,
    decoded,
    has_value,
    sequence_items,
    tag_of,
    text_of,
    value_bytes,
)
from orchestrator.compose.value_rules import ENUMERATED, fits, is_uid
from orchestrator.errors import ResultInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable

IDENTIFYING: Final = ("PatientID", "IssuerOfPatientID", "PatientName", "StudyInstanceUID", "AccessionNumber")
"""Copied byte for byte or not at all."""

_MANDATORY_MODULES: Final = ("patient", "general-study")
_OPTIONAL_MODULES: Final = ("clinical-trial-subject", "patient-study", "clinical-trial-study")

_METHODS: Final = ("DeidentificationMethod", "DeidentificationMethodCodeSequence")
_METHOD_NOT_STATED: Final = "not stated by the source"
"""One of the two is needed beside Patient Identity Removed (C.7.1.1, 1C), which is never left out."""

_CODE_VALUES: Final = ("CodeValue", "LongCodeValue", "URNCodeValue")


def copied_attributes(source: Dataset) -> Dataset:
    """The attributes that say whose the result is; the source is left as it was.

    Raises:
        ResultInvalid: an identifying attribute of the source is not valid DICOM.
    """
    _refuse_invalid_identity(source)
    copied = Dataset()
    for key in _MANDATORY_MODULES:
        _copy(module(key), source, copied)
        _complete(module(key), copied)
    if text_of(copied, "PatientIdentityRemoved") == "YES" and not any(has_value(copied, each) for each in _METHODS):
        copied.DeidentificationMethod = _METHOD_NOT_STATED
    for key in _OPTIONAL_MODULES:
        _copy_optional(module(key), source, copied)
    return copied


def _refuse_invalid_identity(source: Dataset) -> None:
    if not is_uid(text_of(source, "StudyInstanceUID")):
        msg = "StudyInstanceUID of the source is missing or not a UID: no result can belong to its study"
        raise ResultInvalid(msg)
    for keyword in IDENTIFYING:
        if not _is_valid(source, keyword):
            msg = (
                f"{keyword} of the source breaks its VR {dictionary_VR(keyword)}: a result must carry it byte for "
                "byte, so it can only be made once the source is corrected"
            )
            raise ResultInvalid(msg)


def _is_valid(source: Dataset, keyword: str) -> bool:
    value = value_bytes(source, keyword)
    if value is None:
        return True
    text = decoded(value, dictionary_VR(keyword), character_set(source))
    allowed = ENUMERATED.get(keyword)
    return fits(dictionary_VR(keyword), dictionary_VM(keyword), text) and (not allowed or not text or text in allowed)


def _copy(rules: Iterable[AttributeRule], source: Dataset, target: Dataset) -> None:
    for rule in rules:
        tag = tag_of(rule.keyword)
        if tag not in source:
            continue
        element = _copied_sequence(rule, source) if rule.nested else _copied_value(rule.keyword, source)
        if element is not None:
            target[tag] = element


def _copied_value(keyword: str, source: Dataset) -> RawDataElement | DataElement | None:
    vr = dictionary_VR(keyword)
    if vr not in STRING_VRS:
        return None
    value = value_bytes(source, keyword)
    if value is None or not _is_valid(source, keyword):
        return None
    if len(value) % 2:
        value += b"\0" if vr == "UI" else b" "
    return RawDataElement(tag_of(keyword), vr, len(value), value, 0, is_implicit_VR=False, is_little_endian=True)


def _copied_sequence(rule: AttributeRule, source: Dataset) -> DataElement | None:
    items = []
    for item in sequence_items(source, rule.keyword):
        copied = Dataset()
        _copy(rule.nested, item, copied)
        _complete(rule.nested, copied)
        if "SpecificCharacterSet" in item or not _is_complete(rule.nested, copied):
            return None
        items.append(copied)
    return DataElement(tag_of(rule.keyword), "SQ", Sequence(items)) if items else None


def _complete(rules: Iterable[AttributeRule], copied: Dataset) -> None:
    """Add what must be there and may be empty (type 2)."""
    for rule in rules:
        if rule.type == "2" and rule.keyword not in copied:
            setattr(copied, rule.keyword, [] if rule.nested else None)


def _is_complete(rules: Iterable[AttributeRule], copied: Dataset) -> bool:
    """Whether everything of type 1 is there, and a code is one."""
    keywords = {rule.keyword for rule in rules}
    present = {keyword for keyword in keywords if has_value(copied, keyword)}
    if "CodeMeaning" in keywords and not present.intersection(_CODE_VALUES):
        return False
    if "CodeValue" in present and "CodingSchemeDesignator" not in present:
        return False
    return bool(present) and all(rule.keyword in present for rule in rules if rule.type == "1")


def _copy_optional(rules: tuple[AttributeRule, ...], source: Dataset, target: Dataset) -> None:
    copied = Dataset()
    _copy(rules, source, copied)
    if len(copied) and all(has_value(copied, rule.keyword) for rule in rules if rule.type == "1"):
        _complete(rules, copied)
        target.update(copied)
