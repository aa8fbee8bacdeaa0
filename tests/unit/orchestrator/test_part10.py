from __future__ import annotations

import io

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from orchestrator.dispatch.identity import blanked
from orchestrator.dispatch.part10 import ArrivingFile, encoded
from orchestrator.errors import InstanceUnreadable

PIXELS = np.arange(64 * 48, dtype="<u2").tobytes()


def picture(syntax: str = ExplicitVRLittleEndian) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.2"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "2.25.1"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "MARKED^PATIENT", "MARKED-ID", "19500101"
    dataset.OperatorsName = "MARKED^OPERATOR"
    dataset.StudyDate, dataset.Modality = "20261124", "MG"
    dataset.PerformedProtocolCodeSequence = [Dataset()]
    dataset.PerformedProtocolCodeSequence[0].ReferringPhysicianName = "MARKED^NESTED"
    dataset.add_new((0x0009, 0x0010), "LO", "ACME")
    dataset.add_new((0x0009, 0x1001), "LO", "MARKED-PRIVATE")
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 64, 48, 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    if syntax == RLELossless:
        dataset.PixelData = encapsulate([b"\x01" + b"\0" * 71, b"\x02" * 40])
        dataset["PixelData"].is_undefined_length = True
    else:
        dataset.PixelData = PIXELS
    return dataset


def file_of(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


class Trickle:
    """A stream that gives less than it is asked for."""

    def __init__(self, content: bytes) -> None:
        self._rest = io.BytesIO(content)

    def read(self, size: int, /) -> bytes:
        return self._rest.read(min(size, 1021))


@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless],
    ids=lambda uid: uid.name,
)
def test_header_and_pixels_put_together_are_the_same_file(syntax: str) -> None:
    content = file_of(picture(syntax))
    arriving = ArrivingFile(Trickle(content))
    again = dcmread(io.BytesIO(encoded(arriving.header) + b"".join(arriving.pixels())))
    assert arriving.has_pixels
    assert again == dcmread(io.BytesIO(content))


def test_what_follows_the_pixels_does_not_leave() -> None:
    dataset = picture()
    dataset.DataSetTrailingPadding = b"MARKED-TRAILER"
    arriving = ArrivingFile(io.BytesIO(file_of(dataset)))
    assert b"MARKED-TRAILER" not in b"".join(arriving.pixels())


def test_an_object_without_pixels_has_none() -> None:
    dataset = picture()
    del dataset.PixelData
    arriving = ArrivingFile(io.BytesIO(file_of(dataset)))
    assert b"".join(arriving.pixels()) == b""
    assert not arriving.has_pixels


@pytest.mark.parametrize("cut", [1, 500, 5000])
def test_a_file_that_ends_early_is_unreadable(cut: int) -> None:
    with pytest.raises(InstanceUnreadable, match="ends in the middle"):
        list(ArrivingFile(io.BytesIO(file_of(picture())[:-cut])).pixels())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no DICOM", b"\0" * 128 + b"DICM"])
def test_what_is_no_dicom_is_unreadable(content: bytes) -> None:
    with pytest.raises(InstanceUnreadable):
        ArrivingFile(io.BytesIO(content))


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian], ids=lambda uid: uid.name
)
def test_a_blanked_header_names_nobody_and_leaves_the_original_as_it_was(syntax: str) -> None:
    arriving = ArrivingFile(io.BytesIO(file_of(picture(syntax))))
    sent = encoded(blanked(arriving.header, ()))
    assert b"MARKED" not in sent
    assert b"19500101" not in sent
    assert str(arriving.header.PatientName) == "MARKED^PATIENT"
    assert "MARKED^NESTED" in str(arriving.header.PerformedProtocolCodeSequence[0].ReferringPhysicianName)
    left = dcmread(io.BytesIO(sent))
    assert (left.Modality, left.StudyDate, left.SOPInstanceUID) == ("MG", "20261124", "2.25.1")
    assert left.PatientID == ""


def test_what_a_declaration_needs_stays() -> None:
    arriving = ArrivingFile(io.BytesIO(file_of(picture())))
    left = dcmread(io.BytesIO(encoded(blanked(arriving.header, ("PatientID",)))))
    assert left.PatientID == "MARKED-ID"
    assert not left.PatientName
