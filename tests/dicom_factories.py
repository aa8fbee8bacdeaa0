"""Synthetic DICOM for every test: small, valid by default, of patients that nobody can take for real.

    exam = four_view_study()
    exam = four_view_study(person=JAPANESE, bits_stored=14, transfer_syntax=RLELossless)
    ct = ct_slice(missing=("AccessionNumber",), PatientSex="X")

Every factory takes the options of `Options` by keyword and, as further keywords, attributes that are
set last. UIDs follow from the names of what they belong to, so a test that fails fails again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID, uuid5

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MAMMOGRAPHY_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
MAMMOGRAPHY_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
BREAST_TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"

STANDARD_VIEWS = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))

Option = Any
"""An option of `Options`, or the value of an attribute."""

_NAMESPACE = UUID("f2a5c1de-0000-4000-8000-77657472656d")
_VIEW_CODES = {
    "CC": ("399162004", "cranio-caudal"),
    "MLO": ("399368009", "medio-lateral oblique"),
    "ML": ("399260004", "medio-lateral"),
    "LM": ("399352003", "latero-medial"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A patient that does not exist, and the character set that the name is written in."""

    name: str = "WETREAD^SYNTHETIC"
    patient_id: str = "WETREAD-SYNTHETIC-1"
    character_set: tuple[str, ...] = ()


NOBODY = Person()
LATIN_1 = Person("WÄTRÉAD^SYNTHÈTIQUE", "WETREAD-SYNTHETIC-2", ("ISO_IR 100",))
GREEK = Person("ΣΥΝΘΕΤΙΚΟΣ^ΔΟΚΙΜΗ", "WETREAD-SYNTHETIC-3", ("ISO_IR 126",))
CYRILLIC = Person("СИНТЕТИЧЕСКИЙ^ТЕСТ", "WETREAD-SYNTHETIC-4", ("ISO_IR 144",))
JAPANESE = Person("GOUSEI^TESUTO=合成^試験=ごうせい^てすと", "WETREAD-SYNTHETIC-5", ("", "ISO 2022 IR 87"))
KOREAN = Person("HAPSEONG^SIHEOM=合成^試驗=합성^시험", "WETREAD-SYNTHETIC-6", ("", "ISO 2022 IR 149"))
UNICODE = Person("SYNTHETISCH^ŁĄŻ", "WETREAD-SYNTHETIC-7", ("ISO_IR 192",))
CHINESE = Person("HECHENG^CESHI=合成^测试", "WETREAD-SYNTHETIC-8", ("GB18030",))
PERSONS = (NOBODY, LATIN_1, GREEK, CYRILLIC, JAPANESE, KOREAN, UNICODE, CHINESE)


@dataclass(frozen=True, slots=True)
class Options:
    """What can be different about any image."""

    study: str = "study"
    """Names the study; another name is another StudyInstanceUID."""
    series: str = "series"
    number: int = 1
    """Instance number; with study and series it gives the SOPInstanceUID."""
    person: Person = NOBODY
    rows: int = 64
    columns: int = 48
    bits_stored: int = 12
    photometric_interpretation: str = "MONOCHROME2"
    transfer_syntax: UID = ExplicitVRLittleEndian
    missing: tuple[str, ...] = ()
    """Keywords of attributes that are left out at last."""
    attributes: dict[str, Any] = field(default_factory=dict)


def synthetic_uid(*names: str) -> str:
    """The same names give the same UID."""
    return f"2.25.{uuid5(_NAMESPACE, '/'.join(names)).int}"


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    """An item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def mammogram(laterality: str = "R", view: str = "CC", *, for_processing: bool = False, **options: Option) -> Dataset:
    """A Digital Mammography X-Ray Image; `for_processing=True` for the raw one."""
    chosen = _options({"series": f"{laterality} {view}", **options})
    dataset = _image(chosen, MAMMOGRAPHY_FOR_PROCESSING if for_processing else MAMMOGRAPHY_FOR_PRESENTATION, "MG")
    dataset.PresentationIntentType = "FOR PROCESSING" if for_processing else "FOR PRESENTATION"
    dataset.ImageType = ["ORIGINAL", "PRIMARY"] if for_processing else ["DERIVED", "PRIMARY"]
    _say_what_is_shown(dataset, laterality, view)
    _say_how_it_was_exposed(dataset, chosen)
    dataset.PixelIntensityRelationship = "LIN" if for_processing else "LOG"
    if not for_processing:
        dataset.WindowCenter, dataset.WindowWidth = 1 << (chosen.bits_stored - 1), 1 << chosen.bits_stored
    return _finished(dataset, chosen)


def _say_what_is_shown(dataset: Dataset, laterality: str, view: str) -> None:
    dataset.ImageLaterality = laterality
    dataset.ViewPosition = view
    dataset.ViewCodeSequence = [_view_code(view)]
    dataset.BodyPartExamined = "BREAST"


def _say_how_it_was_exposed(dataset: Dataset, options: Options) -> None:
    """What the DX and mammography modules require (PS3.3 C.8.11)."""
    inverse = options.photometric_interpretation == "MONOCHROME1"
    dataset.AnatomicRegionSequence = [coded("76752008", "SCT", "Breast")]
    dataset.ImagerPixelSpacing = [0.1, 0.1]
    dataset.OrganExposed = "BREAST"
    dataset.PositionerType = "MAMMOGRAPHIC"
    dataset.DetectorType = "DIRECT"
    dataset.PixelIntensityRelationshipSign = 1 if inverse else -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
    dataset.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
    dataset.LossyImageCompression = "00"
    dataset.BurnedInAnnotation = "NO"
    dataset.AcquisitionContextSequence = []


def four_view_study(**options: Option) -> list[Dataset]:
    """R CC, L CC, R MLO, L MLO, each in a series of its own, as most systems send them."""
    return [
        mammogram(laterality, view, **{"number": number, **options})
        for number, (laterality, view) in enumerate(STANDARD_VIEWS, start=1)
    ]


def ct_slice(**options: Option) -> Dataset:
    """An axial CT image."""
    chosen = _options({"series": "axial", **options})
    dataset = _image(chosen, CT_IMAGE, "CT")
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.BodyPartExamined = "CHEST"
    dataset.PatientPosition = "HFS"
    dataset.FrameOfReferenceUID = synthetic_uid(chosen.study, "frame of reference")
    dataset.PositionReferenceIndicator = ""
    dataset.ImagePositionPatient = [0, 0, 5 * chosen.number]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [0.7, 0.7]
    dataset.SliceThickness = 5
    dataset.KVP = 120
    dataset.AcquisitionNumber = 1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = -1024, 1, "HU"
    return _finished(dataset, chosen)


def ct_series(slices: int = 3, **options: Option) -> list[Dataset]:
    """So many adjacent slices."""
    return [ct_slice(**{"number": number, **options}) for number in range(1, slices + 1)]


def multi_frame(frames: int, **options: Option) -> Dataset:
    """The headers of an image of so many frames, each with its place in functional groups (PS3.3 C.7.6.16)."""
    dataset = mammogram(**{"NumberOfFrames": frames, "SOPClassUID": BREAST_TOMOSYNTHESIS, **options})
    dataset.FrameOfReferenceUID = synthetic_uid("frame of reference", dataset.SOPInstanceUID)
    measures, orientation, shared = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.1, 0.1], 1
    orientation.ImageOrientationPatient = [0, -1, 0, 0, 0, -1]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [_place(number) for number in range(frames)]
    return dataset


def _place(number: int) -> Dataset:
    position, item = Dataset(), Dataset()
    position.ImagePositionPatient = [float(number), 0, 0]
    item.PlanePositionSequence = [position]
    return item


def secondary_capture(**options: Option) -> Dataset:
    """Somebody else's Secondary Capture, 8 bit."""
    chosen = _options({"series": "captured", "bits_stored": 8, **options})
    dataset = _image(chosen, SECONDARY_CAPTURE, "OT")
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.ConversionType = "WSD"
    dataset.Laterality = ""
    return _finished(dataset, chosen)


def structured_report(**options: Option) -> Dataset:
    """Somebody else's Basic Text SR."""
    chosen = _options({"series": "report", **options})
    dataset = _document(chosen, BASIC_TEXT_SR, "SR")
    dataset.CompletionFlag, dataset.VerificationFlag = "COMPLETE", "UNVERIFIED"
    dataset.PerformedProcedureCodeSequence = []
    dataset.ConceptNameCodeSequence = [coded("121070", "DCM", "Findings")]
    dataset.ContentSequence = [_text_item("121071", "Finding", "Synthetic text")]
    return _finished(dataset, chosen)


def key_object_selection(*instances: Dataset, title: tuple[str, str, str], **options: Option) -> Dataset:
    """A note that names these instances; with title 113001, 113037, 113038 or 113039 it rejects them."""
    chosen = _options({"series": "key objects", **options})
    dataset = _document(chosen, KEY_OBJECT_SELECTION, "KO")
    dataset.ConceptNameCodeSequence = [coded(*title)]
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "2010"
    dataset.ContentTemplateSequence = [template]
    dataset.CurrentRequestedProcedureEvidenceSequence = [_evidence(instances)]
    dataset.ContentSequence = [_image_item(instance) for instance in instances]
    return _finished(dataset, chosen)


def as_file(dataset: Dataset) -> bytes:
    """The dataset as a DICOM file in the transfer syntax that it was made for."""
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def headers_of(dataset: Dataset) -> Dataset:
    """As a reader sees it that stops before the pixels: elements still raw, in the file's character set."""
    return dcmread(BytesIO(as_file(dataset)), stop_before_pixels=True)


def _options(given: dict[str, Any]) -> Options:
    names = set(Options.__dataclass_fields__) - {"attributes"}
    known = {name: value for name, value in given.items() if name in names}
    return replace(Options(), **known, attributes={name: value for name, value in given.items() if name not in names})


def _common(options: Options, sop_class_uid: str, modality: str) -> Dataset:
    dataset = Dataset()
    if any(options.person.character_set):
        dataset.SpecificCharacterSet = list(options.person.character_set)
    dataset.SOPClassUID = sop_class_uid
    dataset.SOPInstanceUID = synthetic_uid(options.study, options.series, str(options.number))
    dataset.SeriesInstanceUID = synthetic_uid(options.study, options.series)
    dataset.StudyInstanceUID = synthetic_uid(options.study)
    _say_who(dataset, options.person)
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20260302", "091500", "1"
    dataset.AccessionNumber = "WETREAD-ACC-1"
    dataset.ReferringPhysicianName = ""
    dataset.Modality = modality
    dataset.SeriesNumber, dataset.InstanceNumber = 1, options.number
    dataset.SeriesDate, dataset.SeriesTime = "20260302", "091600"
    dataset.ContentDate, dataset.ContentTime = "20260302", f"0917{options.number % 60:02d}"
    dataset.Manufacturer, dataset.ManufacturerModelName = "Synthetic Devices", "Phantom 1"
    return dataset


def _say_who(dataset: Dataset, person: Person) -> None:
    dataset.PatientName, dataset.PatientID = person.name, person.patient_id
    dataset.IssuerOfPatientID = "WETREAD-TESTS"
    dataset.PatientBirthDate, dataset.PatientSex, dataset.PatientAge = "19700101", "F", "056Y"


def _image(options: Options, sop_class_uid: str, modality: str) -> Dataset:
    dataset = _common(options, sop_class_uid, modality)
    dataset.AcquisitionDate, dataset.AcquisitionTime = dataset.ContentDate, dataset.ContentTime
    dataset.PatientOrientation = ["P", "L"]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = options.photometric_interpretation
    dataset.Rows, dataset.Columns = options.rows, options.columns
    dataset.BitsAllocated = 8 if options.bits_stored <= 8 else 16
    dataset.BitsStored, dataset.HighBit = options.bits_stored, options.bits_stored - 1
    dataset.PixelRepresentation = 0
    _put_pixels(dataset, _gradient(options), options.transfer_syntax)
    return dataset


def _document(options: Options, sop_class_uid: str, modality: str) -> Dataset:
    dataset = _common(options, sop_class_uid, modality)
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
    return dataset


def _gradient(options: Options) -> np.ndarray[Any, np.dtype[Any]]:
    """(rows, columns), brighter to the right; dark in MONOCHROME2 is bright in MONOCHROME1."""
    top = (1 << options.bits_stored) - 1
    ramp = np.linspace(0, top, options.columns)
    values = top - ramp if options.photometric_interpretation == "MONOCHROME1" else ramp
    return np.tile(values, (options.rows, 1)).astype(np.uint8 if options.bits_stored <= 8 else np.uint16)


def _put_pixels(dataset: Dataset, pixels: np.ndarray[Any, np.dtype[Any]], transfer_syntax: UID) -> None:
    if transfer_syntax == RLELossless:
        dataset.compress(RLELossless, pixels, generate_instance_uid=False)
    elif transfer_syntax in {JPEGBaseline8Bit, JPEG2000Lossless}:
        dataset.PixelData = encapsulate([_jpeg(pixels, transfer_syntax)])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    else:
        order: Literal["<", ">"] = ">" if transfer_syntax == ExplicitVRBigEndian else "<"
        dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
        dataset["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"


def _jpeg(pixels: np.ndarray[Any, np.dtype[Any]], transfer_syntax: UID) -> bytes:
    """JPEG baseline needs `bits_stored=8`."""
    file = BytesIO()
    kind = "JPEG" if transfer_syntax == JPEGBaseline8Bit else "JPEG2000"
    Image.fromarray(pixels).save(file, kind, **({} if kind == "JPEG" else {"irreversible": False, "no_jp2": True}))
    return file.getvalue()


def _view_code(view: str) -> Dataset:
    value, meaning = _VIEW_CODES[view]
    item = coded(value, "SCT", meaning)
    item.ViewModifierCodeSequence = []
    return item


def _text_item(value: str, meaning: str, text: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "TEXT"
    item.ConceptNameCodeSequence = [coded(value, "DCM", meaning)]
    item.TextValue = text
    return item


def _image_item(instance: Dataset) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
    item.ReferencedSOPSequence = [_reference(instance)]
    return item


def _reference(instance: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = instance.SOPClassUID, instance.SOPInstanceUID
    return item


def _evidence(instances: tuple[Dataset, ...]) -> Dataset:
    study = Dataset()
    study.StudyInstanceUID = instances[0].StudyInstanceUID
    study.ReferencedSeriesSequence = list(_series_items(instances))
    return study


def _series_items(instances: tuple[Dataset, ...]) -> Iterator[Dataset]:
    for series_instance_uid in dict.fromkeys(instance.SeriesInstanceUID for instance in instances):
        item = Dataset()
        item.SeriesInstanceUID = series_instance_uid
        item.ReferencedSOPSequence = [
            _reference(instance) for instance in instances if instance.SeriesInstanceUID == series_instance_uid
        ]
        yield item


def _finished(dataset: Dataset, options: Options) -> Dataset:
    for keyword, value in options.attributes.items():
        setattr(dataset, keyword, value)
    for keyword in options.missing:
        if keyword in dataset:
            delattr(dataset, keyword)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = options.transfer_syntax
    dataset.file_meta = meta
    if options.transfer_syntax == ImplicitVRLittleEndian:
        dataset.set_original_encoding(is_implicit_vr=True, is_little_endian=True)
    return dataset
