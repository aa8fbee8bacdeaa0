"""The report: a Comprehensive 3D SR with the Imaging Measurement Report of PS3.16 TID 1500."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose import codes
from orchestrator.compose.content_items import (
    CONTAINS,
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    Container,
    ContentItem,
    Uid,
)
from orchestrator.compose.measurement_groups import measurement_groups
from orchestrator.compose.provenance import MANUFACTURER, device_uid
from orchestrator.compose.report_document import ReportClass, report_document
from orchestrator.compose.source_values import sequence_items, text_of
from orchestrator.handoffs import ObjectKind
from wetread_contract.findings import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition
    from wetread_contract.findings import Findings

COMPREHENSIVE_3D_SR: Final = ReportClass(
    ObjectKind.REPORT, "1.2.840.10008.5.1.4.1.1.88.34", codes.IMAGING_MEASUREMENT_REPORT, "1500"
)


def structured_report(composition: Composition, findings: Findings, made: LocalTime, summary: str) -> Dataset:
    """The report without its own UIDs, in a character set that holds all of it. Raises `ResultInvalid`."""
    content = tuple(_content(composition, findings, made))
    return report_document(COMPREHENSIVE_3D_SR, composition, made, summary, content)


def _content(composition: Composition, findings: Findings, made: LocalTime) -> Iterator[ContentItem]:
    """TID 1500: language, observer, procedure, and all measurements in one container."""
    yield ContentItem(HAS_CONCEPT_MOD, codes.LANGUAGE, codes.ENGLISH)
    yield from _observation_context(composition)
    for procedure in _procedures_reported(composition.source):
        yield ContentItem(HAS_CONCEPT_MOD, codes.PROCEDURE_REPORTED, procedure)
    groups = tuple(measurement_groups(composition, findings, made))
    yield ContentItem(CONTAINS, codes.IMAGING_MEASUREMENTS, Container(), groups)


def _observation_context(composition: Composition) -> Iterator[ContentItem]:
    """TID 1001, 1004: the model as the device that observed."""
    model = composition.model
    for name, value in (
        (codes.OBSERVER_TYPE, codes.DEVICE),
        (codes.DEVICE_OBSERVER_UID, Uid(device_uid(model))),
        (codes.DEVICE_OBSERVER_NAME, MANUFACTURER),
        (codes.DEVICE_OBSERVER_MANUFACTURER, composition.declaration.manufacturer or MANUFACTURER),
        (codes.DEVICE_OBSERVER_MODEL_NAME, f"{model.name} {model.version}"),
    ):
        yield ContentItem(HAS_OBS_CONTEXT, name, value)


def _procedures_reported(source: Dataset) -> list[Code]:
    """The imaging procedure: the source's codes, else what its modality tells and no more."""
    found = [code for item in sequence_items(source, "ProcedureCodeSequence") if (code := _code(item)) is not None]
    return found or [codes.PROCEDURES_BY_MODALITY.get(text_of(source, "Modality"), codes.IMAGING)]


def _code(item: Dataset) -> Code | None:
    """The code of an item; None for one that is incomplete, or breaks the limits of its parts."""
    try:
        return Code(text_of(item, "CodeValue"), text_of(item, "CodingSchemeDesignator"), text_of(item, "CodeMeaning"))
    except ValueError:
        return None
