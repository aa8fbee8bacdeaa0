"""The result in a word or two: for lists, for "replaces", and for the card's large letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wetread_contract.findings import Classification, Finding, Findings, Measurement, ScopeLevel, Unsuitable

if TYPE_CHECKING:
    from wetread_contract.findings import Answer

_LONGEST: Final = 48


def summary(answer: Answer) -> str:
    """`C`; `R B, L C` where nothing speaks of the whole study; `unsuitable`; `no finding`."""
    if isinstance(answer, Unsuitable):
        return "unsuitable"
    for level in ScopeLevel:
        words = [_words(finding) for finding in answer.findings if finding.scope.level is level]
        said = ", ".join(word for word in words if word)
        if said:
            return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 3]}..."
    return "no finding"


def _words(finding: Finding) -> str:
    side = f"{finding.scope.laterality} " if finding.scope.laterality else ""
    match finding:
        case Classification():
            return f"{side}{finding.chosen.label}"
        case Measurement():
            return f"{side}{finding.value:g} {finding.unit.meaning}"
        case _:
            return ""


def headline(findings: Findings) -> Classification | None:
    """The classification of the whole study, if there is one: the first."""
    for finding in findings.findings:
        if isinstance(finding, Classification) and finding.scope.level is ScopeLevel.STUDY:
            return finding
    return None
