"""What every report is around its content tree (PS3.3 C.17.1 to C.17.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from orchestrator.compose import codes
from orchestrator.compose.content_items import encoded_items
from orchestrator.compose.general_modules import new_object, series_description
from orchestrator.compose.inputs import evidence
from orchestrator.compose.part10 import raw_sequence, settle_character_set
from orchestrator.compose.source_values import character_set, tag_of
from orchestrator.handoffs import SERIES_OFFSETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.compose.content_items import ContentItem
    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition, ObjectKind
    from wetread_contract.findings import Code
    from wetread_contract.judgement import InstanceReference


@dataclass(frozen=True, slots=True)
class ReportClass:
    """A SOP class with the root template that we write in it."""

    kind: ObjectKind
    sop_class_uid: str
    title: Code
    template: str
    """Identifier in PS3.16: `1500`."""


def report_document(
    report_class: ReportClass, composition: Composition, made: LocalTime, summary: str, content: Sequence[ContentItem]
) -> Dataset:
    """The report without its own UIDs, in a character set that holds all of it. Raises `ResultInvalid`."""
    dataset = new_object(composition, made, report_class.sop_class_uid)
    dataset.Modality = "SR"
    dataset.SeriesNumber = composition.settings.series_number + SERIES_OFFSETS[report_class.kind]
    dataset.SeriesDescription = series_description(composition, summary)
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.CompletionFlag = "COMPLETE"
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.PreliminaryFlag = "PRELIMINARY"
    dataset.PerformedProcedureCodeSequence = []
    dataset.CurrentRequestedProcedureEvidenceSequence = evidence(
        [instance.reference for instance in composition.selected]
    )
    predecessors = predecessors_of(composition, report_class.sop_class_uid)
    if predecessors:
        dataset.PredecessorDocumentsSequence = evidence(predecessors)
    dataset.CodingSchemeIdentificationSequence = [_own_coding_scheme()]
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "CONTINUOUS"
    dataset.ConceptNameCodeSequence = [codes.concept(report_class.title)]
    dataset.ContentTemplateSequence = [_template(report_class.template)]
    settle_character_set(
        dataset, character_set(composition.source), [text for item in content for text in item.texts()]
    )
    tag = tag_of("ContentSequence")
    dataset[tag] = raw_sequence(tag, encoded_items(content, character_set(dataset)))
    return dataset


def predecessors_of(composition: Composition, sop_class_uid: str) -> list[InstanceReference]:
    """The replaced result's reports of this class, of which this one is a new version (PS3.3 C.17.2)."""
    before = composition.replaces.reports if composition.replaces else ()
    return [report for report in before if report.sop_class_uid == sop_class_uid]


def _template(identifier: str) -> Dataset:
    item = Dataset()
    item.MappingResource, item.TemplateIdentifier = "DCMR", identifier
    return item


def _own_coding_scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator = codes.OWN_SCHEME
    item.CodingSchemeName = codes.OWN_SCHEME_NAME
    return item
