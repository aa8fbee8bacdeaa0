"""A rejection note: a Key Object Selection that withdraws results where they have been sent (IHE IOCM)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from highdicom.sr import CodedConcept
from pydicom import Dataset

from orchestrator.compose.identity import copied_attributes
from orchestrator.compose.inputs import evidence, referenced_instance
from orchestrator.compose.local_time import local_time
from orchestrator.compose.part10 import settle_character_set
from orchestrator.compose.provenance import MANUFACTURER
from orchestrator.compose.sealing import sealed
from orchestrator.compose.source_values import character_set
from orchestrator.compose.uids import PLACEHOLDER_UID
from orchestrator.handoffs import ObjectKind

if TYPE_CHECKING:
    from orchestrator.handoffs import ComposedObject, Rejection
    from wetread_contract.judgement import InstanceReference

SOP_CLASS_UID: Final = "1.2.840.10008.5.1.4.1.1.88.59"
"""Key Object Selection Document Storage."""

TITLES: Final = {
    "quality": CodedConcept("113001", "DCM", "Rejected for Quality Reasons"),
    "safety": CodedConcept("113037", "DCM", "Rejected for Patient Safety Reasons"),
    "worklist": CodedConcept("113038", "DCM", "Incorrect Modality Worklist Entry"),
}
"""CID 7011; `retention expired` is not ours to say."""

_COMPOSITE: Final = "COMPOSITE"
_IMAGE: Final = "IMAGE"
_REPORTS: Final = "1.2.840.10008.5.1.4.1.1.88."


def rejection_note(rejection: Rejection) -> ComposedObject:
    """The note as a file; the same rejection gives the same bytes. Raises `ResultInvalid`."""
    made = local_time(rejection.decided_at, rejection.source, rejection.timezone)
    note = copied_attributes(rejection.source)
    note.SOPClassUID = SOP_CLASS_UID
    note.SOPInstanceUID = note.SeriesInstanceUID = PLACEHOLDER_UID
    note.Modality = "KO"
    note.SeriesNumber, note.InstanceNumber = rejection.series_number, 1
    note.SeriesDescription = "Wetread: results withdrawn"
    note.Manufacturer = MANUFACTURER
    note.TimezoneOffsetFromUTC = made.offset
    note.SeriesDate = note.ContentDate = note.InstanceCreationDate = made.date
    note.SeriesTime = note.ContentTime = note.InstanceCreationTime = made.time
    note.ReferencedPerformedProcedureStepSequence = []
    note.CurrentRequestedProcedureEvidenceSequence = evidence(list(rejection.rejected))
    note.ValueType, note.ContinuityOfContent = "CONTAINER", "SEPARATE"
    note.ConceptNameCodeSequence = [TITLES[rejection.title]]
    note.ContentTemplateSequence = [_template()]
    note.ContentSequence = [_item(reference) for reference in rejection.rejected]
    settle_character_set(note, character_set(rejection.source))
    (composed,) = sealed(rejection.job_key, ObjectKind.NOTE, [note])
    return composed


def _template() -> Dataset:
    """TID 2010 Key Object Selection."""
    item = Dataset()
    item.MappingResource, item.TemplateIdentifier = "DCMR", "2010"
    return item


def _item(reference: InstanceReference) -> Dataset:
    item = Dataset()
    item.RelationshipType = "CONTAINS"
    item.ValueType = _COMPOSITE if reference.sop_class_uid.startswith(_REPORTS) else _IMAGE
    item.ReferencedSOPSequence = [referenced_instance(reference)]
    return item
