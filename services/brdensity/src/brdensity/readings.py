"""What a network read in a study, as findings for the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from brdensity.grades import BREAST_COMPOSITION, GRADES
from brdensity.grading import Scores, most_likely
from wetread_sdk import (
    CategoryScore,
    Classification,
    Code,
    Finding,
    Findings,
    Quality,
    Scope,
    ScopeLevel,
    Text,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from brdensity.views import View
    from wetread_sdk import Instance

COMMENT = Code("121106", "DCM", "Comment")
QUALITY_FINDING = Code("111052", "DCM", "Quality Finding")

SIDES = {"L": "left", "R": "right"}

DISAGREEMENT = 2
"""Grades between the two views of one breast from which on their mean says little."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The scores of a study, and of its parts where the network looks at parts."""

    study: Scores
    denser: str = ""
    """The side that decided; empty where the network sees all views at once."""
    breasts: Mapping[str, Scores] = field(default_factory=dict)
    views: Mapping[View, Scores] = field(default_factory=dict)


def findings(reading: Reading, instances: Mapping[View, Instance], notices: tuple[str, ...]) -> Findings:
    """The findings of one study: whole, then each breast, then each view, then what is to be said about them."""
    found: list[Finding] = [_classification(reading.study, Scope())]
    for side, scores in sorted(reading.breasts.items()):
        found.append(_classification(scores, Scope(ScopeLevel.LATERALITY, side)))
    for view, scores in reading.views.items():
        found.append(_classification(scores, _scope(view, instances[view])))
    found.append(Text(COMMENT, _sentence(reading)))
    found.extend(_disagreements(reading))
    return Findings(tuple(found), notices)


def _classification(scores: Scores, scope: Scope) -> Classification:
    """Never calibrated: neither set of weights was, on data of a kind that is sent here."""
    scored = tuple(CategoryScore(grade, score) for grade, score in zip(GRADES, scores, strict=True))
    return Classification(BREAST_COMPOSITION, GRADES[most_likely(scores)], scored, calibrated=False, scope=scope)


def _scope(view: View, instance: Instance) -> Scope:
    reference = instance.reference
    return Scope(ScopeLevel.INSTANCE, view[0], reference.series_instance_uid, reference.sop_instance_uid)


def _sentence(reading: Reading) -> str:
    grade = _label(reading.study)
    if not reading.breasts:
        return f"Density grade {grade}, from all four views together; no grade per breast."
    each = ", ".join(f"{SIDES[side]} {_label(scores)}" for side, scores in sorted(reading.breasts.items()))
    return f"Density grade {grade}: that of the denser breast ({SIDES[reading.denser]}). By breast: {each}."


def _disagreements(reading: Reading) -> list[Quality]:
    found = []
    for side in sorted(reading.breasts):
        labels = {view[1]: most_likely(scores) for view, scores in reading.views.items() if view[0] == side}
        if max(labels.values()) - min(labels.values()) >= DISAGREEMENT:
            read = ", ".join(f"{position} {GRADES[index].label}" for position, index in labels.items())
            reason = f"the views of the {SIDES[side]} breast disagree: {read}"
            found.append(Quality(QUALITY_FINDING, Verdict.LIMITED, reason, Scope(ScopeLevel.LATERALITY, side)))
    return found


def _label(scores: Scores) -> str:
    return GRADES[most_likely(scores)].label
