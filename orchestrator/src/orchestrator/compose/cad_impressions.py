"""Breast composition as Individual Impressions of a Mammography CAD SR (PS3.16 TID 4003, 4006, 4007)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose import codes
from orchestrator.compose.content_items import (
    CONTAINS,
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    HAS_PROPERTIES,
    INFERRED_FROM,
    Container,
    ContentItem,
    Number,
    Uid,
)
from orchestrator.compose.inputs import name_of
from orchestrator.compose.provenance import parameters
from orchestrator.compose.summary import amount
from orchestrator.compose.uids import uid_for
from wetread_contract.findings import Classification, Findings, Measurement, ScopeLevel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.handoffs import Composition
    from wetread_contract.findings import Answer, Code, Finding, Scope

_BREAST_COMPOSITION: Final = frozenset({("SCT", "129715009"), ("SRT", "F-01710")})
_CATEGORIES: Final = frozenset(
    {("SCT", value) for value in ("129716005", "129717001", "129718006", "129719003")}
    | {("SRT", value) for value in ("F-01711", "F-01712", "F-01713", "F-01714")}
)
"""CID 6000, which are the BI-RADS categories a to d of CID 6001; SRT is what older models say."""

_PERCENT_DENSITY: Final = (("DCM", "111046"), ("UCUM", "%"))
"""Concept and unit of a percentage of fibroglandular tissue."""

_BREASTS: Final = {"L": "left breast", "R": "right breast", "B": "both breasts"}


def impressions(composition: Composition, findings: Findings) -> tuple[ContentItem, ...]:
    """One container per scope that the model has said a breast composition of, the study's first."""
    by_scope: dict[Scope, list[Finding]] = {}
    for finding in findings.findings:
        if _is_breast_composition(finding):
            by_scope.setdefault(finding.scope, []).append(finding)
    order = sorted(by_scope, key=lambda scope: list(ScopeLevel).index(scope.level))
    return tuple(_impression(composition, scope, by_scope[scope]) for scope in order)


def unreported(answer: Answer) -> str:
    """How many findings TID 4000 has no place for; else empty."""
    findings = answer.findings if isinstance(answer, Findings) else ()
    count = sum(not _is_breast_composition(finding) for finding in findings)
    return f"{count} other finding(s) of the model are not part of this object" if count else ""


def algorithm(composition: Composition, *, complete: bool = False) -> tuple[ContentItem, ...]:
    """TID 4019 as properties; with all parameters where it is `complete`."""
    model = composition.model
    said = [(codes.ALGORITHM_NAME, model.name), (codes.ALGORITHM_VERSION, model.version)]
    if complete:
        said += [(codes.ALGORITHM_PARAMETERS, line) for line in parameters(composition)]
    return tuple(ContentItem(HAS_PROPERTIES, name, text) for name, text in said)


def _is_breast_composition(finding: Finding) -> bool:
    match finding:
        case Classification():
            return _key(finding.concept) in _BREAST_COMPOSITION and _key(finding.chosen.code) in _CATEGORIES
        case Measurement():
            return (_key(finding.concept), _key(finding.unit)) == _PERCENT_DENSITY
        case _:
            return False


def _key(code: Code) -> tuple[str, str]:
    return (code.scheme, code.value)


def _impression(composition: Composition, scope: Scope, findings: list[Finding]) -> ContentItem:
    """TID 4003 with the body of TID 4002: of what it speaks stands in words."""
    name = _name(composition, scope)
    said = ", ".join(filter(None, map(_words, findings)))
    content = (
        ContentItem(HAS_CONCEPT_MOD, codes.RENDERING_INTENT, codes.PRESENTATION_OPTIONAL),
        ContentItem(CONTAINS, codes.IMPRESSION_DESCRIPTION, f"{name}: {said}"),
        ContentItem(
            CONTAINS,
            codes.SINGLE_IMAGE_FINDING,
            codes.BREAST_COMPOSITION,
            tuple(_finding(composition, scope, findings, name)),
        ),
    )
    return ContentItem(INFERRED_FROM, codes.INDIVIDUAL_IMPRESSION, Container(), content)


def _name(composition: Composition, scope: Scope) -> str:
    """`right breast`, `R CC`, `study`."""
    if scope.level is ScopeLevel.INSTANCE:
        for number, instance in enumerate(composition.selected, start=1):
            if instance.reference.sop_instance_uid == scope.sop_instance_uid:
                return name_of(instance.facts, number)
    return _BREASTS.get(scope.laterality, str(scope.level))


def _words(finding: Finding) -> str:
    match finding:
        case Classification():
            return f"{finding.chosen.code.meaning} ({finding.chosen.label})"
        case Measurement():
            return amount(finding)
        case _:
            return ""


def _finding(composition: Composition, scope: Scope, findings: list[Finding], name: str) -> Iterator[ContentItem]:
    """What TID 4006 says of a breast composition, with TID 4108 and 4007."""
    uid = uid_for("cad finding", composition.job_key, scope.level, scope.laterality, scope.sop_instance_uid)
    yield ContentItem(HAS_CONCEPT_MOD, codes.RENDERING_INTENT, codes.PRESENTATION_OPTIONAL)
    yield ContentItem(HAS_OBS_CONTEXT, codes.TRACKING_IDENTIFIER, name)
    yield ContentItem(HAS_OBS_CONTEXT, codes.TRACKING_UNIQUE_IDENTIFIER, Uid(uid))
    yield from algorithm(composition)
    graded = next((finding for finding in findings if isinstance(finding, Classification)), None)
    measured = next((finding for finding in findings if isinstance(finding, Measurement)), None)
    if graded is not None:
        yield from _certainty(graded)
        yield ContentItem(HAS_PROPERTIES, codes.BREAST_COMPOSITION, graded.chosen.code)
    if measured is not None:
        yield _percentage(codes.PERCENT_FIBROGLANDULAR_TISSUE, measured.value)


def _certainty(finding: Classification) -> Iterator[ContentItem]:
    """Only of calibrated scores: others are no percentages."""
    if finding.calibrated:
        for scored in finding.scores:
            if scored.category == finding.chosen:
                yield _percentage(codes.CERTAINTY_OF_FINDING, scored.score * 100)


def _percentage(name: Code, value: float) -> ContentItem:
    """Six significant digits."""
    return ContentItem(HAS_PROPERTIES, name, Number(float(f"{value:.6g}"), codes.PERCENT))
