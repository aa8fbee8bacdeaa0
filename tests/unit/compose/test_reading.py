from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from tests.composition_factories import composition

from orchestrator.compose import compose
from orchestrator.compose.check.reading import Item, Unreadable, read

if TYPE_CHECKING:
    from pydicom import Dataset


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    return [composed.content for composed in compose(composition()).objects]


def assert_same(ours: Item, theirs: Dataset) -> int:
    """How many elements were compared, at every depth."""
    assert list(ours.elements) == sorted(map(int, theirs.keys()))
    count = len(ours.elements)
    for tag, element in ours.elements.items():
        raw = theirs.get_item(tag)
        assert raw is not None
        assert element.vr == raw.VR
        if element.vr != "SQ":
            assert not isinstance(raw, RawDataElement) or element.value == (raw.value or b"")
            continue
        for item, other in zip(element.items, theirs[tag].value, strict=True):
            count += assert_same(item, other)
    return count


def test_what_is_read_is_what_pydicom_reads(files: list[bytes]) -> None:
    card, report = (assert_same(read(content).dataset, dcmread(BytesIO(content))) for content in files)
    assert card > 50
    assert report > 500


def test_meta_information_is_kept_apart(files: list[bytes]) -> None:
    file = read(files[0])
    assert file.meta.text("MediaStorageSOPInstanceUID") == file.dataset.text("SOPInstanceUID")
    assert "MediaStorageSOPInstanceUID" not in file.dataset


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_ends_too_early_is_unreadable(files: list[bytes], part: float) -> None:
    for content in files:
        with pytest.raises(Unreadable):
            read(content[: int(len(content) * part)])


def test_what_is_no_dicom_file_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="prefix"):
        read(b"\0" * 200)


def test_elements_out_of_order_are_unreadable(files: list[bytes]) -> None:
    swapped = files[1].replace(b"\x08\x00\x60\x00CS\x02\x00SR", b"\x08\x00\x05\x00CS\x02\x00SR", 1)
    assert swapped != files[1]
    with pytest.raises(Unreadable, match="stands after"):
        read(swapped)
