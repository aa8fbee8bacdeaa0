"""The report: a Comprehensive 3D SR with the Imaging Measurement Report of PS3.16 TID 1500.

highdicom builds the content tree. The document around it is ours, because highdicom's own reads the
clock, copies nine of the patient's and study's attributes and refuses sources with an odd birth date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from highdicom.sr import (
    CodedConcept,
    DeviceObserverIdentifyingAttributes,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
)
from pydicom.dataset import Dataset

from orchestrator.compose import codes
from orchestrator.compose.general_modules import new_object, series_description
from orchestrator.compose.inputs import evidence
from orchestrator.compose.measurement_groups import measurement_groups
from orchestrator.compose.provenance import MANUFACTURER, device_uid
from orchestrator.compose.source_values import sequence_items, text_of

if TYPE_CHECKING:
    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition
    from wetread_contract.findings import Findings

SOP_CLASS_UID: Final = "1.2.840.10008.5.1.4.1.1.88.34"
"""Comprehensive 3D SR Storage."""


def structured_report(composition: Composition, findings: Findings, made: LocalTime, summary: str) -> Dataset:
    """The report without its own UIDs."""
    dataset = new_object(composition, made, SOP_CLASS_UID)
    dataset.Modality = "SR"
    dataset.SeriesNumber = composition.settings.series_number + 1
    dataset.SeriesDescription = series_description(composition, summary)
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.CompletionFlag = "COMPLETE"
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.PreliminaryFlag = "PRELIMINARY"
    dataset.PerformedProcedureCodeSequence = []
    dataset.CurrentRequestedProcedureEvidenceSequence = evidence(
        [instance.reference for instance in composition.selected]
    )
    dataset.CodingSchemeIdentificationSequence = [_own_coding_scheme()]
    dataset.update(_content(composition, findings, made))
    return dataset


def _content(composition: Composition, findings: Findings, made: LocalTime) -> Dataset:
    report = MeasurementReport(
        observation_context=_observation_context(composition),
        procedure_reported=_procedures_reported(composition.source),
        imaging_measurements=measurement_groups(composition, findings, made),
    )
    root: Dataset = report[0]
    return root


def _observation_context(composition: Composition) -> ObservationContext:
    model = composition.model
    device = DeviceObserverIdentifyingAttributes(
        uid=device_uid(model),
        name=MANUFACTURER,
        manufacturer_name=composition.declaration.manufacturer or MANUFACTURER,
        model_name=f"{model.name} {model.version}",
    )
    return ObservationContext(observer_device_context=ObserverContext(codes.DEVICE, device))


def _procedures_reported(source: Dataset) -> list[CodedConcept]:
    """The imaging procedure: the source's codes, else what its modality tells and no more."""
    found = [
        CodedConcept(
            value=text_of(item, "CodeValue"),
            scheme_designator=text_of(item, "CodingSchemeDesignator"),
            meaning=text_of(item, "CodeMeaning"),
        )
        for item in sequence_items(source, "ProcedureCodeSequence")
        if _is_plain_code(item)
    ]
    return found or [codes.PROCEDURES_BY_MODALITY.get(text_of(source, "Modality"), codes.IMAGING)]


def _is_plain_code(item: Dataset) -> bool:
    return all(text_of(item, keyword) for keyword in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"))


def _own_coding_scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator = codes.OWN_SCHEME
    item.CodingSchemeName = codes.OWN_SCHEME_NAME
    return item
