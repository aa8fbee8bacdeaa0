"""Digital Mammography X-Ray Image - For Presentation objects (PS3.3 A.27) made from pictures of our own.

For phantoms and for pictures that came as PNG. Patient and place are invented and say so.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian

from brdensity.phantoms import Laterality, Position

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

IMPLEMENTATION_CLASS_UID = UID("2.25.309868713464127226206014573281945917034")

VIEW_CODES = {
    Position.CC: ("399162004", "cranio-caudal"),
    Position.MLO: ("399368009", "medio-lateral oblique"),
}
"""PS3.16 CID 4014, SCT."""

ORIENTATIONS = {
    (Laterality.LEFT, Position.CC): ["A", "R"],
    (Laterality.RIGHT, Position.CC): ["P", "L"],
    (Laterality.LEFT, Position.MLO): ["A", "FR"],
    (Laterality.RIGHT, Position.MLO): ["P", "FL"],
}
"""Where rows and columns lead (PS3.3 C.7.6.1.1.1), as mammograms hang: chest walls meet, lateral or cranial is up."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose exam it pretends to be, and when."""

    key: str
    """All UIDs follow from it: the same key gives the same exam."""
    patient_name: str
    patient_id: str
    study_description: str
    acquired_at: datetime


@dataclass(frozen=True, slots=True)
class View:
    """One picture to be wrapped."""

    laterality: Laterality
    position: Position
    number: int
    """Its place in the exam, from 1."""
    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    """(rows, columns), MONOCHROME2: low is dark."""
    bits_stored: int
    window: tuple[float, float]
    """Center and width, in stored values."""
    spacing_mm: float
    marker: str = ""
    """Goes into ImageComments."""


def uid(*parts: object) -> UID:
    """The UID that belongs to these parts: `2.25.` and a name-based UUID (PS3.5 B.2)."""
    name = "wetread/brdensity/" + "/".join(str(part) for part in parts)
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, name).int}")


def for_presentation(subject: Subject, view: View) -> FileDataset:
    """One complete object in Explicit VR Little Endian."""
    sop_instance_uid = uid(subject.key, view.laterality, view.position)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = sop_instance_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = "WETREAD_PHANTOM"
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = sop_instance_uid
    _patient_and_study(dataset, subject)
    _series_and_equipment(dataset, subject, view)
    _image(dataset, subject, view)
    _anatomy_and_view(dataset, view)
    _acquisition(dataset, view)
    _pixels(dataset, view)
    return dataset


def _patient_and_study(dataset: Dataset, subject: Subject) -> None:
    day, time = subject.acquired_at.strftime("%Y%m%d"), subject.acquired_at.strftime("%H%M%S")
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = subject.patient_name
    dataset.PatientID = subject.patient_id
    dataset.PatientBirthDate = "19700101"
    dataset.PatientSex = "F"
    dataset.PatientAge = f"{subject.acquired_at.year - 1970:03d}Y"
    dataset.StudyInstanceUID = uid(subject.key, "study")
    dataset.StudyID = "1"
    dataset.StudyDate = day
    dataset.StudyTime = time
    dataset.AccessionNumber = f"PH{uid(subject.key, 'accession')[-8:]}"
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = subject.study_description
    offset = subject.acquired_at.strftime("%z")
    if offset:
        dataset.TimezoneOffsetFromUTC = offset
    dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = day
    dataset.SeriesTime = time


def _series_and_equipment(dataset: Dataset, subject: Subject, view: View) -> None:
    dataset.Modality = "MG"
    dataset.SeriesInstanceUID = uid(subject.key, view.laterality, view.position, "series")
    dataset.SeriesNumber = view.number
    dataset.SeriesDescription = f"{view.laterality} {view.position}"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    request = Dataset()
    request.RequestedProcedureID = "1"
    request.ScheduledProcedureStepID = "1"
    dataset.RequestAttributesSequence = [request]
    dataset.Manufacturer = "Synthetic phantom"
    dataset.ManufacturerModelName = "brdensity"
    dataset.DeviceSerialNumber = "0"
    dataset.SoftwareVersions = "1"
    dataset.InstitutionName = "Nowhere"


def _image(dataset: Dataset, subject: Subject, view: View) -> None:
    time = subject.acquired_at.strftime("%H%M") + f"{view.number:02d}"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", ""]
    dataset.InstanceNumber = 1
    dataset.AcquisitionNumber = view.number
    dataset.AcquisitionTime = dataset.ContentTime = time
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.ImageComments = view.marker
    dataset.PatientOrientation = ORIENTATIONS[view.laterality, view.position]
    dataset.AcquisitionContextSequence = []
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.WindowCenter, dataset.WindowWidth = view.window
    dataset.WindowCenterWidthExplanation = "NORMAL"


def _anatomy_and_view(dataset: Dataset, view: View) -> None:
    dataset.ImageLaterality = view.laterality.value
    dataset.ViewPosition = view.position.value
    dataset.BodyPartExamined = "BREAST"
    dataset.OrganExposed = "BREAST"
    dataset.AnatomicRegionSequence = [_code("76752008", "Breast")]
    view_code = _code(*VIEW_CODES[view.position])
    view_code.ViewModifierCodeSequence = []
    dataset.ViewCodeSequence = [view_code]
    dataset.BreastImplantPresent = "NO"


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = "SCT"
    item.CodeMeaning = meaning
    return item


def _acquisition(dataset: Dataset, view: View) -> None:
    dataset.PositionerType = "MAMMOGRAPHIC"
    dataset.PositionerPrimaryAngle = 0.0 if view.position is Position.CC else 45.0
    dataset.KVP = 28.0
    dataset.BodyPartThickness = 55.0
    dataset.CompressionForce = 90.0
    dataset.DetectorType = "DIRECT"
    dataset.DetectorID = "0"
    dataset.FieldOfViewShape = "RECTANGLE"
    rows, columns = view.pixels.shape
    dataset.FieldOfViewDimensions = [round(columns * view.spacing_mm), round(rows * view.spacing_mm)]
    dataset.FieldOfViewOrigin = ["0", "0"]
    dataset.FieldOfViewRotation = "0"
    dataset.FieldOfViewHorizontalFlip = "NO"
    dataset.ImagerPixelSpacing = [view.spacing_mm, view.spacing_mm]
    dataset.EstimatedRadiographicMagnificationFactor = 1.0


def _pixels(dataset: Dataset, view: View) -> None:
    rows, columns = view.pixels.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows = rows
    dataset.Columns = columns
    dataset.BitsAllocated = view.pixels.dtype.itemsize * 8
    dataset.BitsStored = view.bits_stored
    dataset.HighBit = view.bits_stored - 1
    dataset.PixelRepresentation = 0
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1
    dataset.RescaleIntercept = 0.0
    dataset.RescaleSlope = 1.0
    dataset.RescaleType = "US"
    dataset.PixelData = np.ascontiguousarray(view.pixels).tobytes()
