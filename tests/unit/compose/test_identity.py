from __future__ import annotations

from io import BytesIO

import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from tests import dicom_factories as dicom
from tests.composition_factories import composition, composition_of, declaration
from tests.dicom_factories import PERSONS, Person

from orchestrator.compose import compose
from orchestrator.compose.identity import IDENTIFYING, copied_attributes
from orchestrator.compose.source_values import value_bytes
from orchestrator.errors import ResultInvalid


def source(**options: dicom.Option) -> Dataset:
    return dicom.headers_of(dicom.mammogram(**options))


@pytest.mark.parametrize("person", PERSONS, ids=lambda person: person.character_set or "ascii")
def test_identifying_attributes_are_copied_byte_for_byte_in_every_alphabet(person: Person) -> None:
    given = source(person=person, AccessionNumber="ACC 1 ", PatientID=" 0012 ")
    before = {keyword: value_bytes(given, keyword) for keyword in IDENTIFYING}
    for composed in compose(composition(source=given)).objects:
        result = dcmread(BytesIO(composed.content))
        assert {keyword: value_bytes(result, keyword) for keyword in IDENTIFYING} == before
        assert str(result.PatientName) == person.name


def test_the_source_is_left_as_it_was() -> None:
    given = source(person=dicom.JAPANESE)
    before = {tag: given.get_item(tag) for tag in given.keys()}  # noqa: SIM118 (would decode)
    compose(composition(source=given))
    assert all(given.get_item(tag) is element for tag, element in before.items())


def test_a_source_whose_elements_were_already_decoded_gives_the_same_identity() -> None:
    given, looked_at = source(person=dicom.JAPANESE), source(person=dicom.JAPANESE)
    str(looked_at)
    assert value_bytes(looked_at, "PatientName") == value_bytes(given, "PatientName")


@pytest.mark.parametrize("keyword", ["AccessionNumber", "PatientID", "StudyID", "PatientBirthDate"])
def test_a_missing_type_2_attribute_is_there_and_empty(keyword: str) -> None:
    copied = copied_attributes(source(missing=(keyword,)))
    assert keyword in copied
    assert not copied[keyword].value


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientBirthDate", "00000000"),
        ("StudyDate", "20260230"),
        ("StudyTime", "25"),
        ("PatientSex", "W"),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value")
def test_an_invalid_value_that_must_be_there_becomes_empty(keyword: str, value: str) -> None:
    copied = copied_attributes(source(**{keyword: value}))
    assert value_bytes(copied, keyword) == b""


@pytest.mark.filterwarnings("ignore:Invalid value")
def test_an_invalid_optional_value_is_left_out() -> None:
    assert "PatientAge" not in copied_attributes(source(PatientAge="forty"))


def test_a_code_sequence_is_copied_with_all_its_items() -> None:
    codes = Sequence([dicom.coded("71651007", "SCT", "Mammography"), dicom.coded("MG2", "99SITE", "Both sides")])
    copied = copied_attributes(source(ProcedureCodeSequence=codes))
    assert [value_bytes(item, "CodeValue") for item in copied.ProcedureCodeSequence] == [b"71651007", b"MG2 "]


def test_a_sequence_with_an_incomplete_code_is_left_out() -> None:
    incomplete = dicom.coded("71651007", "SCT", "Mammography")
    del incomplete.CodingSchemeDesignator
    assert "ProcedureCodeSequence" not in copied_attributes(source(ProcedureCodeSequence=Sequence([incomplete])))


def test_clinical_trial_attributes_are_copied_when_the_module_is_whole() -> None:
    trial = {"ClinicalTrialSponsorName": "Sponsor", "ClinicalTrialProtocolID": "P-1"}
    copied = copied_attributes(source(**trial))
    assert value_bytes(copied, "ClinicalTrialProtocolID") == b"P-1 "
    assert "ClinicalTrialSiteID" in copied


def test_half_a_clinical_trial_module_is_left_out() -> None:
    assert "ClinicalTrialProtocolID" not in copied_attributes(source(ClinicalTrialProtocolID="P-1"))


def test_a_removed_identity_says_so_on_the_result() -> None:
    copied = copied_attributes(source(PatientIdentityRemoved="YES"))
    assert value_bytes(copied, "PatientIdentityRemoved") == b"YES "
    assert copied.DeidentificationMethod == "not stated by the source"


@pytest.mark.filterwarnings("ignore:Invalid value", "ignore:The value length")
@pytest.mark.parametrize(
    ("keyword", "value"),
    [("PatientID", "X" * 65), ("AccessionNumber", "12345678901234567"), ("PatientName", "A" * 70)],
)
def test_an_identifying_value_that_is_no_valid_dicom_is_refused_and_never_shown(keyword: str, value: str) -> None:
    given = source(**{keyword: value})
    with pytest.raises(ResultInvalid, match=keyword) as caught:
        compose(composition(source=given))
    assert value not in str(caught.value)


@pytest.mark.parametrize("uid", ["", "1.2.03", "999.1.2", "1.40.1"])
def test_a_study_without_a_valid_uid_is_refused(uid: str) -> None:
    given = dicom.mammogram()
    given.StudyInstanceUID = uid
    with pytest.raises(ResultInvalid, match="UID"):
        compose(composition_of(given))


def test_words_that_the_character_set_lacks_are_an_error_not_a_question_mark() -> None:
    with pytest.raises(ResultInvalid, match="character set"):
        compose(composition(source=source(person=dicom.GREEK), declaration=declaration(title="密度")))


def test_words_beyond_ascii_make_an_ascii_source_unicode() -> None:
    result = compose(composition(source=source(), declaration=declaration(title="Brustdichte für alle")))
    report = dcmread(BytesIO(result.objects[-1].content))
    assert report.SpecificCharacterSet == "ISO_IR 192"
    assert report.SeriesDescription == "Wetread Brustdichte für alle [RESEARCH]"
