"""Whether an object refers to inputs that exist, and names every one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.compose.check.reading import Item
    from orchestrator.handoffs import Replaced
    from wetread_contract.judgement import SelectedInstance

_EVIDENCE: Final = ("CurrentRequestedProcedureEvidenceSequence", "SourceImageSequence")
"""Where a report and a card name what they rest on."""

_OURS: Final = (
    *_EVIDENCE,
    "ReferencedSeriesSequence",
    "PerFrameFunctionalGroupsSequence",
    "ContentSequence",
)
"""Sequences whose references are ours; the copied ones (Referenced Study …) are the source's."""


def predecessor_faults(dataset: Item, replaced: Replaced | None) -> Iterator[str]:
    """Predecessors that are no reports of the replaced result, and reports of its class that are not named."""
    found = set(_references(dataset, "PredecessorDocumentsSequence"))
    before = {(each.sop_class_uid, each.sop_instance_uid) for each in replaced.reports} if replaced else set()
    if found != {each for each in before if each[0] == dataset.text("SOPClassUID")}:
        yield "PredecessorDocumentsSequence does not name exactly the replaced reports"


def reference_faults(dataset: Item, selected: Sequence[SelectedInstance]) -> Iterator[str]:
    """References to what was not an input, and inputs without a reference."""
    known = {(each.reference.sop_class_uid, each.reference.sop_instance_uid) for each in selected}
    for keyword in _OURS:
        unknown = set(_references(dataset, keyword)) - known
        if unknown:
            yield f"{keyword} refers to {len(unknown)} instance(s) that were no input"
    named = {reference for keyword in _EVIDENCE for reference in _references(dataset, keyword)}
    if known - named:
        yield f"{len(known - named)} input(s) are not named as evidence"


def _references(dataset: Item, keyword: str) -> Iterator[tuple[str, str]]:
    for item in dataset.items(keyword):
        yield from _references_within(item)


def _references_within(item: Item) -> Iterator[tuple[str, str]]:
    if "ReferencedSOPInstanceUID" in item:
        yield item.text("ReferencedSOPClassUID"), item.text("ReferencedSOPInstanceUID")
    for element in item.elements.values():
        for nested in element.items:
            yield from _references_within(nested)
