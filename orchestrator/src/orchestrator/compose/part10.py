"""A composed dataset as a DICOM file (PS3.10 7), in a character set that holds every one of its texts."""

from __future__ import annotations

import codecs
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Final

from highdicom.sr import CodedConcept
from pydicom import dcmwrite
from pydicom.charset import convert_encodings, default_encoding, python_encoding
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.uid import UID, ExplicitVRLittleEndian

from orchestrator.compose.source_values import TEXT_VRS, character_set, encoded
from orchestrator.compose.uids import uid_for
from orchestrator.errors import ResultInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import Dataset
    from pydicom.tag import BaseTag

_ANY_CODE_SEQUENCE: Final = 0x0040A043
"""Concept Name Code Sequence; what is inside is encoded alike in all of them."""

_UNICODE: Final = ("ISO_IR 192",)

_IMPLEMENTATION_CLASS_UID: Final = uid_for("implementation class", "wetread")
_IMPLEMENTATION_VERSION: Final = "WETREAD"


def settle_character_set(dataset: Dataset, declared: tuple[str, ...]) -> None:
    """Write Specific Character Set: the source's where it can hold our words, else Unicode.

    Unicode only where that changes no copied byte, that is, where all of them are ASCII.

    Raises:
        ResultInvalid: neither is possible; "?" in the place of a character is not an option.
    """
    term = declared
    if not _known(declared) or not all(holds(declared, text) for text in _own_texts(dataset)):
        if not all(value.isascii() and b"\x1b" not in value for value in _copied_bytes(dataset)):
            raise ResultInvalid(
                f"the source's character set ({chr(92).join(declared) or 'none declared'}) cannot hold every character "
                "of the result, and another would change the patient's identification"
            )
        term = _UNICODE if any(not text.isascii() for text in _own_texts(dataset)) else ()
    if term:
        dataset.SpecificCharacterSet = list(term) if len(term) > 1 else term[0]


def with_encoded_sequences(dataset: Dataset) -> Dataset:
    """The same dataset, its sequences replaced by their bytes: it is written more than once, they are encoded once."""
    declared = character_set(dataset)
    _encode_codes(dataset, declared)
    _keep_bytes(dataset)
    for element in _sequences(dataset):
        dataset[element.tag] = _raw_sequence(element.tag, encoded(element, declared))
    return dataset


def _encode_codes(dataset: Dataset, declared: tuple[str, ...]) -> None:
    """Replace every sequence of one code by its bytes: two thirds of a report's items are a few codes."""
    for element in _sequences(dataset):
        first = element.value[0] if len(element.value) == 1 else None
        if isinstance(first, CodedConcept):
            parts = (first.value, first.scheme_designator, first.meaning, first.scheme_version)
            dataset[element.tag] = _raw_sequence(element.tag, _encoded_code(parts, declared))
        else:
            for item in element.value:
                _encode_codes(item, declared)


@lru_cache(maxsize=1024)
def _encoded_code(parts: tuple[str, str, str, str | None], declared: tuple[str, ...]) -> bytes:
    value, scheme_designator, meaning, scheme_version = parts
    code = CodedConcept(value, scheme_designator, meaning, scheme_version)
    return encoded(DataElement(_ANY_CODE_SEQUENCE, "SQ", [code]), declared)


def _raw_sequence(tag: BaseTag, value: bytes) -> RawDataElement:
    return RawDataElement(tag, "SQ", len(value), value, 0, is_implicit_VR=False, is_little_endian=True)


def part10_file(dataset: Dataset) -> bytes:
    """The file: preamble, meta information and the dataset in explicit VR little endian, uncompressed."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(_IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = _IMPLEMENTATION_VERSION
    dataset.file_meta = meta
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def _keep_bytes(dataset: Dataset) -> None:
    """Tell pydicom that copied elements need no decoding and encoding again."""
    declared = character_set(dataset)
    encodings = convert_encodings(list(declared)) if declared else default_encoding
    dataset.set_original_encoding(is_implicit_vr=False, is_little_endian=True, character_encoding=encodings)
    for element in _sequences(dataset):
        for item in element.value:
            _keep_bytes(item)


def _elements(dataset: Dataset) -> Iterator[DataElement | RawDataElement]:
    for tag in sorted(dataset.keys()):
        element = dataset.get_item(tag)
        if element is not None:
            yield element


def _sequences(dataset: Dataset) -> Iterator[DataElement]:
    for element in _elements(dataset):
        if isinstance(element, DataElement) and element.VR == "SQ":
            yield element


def _copied_bytes(dataset: Dataset) -> Iterator[bytes]:
    for element in _elements(dataset):
        if isinstance(element, RawDataElement):
            yield element.value or b""
    for sequence in _sequences(dataset):
        for item in sequence.value:
            yield from _copied_bytes(item)


def _own_texts(dataset: Dataset) -> Iterator[str]:
    for element in _elements(dataset):
        if isinstance(element, DataElement) and element.VR in TEXT_VRS and element.value is not None:
            values = element.value if isinstance(element.value, list | tuple | MultiValue) else [element.value]
            yield from (str(value) for value in values)
    for sequence in _sequences(dataset):
        for item in sequence.value:
            yield from _own_texts(item)


def _known(declared: tuple[str, ...]) -> bool:
    return all(term in python_encoding for term in declared)


def holds(declared: tuple[str, ...], text: str) -> bool:
    """Whether a character set (its defined terms) has every character of a text."""
    if text.isascii():
        return True
    encodings = [python_encoding[term] for term in declared if term]
    return bool(encodings) and all(any(_encodes(name, character) for name in encodings) for character in text)


def _encodes(encoding: str, character: str) -> bool:
    try:
        codecs.encode(character, encoding)
    except UnicodeError:
        return False
    return True
