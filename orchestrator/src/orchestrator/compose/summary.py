"""The result in a word or two: for lists, for "replaces", and for the card's large letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wetread_contract.findings import Classification, Finding, Findings, Measurement, ScopeLevel, Unsuitable

if TYPE_CHECKING:
    from wetread_contract.findings import Answer

_LONGEST: Final = 48


def summary(answer: Answer) -> str:
    """`C`; `R B, L C` where nothing speaks of the whole study; `unsuitable`; else that one has to read."""
    if isinstance(answer, Unsuitable):
        return "unsuitable"
    for level in ScopeLevel:
        words = [_words(finding) for finding in answer.findings if finding.scope.level is level]
        said = ", ".join(word for word in words if word)
        if said:
            return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 3]}..."
    return "see report"


def _words(finding: Finding) -> str:
    side = f"{finding.scope.laterality} " if finding.scope.laterality else ""
    match finding:
        case Classification():
            return f"{side}{finding.chosen.label}"
        case Measurement():
            return f"{side}{amount(finding)}"
        case _:
            return ""


def amount(finding: Measurement) -> str:
    """`12.25 mm`; a number without unit stands alone."""
    unit = "" if finding.unit.value == "1" else f" {finding.unit.value.strip('{}')}"
    return f"{finding.value:.6g}{unit}"


def headline(findings: Findings) -> Classification | Measurement | None:
    """What the card shows largest: the study's first classification, else its first measurement, else nothing."""
    of_study = [finding for finding in findings.findings if finding.scope.level is ScopeLevel.STUDY]
    for kind in (Classification, Measurement):
        for finding in of_study:
            if isinstance(finding, kind):
                return finding
    return None
