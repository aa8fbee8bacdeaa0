"""The report as mammography workstations read it: Mammography CAD SR with PS3.16 TID 4000.

    Mammography CAD Report (TID 4000)
    ├── Image Library (TID 4020): every input, with side and view
    ├── CAD Processing and Findings Summary (TID 4001)
    │   ├── Impression Description, algorithm (TID 4002): what holds for the whole result
    │   └── Individual Impression/Recommendation (TID 4003), one per scope
    │       └── Single Image Finding (TID 4006): Breast composition (TID 4007)
    ├── Summary of Detections: not attempted
    └── Summary of Analyses (TID 4016, 4018): breast composition analysis of which images

The templates are not extensible: what they have no row for is not in it. A side stands in words
(Impression Description), because no row of TID 4006 has it for a breast composition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose import codes, statements
from orchestrator.compose.cad_impressions import algorithm, impressions, unreported
from orchestrator.compose.content_items import (
    CONTAINS,
    HAS_ACQ_CONTEXT,
    HAS_CONCEPT_MOD,
    HAS_PROPERTIES,
    INFERRED_FROM,
    ByReference,
    Container,
    ContentItem,
    Image,
)
from orchestrator.compose.report_document import ReportClass, report_document
from orchestrator.handoffs import ObjectKind
from wetread_contract.findings import Findings, Unsuitable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition
    from wetread_contract.judgement import SelectedInstance

MAMMOGRAPHY_CAD_SR: Final = ReportClass(
    ObjectKind.CAD, "1.2.840.10008.5.1.4.1.1.88.50", codes.MAMMOGRAPHY_CAD_REPORT, "4000"
)

_MAMMOGRAMS: Final = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.1.2",
        "1.2.840.10008.5.1.4.1.1.1.2.1",
        "1.2.840.10008.5.1.4.1.1.13.1.3",
    }
)
"""Digital Mammography X-Ray Image for presentation and for processing, Breast Tomosynthesis Image."""

_IMAGE_LIBRARY: Final = (1, 2)
"""Place of the Image Library: the second item of the root, behind the language."""


def mammography_cad(composition: Composition, made: LocalTime, summary: str) -> Dataset | None:
    """The report without its own UIDs; None where TID 4000 has no place for the result. Raises `ResultInvalid`.

    That is: an input is no mammogram, or the model has said nothing of the breasts' composition.
    "Without findings" would be read as if it had looked for lesions.
    """
    answer = composition.prediction.answer
    if not {each.reference.sop_class_uid for each in composition.selected} <= _MAMMOGRAMS:
        return None
    found = impressions(composition, answer) if isinstance(answer, Findings) else ()
    if not found and not isinstance(answer, Unsuitable):
        return None
    content = (
        ContentItem(HAS_CONCEPT_MOD, codes.LANGUAGE, codes.ENGLISH),
        ContentItem(CONTAINS, codes.IMAGE_LIBRARY, Container(), tuple(map(_library_entry, composition.selected))),
        _findings_summary(composition, made, found),
        ContentItem(CONTAINS, codes.SUMMARY_OF_DETECTIONS, codes.NOT_ATTEMPTED),
        _summary_of_analyses(composition, succeeded=bool(found)),
    )
    return report_document(MAMMOGRAPHY_CAD_SR, composition, made, summary, content)


def _library_entry(instance: SelectedInstance) -> ContentItem:
    """TID 4020, as far as the inputs' derived attributes say what an image shows."""
    reference, facts = instance.reference, instance.facts
    said = (
        (codes.IMAGE_LATERALITY, codes.BREASTS.get(facts.get("mg.laterality", ""))),
        (codes.IMAGE_VIEW, codes.VIEWS.get(facts.get("mg.view", ""))),
    )
    context = tuple(ContentItem(HAS_ACQ_CONTEXT, name, value) for name, value in said if value is not None)
    return ContentItem(CONTAINS, None, Image(reference.sop_class_uid, reference.sop_instance_uid), context)


def _findings_summary(composition: Composition, made: LocalTime, found: tuple[ContentItem, ...]) -> ContentItem:
    """TID 4001 with the body of TID 4002."""
    status = codes.ALL_SUCCEEDED_WITH_FINDINGS if found else codes.NONE_SUCCEEDED
    said = "; ".join(_sentences(composition, made))
    description = ContentItem(HAS_PROPERTIES, codes.IMPRESSION_DESCRIPTION, said)
    content = (description, *algorithm(composition, complete=True), *found)
    return ContentItem(CONTAINS, codes.CAD_FINDINGS_SUMMARY, status, content)


def _sentences(composition: Composition, made: LocalTime) -> Iterator[str]:
    answer = composition.prediction.answer
    yield statements.preliminary(composition)
    if isinstance(answer, Unsuitable):
        yield answer.reason
    yield from statements.notices(composition)
    yield from (f"{label}: {sentence}" for label, sentence in statements.intent(composition))
    yield from (f"Not used: {line}" for line in statements.left_out(composition))
    said = (statements.outside_validation(composition), statements.replacement(composition, made))
    yield from filter(None, (*said, unreported(answer)))


def _summary_of_analyses(composition: Composition, *, succeeded: bool) -> ContentItem:
    """TID 4016: one analysis, and on which images of the library it worked (TID 4018)."""
    status = codes.SUCCEEDED if succeeded else codes.FAILED
    name = codes.SUCCESSFUL_ANALYSES if succeeded else codes.FAILED_ANALYSES
    images = tuple(
        ContentItem(HAS_PROPERTIES, None, ByReference((*_IMAGE_LIBRARY, number)))
        for number in range(1, len(composition.selected) + 1)
    )
    performed = ContentItem(
        CONTAINS, codes.ANALYSIS_PERFORMED, codes.BREAST_COMPOSITION_ANALYSIS, (*algorithm(composition), *images)
    )
    group = ContentItem(INFERRED_FROM, name, Container(), (performed,))
    return ContentItem(CONTAINS, codes.SUMMARY_OF_ANALYSES, status, (group,))
