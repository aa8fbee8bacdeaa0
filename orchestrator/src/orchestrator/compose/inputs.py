"""The instances that a result rests on: names for people, references for machines."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from orchestrator.compose.value_rules import is_uid
from orchestrator.errors import ResultInvalid
from wetread_contract.findings import Scope, ScopeLevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wetread_contract.judgement import InstanceReference, SelectedInstance

LATERALITY_FACTS: Final = ("mg.laterality",)
"""The derived attributes that say which side an instance shows."""

_NAMING_FACTS: Final = ("mg.laterality", "mg.view")
_LONGEST_NAME: Final = 24


def refuse_invalid_references(selected: Sequence[SelectedInstance]) -> None:
    """Return if a result can refer to its inputs.

    Raises:
        ResultInvalid: there are none, or one has UIDs that are missing or invalid.
    """
    if not selected:
        raise ResultInvalid("a result without inputs cannot be composed")
    for number, instance in enumerate(selected, start=1):
        for name, uid in asdict(instance.reference).items():
            if not is_uid(uid):
                msg = f"{name} of input {number} is missing or not a UID: a result could not refer to it"
                raise ResultInvalid(msg)


def name_of(facts: Mapping[str, str], number: int) -> str:
    """`R CC` where the facts say so, else what they say, else `input 3`."""
    named = [facts[key] for key in _NAMING_FACTS if facts.get(key)] or [value for value in facts.values() if value][:2]
    return " ".join(named)[:_LONGEST_NAME] or f"input {number}"


def laterality_of(facts: Mapping[str, str]) -> str:
    """`L`, `R` or empty."""
    sides = [facts[key] for key in LATERALITY_FACTS if facts.get(key) in {"L", "R"}]
    return sides[0] if sides else ""


def inputs_of(scope: Scope, selected: Sequence[SelectedInstance]) -> tuple[InstanceReference, ...]:
    """The instances that a finding of this scope speaks of; none if it speaks of what was never sent."""
    return tuple(instance.reference for instance in selected if _is_within(scope, instance))


def _is_within(scope: Scope, instance: SelectedInstance) -> bool:
    match scope.level:
        case ScopeLevel.STUDY:
            return True
        case ScopeLevel.LATERALITY:
            return scope.laterality == "B" or laterality_of(instance.facts) == scope.laterality
        case ScopeLevel.SERIES:
            return instance.reference.series_instance_uid == scope.series_instance_uid
        case ScopeLevel.INSTANCE:
            return instance.reference.sop_instance_uid == scope.sop_instance_uid


def referenced_instance(reference: InstanceReference) -> Dataset:
    """An item with the two UIDs of the SOP Instance Reference Macro (PS3.3 10.8)."""
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    return item


def referenced_series(references: Iterable[InstanceReference], instances_keyword: str) -> list[Dataset]:
    """Items by series (PS3.3 10.4 and C.12.2); the instances go into the named sequence."""
    by_series: dict[str, list[Dataset]] = {}
    for reference in references:
        by_series.setdefault(reference.series_instance_uid, []).append(referenced_instance(reference))
    items = []
    for series_instance_uid, instances in by_series.items():
        item = Dataset()
        item.SeriesInstanceUID = series_instance_uid
        setattr(item, instances_keyword, instances)
        items.append(item)
    return items


def evidence(references: Sequence[InstanceReference]) -> list[Dataset]:
    """Current Requested Procedure Evidence Sequence: by study, then by series (PS3.3 C.17.2)."""
    items = []
    for study_instance_uid in dict.fromkeys(reference.study_instance_uid for reference in references):
        of_study = [each for each in references if each.study_instance_uid == study_instance_uid]
        item = Dataset()
        item.StudyInstanceUID = study_instance_uid
        item.ReferencedSeriesSequence = referenced_series(of_study, "ReferencedSOPSequence")
        items.append(item)
    return items
