"""A composed dataset as a DICOM file (PS3.10 7), in a character set that holds every one of its texts."""

from __future__ import annotations

import codecs
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from pydicom import dcmwrite
from pydicom.charset import convert_encodings, default_encoding, python_encoding
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.multival import MultiValue
from pydicom.uid import UID, ExplicitVRLittleEndian

from orchestrator.compose.elements import long_element, short_element, uid_element
from orchestrator.compose.source_values import TEXT_VRS, character_set, tag_of
from orchestrator.compose.uids import uid_for
from orchestrator.errors import ResultInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydicom import Dataset
    from pydicom.tag import BaseTag

_UNICODE: Final = ("ISO_IR 192",)

_IMPLEMENTATION_CLASS_UID: Final = uid_for("implementation class", "wetread")
_IMPLEMENTATION_VERSION: Final = "WETREAD"


def settle_character_set(dataset: Dataset, declared: tuple[str, ...], more: Sequence[str] = ()) -> None:
    """Write Specific Character Set: the source's where it can hold our words, else Unicode.

    Unicode only where that changes no copied byte, that is, where all of them are ASCII. `more` are words of ours that
    are not in the dataset yet.

    Raises:
        ResultInvalid: neither is possible; "?" in the place of a character is not an option.
    """
    term = declared
    own = (*_own_texts(dataset), *more)
    if not _known(declared) or not all(holds(declared, text) for text in own):
        if not all(value.isascii() and b"\x1b" not in value for value in _copied_bytes(dataset)):
            raise ResultInvalid(
                f"the source's character set ({chr(92).join(declared) or 'none declared'}) cannot hold every character "
                "of the result, and another would change the patient's identification"
            )
        term = _UNICODE if any(not text.isascii() for text in own) else ()
    if term:
        dataset.SpecificCharacterSet = list(term) if len(term) > 1 else term[0]


def raw_sequence(tag: BaseTag, value: bytes) -> RawDataElement:
    """A sequence whose items are encoded already."""
    return RawDataElement(tag, "SQ", len(value), value, 0, is_implicit_VR=False, is_little_endian=True)


@dataclass(frozen=True, slots=True)
class Draft:
    """An encoded object that still waits for its two UIDs: it is encoded once, whatever they are."""

    sop_class_uid: str
    parts: tuple[bytes, bytes, bytes]
    """What stands before the SOP instance UID, between it and the series instance UID, and behind that."""

    def file(self, sop_instance_uid: str, series_instance_uid: str) -> bytes:
        """The file: preamble, meta information and the dataset in explicit VR little endian, uncompressed."""
        before, between, behind = self.parts
        return b"".join(
            (
                _meta_information(self.sop_class_uid, sop_instance_uid),
                before,
                uid_element(0x0008, 0x0018, sop_instance_uid),
                between,
                uid_element(0x0020, 0x000E, series_instance_uid),
                behind,
            )
        )


def draft(dataset: Dataset) -> Draft:
    """The dataset, encoded without its two UIDs, for which it has placeholders."""
    _keep_bytes(dataset)
    character_set = dataset.get("SpecificCharacterSet", default_encoding)
    ours = tag_of("SOPInstanceUID"), tag_of("SeriesInstanceUID")
    places = []
    written = DicomBytesIO()
    written.is_little_endian, written.is_implicit_VR = True, False
    for tag in sorted(dataset.keys()):
        if tag in ours:
            places.append(written.tell())
        else:
            write_data_element(written, dataset.get_item(tag), character_set)
    body = written.getvalue()
    first, second = places
    return Draft(str(dataset.SOPClassUID), (body[:first], body[first:second], body[second:]))


def _meta_information(sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """What stands before the dataset (PS3.10 7.1)."""
    elements = b"".join(
        (
            long_element(0x0002, 0x0001, b"OB", b"\0\1"),
            uid_element(0x0002, 0x0002, sop_class_uid),
            uid_element(0x0002, 0x0003, sop_instance_uid),
            uid_element(0x0002, 0x0010, ExplicitVRLittleEndian),
            uid_element(0x0002, 0x0012, _IMPLEMENTATION_CLASS_UID),
            short_element(0x0002, 0x0013, b"SH", _IMPLEMENTATION_VERSION.encode("ascii")),
        )
    )
    length = short_element(0x0002, 0x0000, b"UL", struct.pack("<I", len(elements)))
    return b"\0" * 128 + b"DICM" + length + elements


def part10_file(dataset: Dataset) -> bytes:
    """A dataset that was read, as a file again: explicit VR little endian, uncompressed."""
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
