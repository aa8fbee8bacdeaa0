"""Whatever bytes a source holds: a result that passes its check, or a refusal; never another error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from tests import dicom_factories as dicom
from tests.composition_factories import composition

from orchestrator.compose import compose
from orchestrator.compose.identity import IDENTIFYING
from orchestrator.compose.module_tables import module
from orchestrator.compose.source_values import character_set, tag_of
from orchestrator.errors import ResultInvalid

if TYPE_CHECKING:
    from orchestrator.handoffs import Composition

KEYWORDS = [
    "SpecificCharacterSet",
    "TimezoneOffsetFromUTC",
    "BodyPartExamined",
    "Modality",
    "Manufacturer",
    *(rule.keyword for key in ("patient", "general-study", "patient-study") for rule in module(key)),
    *(rule.keyword for rule in module("clinical-trial-subject")),
]
CHARACTER_SETS = st.sampled_from(
    [b"ISO_IR 192", b"ISO_IR 100", b"\\ISO 2022 IR 87", b"GB18030", b"ISO_IR 999", b"\\\\"]
)
VALUES = st.one_of(
    st.binary(max_size=24),
    st.text(max_size=12).map(str.encode),
    st.sampled_from(
        [b"\xfe\xff\x00\xe0\xff\xff\xff\xff", b"\xfe\xff\x00\xe0\x08\x00\x00\x00\x08\x00\x00\x01SH\x00\x00"]
    ),
    CHARACTER_SETS,
)


def with_bytes(source: Dataset, given_values: dict[str, bytes]) -> Dataset:
    for keyword, value in given_values.items():
        tag = tag_of(keyword)
        source[tag] = RawDataElement(
            tag, dictionary_VR(keyword), len(value), value, 0, is_implicit_VR=False, is_little_endian=True
        )
    return source


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYWORDS), VALUES, min_size=1, max_size=5))
def test_a_source_of_any_bytes_is_composed_or_refused(values: dict[str, bytes]) -> None:
    source = with_bytes(dicom.headers_of(dicom.mammogram()), values)
    shown = {value.decode("latin-1").strip() for keyword, value in values.items() if keyword in IDENTIFYING}
    outcome = objects_or_refusal(composition(source=source))
    assert outcome == 2 or not any(len(value) > 3 and value in str(outcome) for value in shown)


def objects_or_refusal(made: Composition) -> int | str:
    try:
        return len(compose(made).objects)
    except ResultInvalid as refusal:
        return str(refusal)


def test_a_character_set_of_control_characters_is_one_that_nobody_knows() -> None:
    source = Dataset()
    source[0x00080005] = RawDataElement(Tag(0x00080005), "CS", 3, b"\x01\x00\x01", 0, False, True)  # noqa: FBT003

    assert character_set(source) == ("???",)
