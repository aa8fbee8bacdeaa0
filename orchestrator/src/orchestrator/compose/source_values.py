"""Values of the source's attributes, read without changing it.

pydicom replaces an element's bytes by its decoded value at the first look, after which they cannot
be copied byte for byte any more. Everything here looks at the bytes and leaves them in place.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.tag import Tag
from pydicom.valuerep import TEXT_VR_DELIMS

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.tag import BaseTag

TEXT_VRS: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
"""Those that Specific Character Set speaks of (PS3.5 6.1.2.3)."""

STRING_VRS: Final = TEXT_VRS | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}
"""Those whose bytes are characters, the same in every byte order."""

_PADDING: Final = " \0"
_NO_SEQUENCE: Final = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RecursionError,
    KeyError,
)
"""What pydicom raises for bytes that it cannot take apart."""

_HEADER_BYTES: Final = {"SQ": 12, "UC": 12, "UR": 12, "UT": 12}
"""Length of tag, VR and length in explicit VR little endian; 8 for the others (PS3.5 7.1.2)."""


@cache
def tag_of(keyword: str) -> BaseTag:
    """The tag of a keyword of PS3.6."""
    number = tag_for_keyword(keyword)
    if number is None:
        msg = f"{keyword} is not a keyword of PS3.6"
        raise ValueError(msg)
    return Tag(number)


def value_bytes(dataset: Dataset, keyword: str) -> bytes | None:
    """The bytes of a string attribute as they are stored, padding included; None where it is absent."""
    element = dataset.get_item(tag_of(keyword))
    if element is None:
        return None
    if isinstance(element, RawDataElement):
        return element.value or b""
    return encoded(element, character_set(dataset))


def has_value(dataset: Dataset, keyword: str) -> bool:
    """Whether the attribute is there and not empty; a sequence has a value if it has items."""
    element = dataset.get_item(tag_of(keyword))
    if element is None:
        return False
    return bool(element.value) if isinstance(element, RawDataElement) else not element.is_empty


def text_of(dataset: Dataset, keyword: str) -> str:
    """The characters of a string attribute without padding, empty where there are none."""
    return decoded(value_bytes(dataset, keyword) or b"", dictionary_VR(keyword), character_set(dataset))


@lru_cache(maxsize=4096)
def decoded(value: bytes, vr: str, declared: tuple[str, ...]) -> str:
    """Bytes as characters, without padding; a byte that has no meaning becomes U+FFFD."""
    encodings = convert_encodings(list(declared)) if vr in TEXT_VRS and declared else ["iso8859"]
    return decode_bytes(value, encodings, TEXT_VR_DELIMS).strip(_PADDING)


def character_set(dataset: Dataset) -> tuple[str, ...]:
    """Specific Character Set as declared, empty where none is: the default repertoire."""
    element = dataset.get_item(tag_of("SpecificCharacterSet"))
    value = None if element is None else element.value
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace").strip(_PADDING).split("\\")
    declared = [value] if isinstance(value, str) else list(value or ())
    terms = tuple(_readable(term.strip(_PADDING)) for term in declared)
    return terms if any(terms) else ()


def _readable(term: str) -> str:
    """A term without control characters: with one it is no term, and pydicom looks it up as if it were."""
    return "".join(character if character.isprintable() else "?" for character in term)


def encoded(element: DataElement, declared: tuple[str, ...]) -> bytes:
    """The value of an element as explicit VR little endian writes it."""
    written = DicomBytesIO()
    written.is_little_endian = True
    written.is_implicit_VR = False
    write_data_element(written, element, convert_encodings(list(declared)) if declared else None)
    return written.getvalue()[_HEADER_BYTES.get(element.VR, 8) :]


def sequence_items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence, none where it is absent or its bytes are no sequence."""
    element = dataset.get_item(tag_of(keyword))
    if element is None:
        return ()
    if isinstance(element, RawDataElement):
        try:
            element = convert_raw_data_element(element, encoding=list(character_set(dataset)) or None)
        except _NO_SEQUENCE:
            return ()
    return tuple(element.value) if element.VR == "SQ" and element.value else ()
