"""Content items as bytes: read back by pydicom they are what they were made from."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from pydicom.filereader import read_dataset

from orchestrator.compose.content_items import (
    CONTAINS,
    HAS_CONCEPT_MOD,
    Container,
    ContentItem,
    Image,
    Number,
    Uid,
    Value,
    encoded_items,
)
from orchestrator.compose.elements import long_element, short_element
from wetread_contract.findings import Code

if TYPE_CHECKING:
    from pydicom import Dataset

NAME = Code("111001", "DCM", "Algorithm Name")
LEFT = Code("7771000", "SCT", "Left")
MILLIMETRE = Code("mm", "UCUM", "millimeter")


def read_back(*items: ContentItem, declared: tuple[str, ...] = ()) -> list[Dataset]:
    character_set = short_element(0x0008, 0x0005, b"CS", "\\".join(declared).encode("ascii"))
    content = long_element(0x0040, 0xA730, b"SQ", encoded_items(items, declared))
    dataset = read_dataset(BytesIO(character_set + content), is_implicit_VR=False, is_little_endian=True)
    return list(dataset.ContentSequence)


@pytest.mark.parametrize(
    ("value", "value_type"),
    [
        ("odd", "TEXT"),
        (LEFT, "CODE"),
        (Uid("1.2.3"), "UIDREF"),
        (Number(1.5, MILLIMETRE), "NUM"),
        (Image("1.2", "1.2.3"), "IMAGE"),
        (Container(), "CONTAINER"),
    ],
)
def test_each_kind_of_value_has_its_value_type_name_and_relationship(value: Value, value_type: str) -> None:
    (item,) = read_back(ContentItem(CONTAINS, NAME, value))
    assert (item.ValueType, item.RelationshipType) == (value_type, CONTAINS)
    name = item.ConceptNameCodeSequence[0]
    assert (name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning) == ("111001", "DCM", "Algorithm Name")


def test_values_are_read_back() -> None:
    text, code, uid, number, image = read_back(
        *(ContentItem(CONTAINS, NAME, value) for value in ("odd", LEFT, Uid("1.2.3"), Number(1.5, MILLIMETRE))),
        ContentItem(CONTAINS, NAME, Image("1.2", "1.2.3")),
    )
    assert str(text.TextValue) == "odd"
    assert code.ConceptCodeSequence[0].CodeValue == "7771000"
    assert uid.UID == "1.2.3"
    measured = number.MeasuredValueSequence[0]
    assert (measured.FloatingPointValue, measured.NumericValue) == (1.5, 1.5)
    assert measured.MeasurementUnitsCodeSequence[0].CodeValue == "mm"
    assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.2.3"


@pytest.mark.parametrize("number", [1 / 3, 1e-17, 123456789012345678.0, -2.5e-300, 3])
def test_a_number_of_any_length_has_at_most_sixteen_characters_and_is_there_exactly(number: float) -> None:
    (item,) = read_back(ContentItem(CONTAINS, NAME, Number(number, MILLIMETRE)))
    measured = item.MeasuredValueSequence[0]
    assert len(str(measured.NumericValue)) <= 16
    assert float(measured.NumericValue) == pytest.approx(number, rel=1e-6)
    assert measured.FloatingPointValue == number


def test_children_stand_below_their_parent_in_their_order() -> None:
    children = tuple(ContentItem(HAS_CONCEPT_MOD, NAME, text) for text in ("first", "second"))
    (parent,) = read_back(ContentItem(CONTAINS, NAME, Container("1501"), children))
    assert parent.ContentTemplateSequence[0].TemplateIdentifier == "1501"
    assert [str(child.TextValue) for child in parent.ContentSequence] == ["first", "second"]


def test_elements_stand_in_the_order_of_their_tags() -> None:
    everything = (*(ContentItem(CONTAINS, NAME, value) for value in (Image("1.2", "1.3"), Number(1.0, MILLIMETRE))),)
    for item in read_back(*everything, ContentItem(CONTAINS, NAME, Container("1501"), everything)):
        tags = list(item.keys())
        assert tags == sorted(tags)


@pytest.mark.parametrize("declared", [("ISO_IR 100",), ("ISO_IR 192",)])
def test_words_are_written_in_the_declared_character_set(declared: tuple[str, ...]) -> None:
    (item,) = read_back(ContentItem(CONTAINS, Code("1", "99X", "Größe"), "für alle"), declared=declared)
    assert str(item.TextValue) == "für alle"
    assert item.ConceptNameCodeSequence[0].CodeMeaning == "Größe"


def test_every_word_that_a_character_set_must_hold_is_named() -> None:
    item = ContentItem(CONTAINS, NAME, Container(), (ContentItem(CONTAINS, LEFT, Number(1.0, MILLIMETRE)),))
    assert list(item.texts()) == ["Algorithm Name", "Left", "millimeter"]
    assert list(ContentItem(CONTAINS, NAME, "words").texts()) == ["Algorithm Name", "words"]
    assert list(ContentItem(CONTAINS, NAME, LEFT).texts()) == ["Algorithm Name", "Left"]
