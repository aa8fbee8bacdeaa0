from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import data_store  # pydicom-data's files
import numpy as np
import pydicom
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    RLELossless,
)
from tests.dicom_factories import as_file, mammogram

from wetread_sdk.pixels import Decoder, Limits, Unreadable, read_header, stored_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import Dataset

PYDICOM_FILES = Path(pydicom.__file__).parent / "data" / "test_files"
MORE_FILES = Path(data_store.__file__).parent


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as made:
        yield made


def file_of(dataset: Dataset) -> io.BytesIO:
    return io.BytesIO(as_file(dataset))


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless, JPEG2000Lossless]
)
def test_every_lossless_encoding_gives_the_same_values(syntax: str, decoder: Decoder) -> None:
    plain = stored_values(file_of(mammogram()))

    assert plain.shape == (64, 48)
    assert plain.max() > plain.min()
    np.testing.assert_array_equal(stored_values(file_of(mammogram(transfer_syntax=syntax)), decoder=decoder), plain)


def test_lossy_jpeg_is_read() -> None:
    assert stored_values(file_of(mammogram(transfer_syntax=JPEGBaseline8Bit, bits_stored=8))).shape == (64, 48)


def test_twelve_bit_jpeg_which_pydicom_alone_cannot_decode_is_read() -> None:
    path = PYDICOM_FILES / "JPGExtended.dcm"
    with path.open("rb") as file:
        header = read_header(file)
        values = stored_values(file)

    assert header.file_meta.TransferSyntaxUID == JPEGExtended12Bit
    assert values.shape == (header.Rows, header.Columns)
    assert 255 < values.max() < 2**12


def test_one_frame_of_many_is_read_alone() -> None:
    path = MORE_FILES / "data" / "emri_small.dcm"
    whole = dcmread(path).pixel_array
    with path.open("rb") as file:
        np.testing.assert_array_equal(stored_values(file, frame=3), whole[2])
        with pytest.raises(Unreadable, match="frame 11 of 10"):
            stored_values(file, frame=11)


def test_every_file_of_pydicoms_collection_is_decoded_or_unreadable() -> None:
    small = Decoder(Limits(frame_pixels=2**20))
    read, refused = [], {}
    for path in [*PYDICOM_FILES.rglob("*.dcm"), *MORE_FILES.rglob("*.dcm")]:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")
            try:
                assert stored_values(file, decoder=small).size
                read.append(path.name)
            except Unreadable as unreadable:
                refused[path.name] = str(unreadable)

    small.close()
    assert len(read) >= 110
    assert "image_dfl.dcm" in refused


def jpeg2000_bomb(rows: int, columns: int) -> bytes:
    """SOC and SIZ of a codestream that claims a size; decoders allocate it before they look further."""
    size = struct.pack(">HHIIIIIIIIH", 41, 0, columns, rows, 0, 0, columns, rows, 0, 0, 1)
    return b"\xff\x4f\xff\x51" + size + b"\x07\x01\x01" + b"\xff\xd9"


def jpeg_bomb(rows: int, columns: int) -> bytes:
    """SOI, an application segment, a start of frame that claims a size."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, rows, columns, 1) + b"\x01\x11\x00"
    return b"\xff\xd8\xff\xe0\x00\x04ab" + frame + b"\xff\xd9"


@pytest.mark.parametrize(
    ("syntax", "codestream"), [(JPEG2000Lossless, jpeg2000_bomb), (JPEGBaseline8Bit, jpeg_bomb)], ids=["2000", "jpeg"]
)
@pytest.mark.parametrize(("rows", "columns", "said"), [(12000, 12001, "at most"), (65, 48, "is 65 × 48, its attr")])
def test_a_codestream_larger_than_its_attributes_is_never_decoded(
    syntax: str, codestream: object, rows: int, columns: int, said: str
) -> None:
    assert callable(codestream)
    dataset = mammogram(bits_stored=8, transfer_syntax=syntax)
    dataset.PixelData = encapsulate([codestream(rows, columns)])

    with pytest.raises(Unreadable, match=said):
        stored_values(file_of(dataset))


def test_attributes_that_claim_too_much_are_refused_before_anything_is_read() -> None:
    with pytest.raises(Unreadable, match="60000 × 60000 pixels"):
        stored_values(file_of(mammogram(Rows=60000, Columns=60000)))


def test_an_rle_frame_that_unfolds_without_end_is_refused() -> None:
    dataset = mammogram(transfer_syntax=RLELossless)
    dataset.PixelData = encapsulate([b"\x02" + bytes(63) + b"\x81\xff" * 10**5])

    with pytest.raises(Unreadable, match="longer than any encoding"):
        stored_values(file_of(dataset))


def test_deflated_data_sets_are_refused_before_they_are_inflated() -> None:
    with (PYDICOM_FILES / "image_dfl.dcm").open("rb") as file, pytest.raises(Unreadable, match="deflated"):
        read_header(file)


def test_nesting_without_end_is_refused() -> None:
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    sequence = b"\x08\x00\x96\x10SQ\x00\x00\xff\xff\xff\xff"
    content = as_file(mammogram(missing=("PixelData",))) + (sequence + item) * 5000

    with pytest.raises(Unreadable, match="RecursionError"):
        read_header(io.BytesIO(content))


@pytest.mark.parametrize("keyword", ["Rows", "Columns", "BitsAllocated"])
def test_an_attribute_that_decoding_needs_must_be_there(keyword: str) -> None:
    with pytest.raises(Unreadable):
        stored_values(file_of(mammogram(missing=(keyword,))))


def test_a_truncated_file_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        stored_values(io.BytesIO(as_file(mammogram())[:-100]))


def test_what_is_no_dicom_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="InvalidDicomError"):
        read_header(io.BytesIO(b"GIF89a" * 100))


def test_a_decoding_process_that_dies_costs_one_frame_only(decoder: Decoder) -> None:
    compressed = mammogram(transfer_syntax=RLELossless)
    stored_values(file_of(compressed), decoder=decoder)
    assert decoder._process is not None
    decoder._process.kill()

    with pytest.raises(Unreadable, match="crash their decoder"):
        stored_values(file_of(compressed), decoder=decoder)

    assert stored_values(file_of(compressed), decoder=decoder).shape == (64, 48)


def test_a_frame_that_needs_more_memory_than_allowed_is_unreadable() -> None:
    with Decoder(Limits(decoder_memory_bytes=2**26)) as poor, pytest.raises(Unreadable):
        stored_values(file_of(mammogram(transfer_syntax=RLELossless, rows=3000, columns=3000)), decoder=poor)


def test_a_decoder_that_takes_too_long_is_ended() -> None:
    with Decoder(Limits(decode_s=0.0)) as hurried, pytest.raises(Unreadable, match="too long"):
        stored_values(file_of(mammogram(transfer_syntax=RLELossless)), decoder=hurried)
