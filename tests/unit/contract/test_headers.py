"""The same instance reads the same from Orthanc's JSON, from pydicom and from keywords."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from wetread_contract.dictionary import attribute
from wetread_contract.headers import Headers, made_by_wetread
from wetread_contract.values import Coded

SEEN = {
    "0008,0008": ("String", "ORIGINAL\\PRIMARY\\"),
    "0008,0060": ("String", "MG"),
    "0010,1010": ("String", "057Y"),
    "0018,1114": ("String", "1.0433"),
    "0018,5101": ("String", " CC"),
    "0019,0010": ("String", "SIEMENS MR HEADER"),
    "0019,100c": ("String", "1000"),
    "0020,0062": ("String", ""),
    "0020,4000": ("TooLong", None),
    "0028,1201": ("Null", None),
}
"""As Orthanc 1.10.1 answered `/instances/{id}/tags`."""
VIEW = {"0008,0100": ("String", "R-10242"), "0008,0102": ("String", "SRT"), "0054,0222": ("Sequence", [])}


def full(tags: dict[str, tuple[str, object]]) -> dict[str, object]:
    return {tag: {"Name": "", "Type": kind, "Value": value} for tag, (kind, value) in tags.items()}


def short(tags: dict[str, tuple[str, object]]) -> dict[str, object]:
    return {tag: value for tag, (_, value) in tags.items()}


def dataset() -> Dataset:
    found, view = Dataset(), Dataset()
    found.ImageType, found.Modality, found.PatientAge = ["ORIGINAL", "PRIMARY", ""], "MG", "057Y"
    found.EstimatedRadiographicMagnificationFactor, found.ViewPosition = "1.0433", " CC"
    found.private_block(0x19, "SIEMENS MR HEADER", create=True).add_new(0x0C, "IS", "1000")
    found.ImageLaterality, found.RedPaletteColorLookupTableData = "", b"\0\0"
    view.CodeValue, view.CodingSchemeDesignator, view.ViewModifierCodeSequence = "R-10242", "SRT", []
    found.ViewCodeSequence = [view]
    return found


SOURCES = {
    "full": Headers.from_orthanc(full(SEEN) | {"0054,0220": {"Type": "Sequence", "Value": [full(VIEW)]}}),
    "short": Headers.from_orthanc(short(SEEN) | {"0054,0220": [short(VIEW)]}),
    "pydicom": Headers.from_dataset(dataset()),
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_reads_the_same(source: str) -> None:
    headers = SOURCES[source]
    assert headers.values("ImageType") == ("ORIGINAL", "PRIMARY")
    assert (headers.modality, headers.text("ViewPosition"), headers.text("ImageLaterality")) == ("MG", "CC", "")
    assert headers.value("EstimatedRadiographicMagnificationFactor") == 1.0433
    assert str(headers.value("PatientAge")) == "057Y"
    assert headers.codes("ViewCodeSequence") == (Coded("R-10242", "SRT"),)
    assert headers.held(attribute("ImageLaterality")).empty
    assert headers.held(attribute("ViewCodeSequence.ViewModifierCodeSequence")).values == (None,)
    assert headers.held(attribute("(0019,xx0C) SIEMENS MR HEADER")).values == (1000.0,)
    assert headers.held(attribute("RedPaletteColorLookupTableData")).values == (None,)
    assert not headers.held(attribute("Rows")).present


def test_a_text_that_orthanc_cut_off_is_there_and_unreadable() -> None:
    assert SOURCES["full"].held(attribute("ImageComments")).values == (None,)


def test_a_yen_sign_is_the_backslash_that_orthanc_decoded() -> None:
    headers = Headers.from_orthanc({"0008,0008": "ORIGINAL\N{YEN SIGN}PRIMARY", "0028,0030": "0.4\N{YEN SIGN}0.4"})
    assert headers.values("ImageType") == ("ORIGINAL", "PRIMARY")
    assert headers.values("PixelSpacing") == (0.4, 0.4)


@pytest.mark.parametrize("value", ["", "x", None, [], [None], {}, "\\\\", "9" * 500, ["a", {"b": 1}]])
def test_no_malformed_value_is_an_exception(value: object) -> None:
    headers = Headers.from_keywords(dict.fromkeys(("StudyDate", "Rows", "PatientAge", "ViewCodeSequence"), value))
    for keyword in ("StudyDate", "Rows", "PatientAge", "ViewCodeSequence"):
        assert all(one is None or one == "" or keyword == "Rows" for one in headers.values(keyword))
        assert isinstance(headers.text(keyword), str)


def test_our_own_objects_are_known_by_manufacturer_and_by_contributing_equipment() -> None:
    purpose = [{"CodeValue": "109102", "CodingSchemeDesignator": "DCM"}]
    equipment = {"Manufacturer": "Wetread", "PurposeOfReferenceCodeSequence": purpose}
    assert made_by_wetread(Headers.from_keywords({"Manufacturer": "Wetread "}))
    assert made_by_wetread(Headers.from_keywords({"ContributingEquipmentSequence": [equipment]}))
    assert not made_by_wetread(Headers.from_keywords({"ContributingEquipmentSequence": [{"Manufacturer": "Wetread"}]}))
