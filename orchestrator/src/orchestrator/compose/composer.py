"""One prediction becomes the objects that are stored: the card, the masks, and the reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compose.card import draw_card
from orchestrator.compose.check import refuse_invalid
from orchestrator.compose.inputs import refuse_invalid_references
from orchestrator.compose.local_time import local_time
from orchestrator.compose.mammography_cad import mammography_cad
from orchestrator.compose.part10 import settle_character_set
from orchestrator.compose.refusal import reported
from orchestrator.compose.sealing import sealed
from orchestrator.compose.secondary_capture import secondary_capture
from orchestrator.compose.segmentation import segmentations
from orchestrator.compose.source_values import character_set
from orchestrator.compose.structured_report import structured_report
from orchestrator.compose.summary import summary
from orchestrator.handoffs import ComposedResult, Composition, ObjectKind

if TYPE_CHECKING:
    from pydicom import Dataset

    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import ComposedObject


def compose(composition: Composition) -> ComposedResult:
    """Card, masks and reports, checked; equal compositions give identical bytes.

    An answer that the input is unsuitable makes card and report: they say what was missing.

    Raises:
        ResultInvalid: the source cannot carry a result, or an object fails its check. Nothing of
            the result may be stored then.
    """
    refuse_invalid_references(composition.selected)
    made = local_time(composition.prediction.received_at, composition.source, composition.settings.timezone)
    words = summary(composition.prediction.answer)
    objects = sealed(composition.job_key, ObjectKind.CARD, _pages(composition, made, words))
    for segmentation in segmentations(composition, made, words):
        settle_character_set(segmentation, character_set(composition.source))
        objects += sealed(composition.job_key, ObjectKind.SEGMENTATION, [segmentation])
    objects += _reports(composition, made, words)
    for composed in objects:
        refuse_invalid(composed, composition)
    return ComposedResult(objects, words)


def _reports(composition: Composition, made: LocalTime, words: str) -> tuple[ComposedObject, ...]:
    """The reports that the site wants; TID 1500, which can say everything, where another cannot be made.

    TID 1500 is the last: once it is stored, everything is.
    """
    wanted, key = composition.settings.reports, composition.job_key
    cad = mammography_cad(composition, made, words) if "cad" in wanted else None
    made_so_far = () if cad is None else sealed(key, ObjectKind.CAD, [cad])
    if "sr" not in wanted and made_so_far:
        return made_so_far
    report = structured_report(composition, reported(composition.prediction.answer), made, words)
    return (*made_so_far, *sealed(key, ObjectKind.REPORT, [report]))


def _pages(composition: Composition, made: LocalTime, words: str) -> list[Dataset]:
    pages = [
        secondary_capture(composition, page, number, made, words)
        for number, page in enumerate(draw_card(composition, made), start=1)
    ]
    for page in pages:
        settle_character_set(page, character_set(composition.source))
    return pages
