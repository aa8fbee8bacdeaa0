from __future__ import annotations

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from wetread_sdk.pixels import Unreadable, shown

STORED = np.array([[0, 100, 200, 300, 400]], np.uint16)


def header(**attributes: object) -> Dataset:
    dataset = Dataset()
    dataset.PhotometricInterpretation = "MONOCHROME2"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def values(stored: np.ndarray = STORED, **attributes: object) -> list[float]:
    exact = shown(header(**attributes), stored).values[0].astype(np.float64)
    shown_values: list[float] = exact.round(3).tolist()
    return shown_values


def test_a_linear_window_is_that_of_the_standard() -> None:
    """PS3.3 C.11.2.1.2.1: the window is from c - 0.5 - (w-1)/2 to c - 0.5 + (w-1)/2."""
    assert values(WindowCenter=200.5, WindowWidth=201) == [0, 0, 0.5, 1, 1]


def test_an_exact_linear_window_has_no_half_pixels() -> None:
    assert values(WindowCenter=200, WindowWidth=400, VOILUTFunction="LINEAR_EXACT") == [0, 0.25, 0.5, 0.75, 1]


def test_a_sigmoid_window_is_half_at_its_center_and_never_reaches_its_ends() -> None:
    seen = values(WindowCenter=200, WindowWidth=200, VOILUTFunction="SIGMOID")

    assert seen == [0.018, 0.119, 0.5, 0.881, 0.982]


def test_a_window_of_width_one_is_a_threshold() -> None:
    assert values(WindowCenter=200, WindowWidth=1) == [0, 0, 1, 1, 1]


def test_the_first_of_several_windows_counts() -> None:
    assert values(WindowCenter=[200.5, 5], WindowWidth=[201, 10]) == [0, 0, 0.5, 1, 1]


def test_without_a_window_the_range_of_the_values_is_shown() -> None:
    assert values() == [0, 0.25, 0.5, 0.75, 1]
    assert values(WindowCenter=None, WindowWidth=None) == [0, 0.25, 0.5, 0.75, 1]


def test_rescaling_comes_before_the_window() -> None:
    assert values(RescaleSlope=2, RescaleIntercept=-400, WindowCenter=0.5, WindowWidth=401) == [0, 0, 0.5, 1, 1]


@pytest.mark.parametrize("inverse", [{"PhotometricInterpretation": "MONOCHROME1"}, {"PresentationLUTShape": "INVERSE"}])
def test_inverse_is_inverted_once_whichever_attribute_says_so(inverse: dict[str, str]) -> None:
    both = {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}

    assert values(**inverse) == values(**both) == [1, 0.75, 0.5, 0.25, 0]


def test_padding_counts_for_nothing_and_is_black() -> None:
    stored = np.array([[0, 50, 100, 300, 4000]], np.uint16)
    picture = shown(header(PixelPaddingValue=0, PixelPaddingRangeLimit=50), stored)
    inverted = shown(header(PixelPaddingValue=4000, PhotometricInterpretation="MONOCHROME1"), stored)

    assert picture.padding[0].tolist() == [True, True, False, False, False]
    assert picture.values[0].astype(np.float64).round(3).tolist() == [0, 0, 0, 0.051, 1]
    assert inverted.values[0].astype(np.float64).round(3).tolist() == [1, 0.833, 0.667, 0, 0]


def test_a_picture_of_padding_only_is_black() -> None:
    assert values(np.zeros((1, 3), np.uint16), PixelPaddingValue=0) == [0, 0, 0]


def test_a_constant_picture_without_window_is_black() -> None:
    assert values(np.full((1, 3), 7, np.uint16)) == [0, 0, 0]


@pytest.mark.parametrize(
    ("data", "bits"),
    [
        ([0, 10, 100, 255], 8),
        (bytes([0, 10, 100, 255]), 8),
        (np.array([0, 10, 100, 255], "<u2").tobytes(), 8),
    ],
    ids=["numbers", "bytes", "words"],
)
def test_a_look_up_table_goes_before_a_window_and_is_clamped_at_its_ends(data: object, bits: int) -> None:
    table = Dataset()
    table.add_new(0x00283002, "US", [4, 100, bits])
    table.add_new(0x00283006, "OW" if isinstance(data, bytes) else "US", data)
    stored = np.array([[0, 100, 101, 102, 103, 900]], np.uint16)

    seen = values(stored, VOILUTSequence=[table], WindowCenter=5, WindowWidth=5)

    assert seen == [0, 0, 0.039, 0.392, 1, 1]


def test_values_are_float32_between_black_and_white() -> None:
    picture = shown(header(WindowCenter=10, WindowWidth=5), STORED)

    assert picture.values.dtype == np.float32
    assert 0 <= picture.values.min() <= picture.values.max() <= 1


def test_colour_and_unknown_functions_are_unreadable() -> None:
    with pytest.raises(Unreadable, match="MONOCHROME"):
        shown(header(PhotometricInterpretation="RGB"), np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(Unreadable, match="VOI LUT Function"):
        shown(header(WindowCenter=1, WindowWidth=2, VOILUTFunction="SPLINE"), STORED)


def test_a_window_that_is_no_number_is_unreadable() -> None:
    dataset = header(WindowWidth=5)
    dataset[0x00281050] = RawDataElement(Tag(0x00281050), "DS", 4, b"6OO ", 0, False, True)  # noqa: FBT003 - pydicom's

    with pytest.raises(Unreadable, match="attributes of the display"):
        shown(dataset, STORED)
