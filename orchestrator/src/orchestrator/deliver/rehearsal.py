"""A marked test patient sent to a destination, asked for and taken out again, before the first day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from orchestrator.deliver import prove, store
from orchestrator.deliver.reports import COMPREHENSIVE_3D_SR, COMPREHENSIVE_SR, ENHANCED_SR
from orchestrator.errors import WetreadError
from orchestrator.handoffs import JobKey, OrthancId, Rejection
from orchestrator.orthanc.remote import Reference
from wetread_contract.judgement import InstanceReference

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from orchestrator.deliver.retract import ComposeNote
    from orchestrator.orthanc.archive import Archive
    from orchestrator.orthanc.remote import Remote
    from orchestrator.settings.delivery import DestinationSettings

TEST_PATIENT = "WETREAD-TEST"
"""PatientID of the test patient; its name says that it is a test."""
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CLASSES = {
    "card (Secondary Capture)": SECONDARY_CAPTURE,
    "SR (Comprehensive 3D, 88.34)": COMPREHENSIVE_3D_SR,
    "SR (Comprehensive, 88.33)": COMPREHENSIVE_SR,
    "SR (Enhanced, 88.22)": ENHANCED_SR,
}
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
MAMMOGRAPHY_CAD_SR = "1.2.840.10008.5.1.4.1.1.88.50"
BY_WISH = {
    "seg": ("segmentation", SEGMENTATION),
    "cad": ("SR (Mammography CAD, 88.50)", MAMMOGRAPHY_CAD_SR),
}
"""Only where the destination's `objects` have them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check."""

    what: str
    good: bool
    said: str
    seen: bool = True
    """False: it could not be looked at, so that nobody knows whether it is good."""


def rehearse(
    archive: Archive, remote: Remote, destination: DestinationSettings, compose_note: ComposeNote, now: datetime
) -> list[Finding]:
    """Sends one object of each class, asks for each in both ways, and withdraws what honours that."""
    found = [_try("C-ECHO" if destination.kind == "dicom" else "answers", remote.echo)]
    if not found[0].good:
        return found
    sent: list[Reference] = []
    wished = {name: uid for kind, (name, uid) in BY_WISH.items() if kind in destination.objects}
    for name, sop_class_uid in (CLASSES | wished).items():
        reference, content = _object(sop_class_uid, now)
        orthanc_id = OrthancId("")

        def transfer(content: bytes = content) -> None:
            nonlocal orthanc_id
            orthanc_id = archive.store(content).orthanc_id
            remote.send(orthanc_id, lambda: True)

        line = _try(f"takes the {name}", transfer)
        if orthanc_id:
            store.remove(archive, [orthanc_id])
        found.append(line)
        sent += [reference] if line.good else []
    if sent:
        found.append(_shows("search (C-FIND or QIDO-RS) shows what was sent", remote.find, sent))
        if destination.kind == "dicom":
            commit = partial(remote.commit, within_s=prove.REPORT_WITHIN_S)
            found.append(_shows("storage commitment", commit, sent))
        found.append(_take_out(archive, remote, destination, compose_note, sent=sent, now=now))
    return found


def _shows(what: str, ask: Callable[[list[Reference]], frozenset[str]], sent: list[Reference]) -> Finding:
    try:
        shown = ask(sent)
    except WetreadError as error:
        return Finding(what, good=False, said=str(error))
    return Finding(what, good=len(shown) == len(sent), said=f"{len(shown)} of {len(sent)}")


def _take_out(
    archive: Archive,
    remote: Remote,
    destination: DestinationSettings,
    compose_note: ComposeNote,
    *,
    sent: list[Reference],
    now: datetime,
) -> Finding:
    """A rejection note where that is honoured; else a person has to delete the test patient."""
    by_hand = f"delete patient {TEST_PATIENT} there by hand, study {sent[0].study_instance_uid}"
    if not destination.honours_rejection_notes:
        return Finding("the test patient is out again", good=False, said=by_hand)
    header = _header(SECONDARY_CAPTURE, now)
    rejected = [
        InstanceReference(one.study_instance_uid, one.series_instance_uid, one.sop_class_uid, one.sop_instance_uid)
        for one in sent
    ]
    note = compose_note(Rejection(JobKey("0" * 64), header, rejected, "quality", now, UTC, 9099))

    def reject() -> None:
        orthanc_id = archive.store(note.content).orthanc_id
        try:
            remote.send(orthanc_id, lambda: True)
        finally:
            store.remove(archive, [orthanc_id])

    line = _try("takes a rejection note", reject)
    left = remote.find(sent) if line.good else frozenset({"all"})
    return line if not left else Finding("the test patient is out again", good=False, said=by_hand)


def _try(what: str, act: Callable[[], object]) -> Finding:
    try:
        act()
    except WetreadError as error:
        return Finding(what, good=False, said=str(error))
    return Finding(what, good=True, said="")


def _header(sop_class_uid: str, now: datetime) -> Dataset:
    dataset = Dataset()
    named = f"{now:%Y%m%d%H%M%S}"
    dataset.SOPClassUID = sop_class_uid
    dataset.PatientName, dataset.PatientID = "TEST^WETREAD DO NOT READ", TEST_PATIENT
    dataset.PatientBirthDate = dataset.PatientSex = dataset.ReferringPhysicianName = ""
    dataset.AccessionNumber, dataset.StudyID = "", "WETREAD-TEST"
    dataset.StudyDate, dataset.StudyTime = f"{now:%Y%m%d}", f"{now:%H%M%S}"
    dataset.StudyInstanceUID = _uid("rehearsal study", named)
    dataset.SeriesInstanceUID = _uid("rehearsal series", named, sop_class_uid)
    dataset.SOPInstanceUID = _uid("rehearsal", named, sop_class_uid)
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    dataset.Manufacturer, dataset.SeriesDescription = "Wetread", "Wetread test, delete me"
    dataset.ContentDate, dataset.ContentTime = dataset.StudyDate, dataset.StudyTime
    return dataset


def _object(sop_class_uid: str, now: datetime) -> tuple[Reference, bytes]:
    dataset = _header(sop_class_uid, now)
    if sop_class_uid == SECONDARY_CAPTURE:
        _fill_picture(dataset)
    elif sop_class_uid == SEGMENTATION:
        _fill_segmentation(dataset)
    else:
        _fill_report(dataset)
    reference = Reference(dataset.StudyInstanceUID, dataset.SeriesInstanceUID, sop_class_uid, dataset.SOPInstanceUID)
    return reference, _file(dataset)


def _fill_picture(dataset: Dataset) -> None:
    dataset.Modality, dataset.ConversionType = "OT", "SYN"
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = 16
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.add_new("PixelData", "OB", bytes(256))


def _fill_segmentation(dataset: Dataset) -> None:
    """One frame of 16 × 16 in which nothing is marked."""
    dataset.Modality, dataset.SegmentationType, dataset.NumberOfFrames = "SEG", "BINARY", 1
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = 16
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = dataset.PixelRepresentation = 0
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel, segment.SegmentAlgorithmType = 1, "test", "MANUAL"
    dataset.SegmentSequence = [segment]
    dataset.add_new("PixelData", "OB", bytes(32))


def _fill_report(dataset: Dataset) -> None:
    dataset.Modality = "SR"
    dataset.CompletionFlag, dataset.VerificationFlag = "PARTIAL", "UNVERIFIED"
    dataset.ReferencedPerformedProcedureStepSequence = dataset.PerformedProcedureCodeSequence = []
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
    title = Dataset()
    title.CodeValue, title.CodingSchemeDesignator, title.CodeMeaning = "126000", "DCM", "Imaging Measurement Report"
    dataset.ConceptNameCodeSequence = [title]


def _uid(*parts: str) -> str:
    """A UUID-derived UID (PS3.5 B.2) that follows from what it names."""
    return f"2.25.{int.from_bytes(sha256('/'.join(parts).encode()).digest()[:16], 'big')}"


def _file(dataset: Dataset) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()
