"""A model's findings as measurement groups (PS3.16 TID 1501), one group per scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    CodedConcept,
    ContentSequence,
    FindingSite,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)

from orchestrator.compose import codes, statements
from orchestrator.compose.anatomy import body_part
from orchestrator.compose.inputs import inputs_of, name_of
from orchestrator.compose.provenance import parameters
from orchestrator.compose.uids import uid_for
from wetread_contract.findings import (
    WHOLE_STUDY,
    Classification,
    Finding,
    Findings,
    Quality,
    Scope,
    ScopeLevel,
    Text,
)
from wetread_contract.findings import Measurement as MeasurementFinding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition

_LEVELS = tuple(ScopeLevel)
_SIDES = {"L": "left", "R": "right", "B": "both sides"}


def measurement_groups(
    composition: Composition, findings: Findings, made: LocalTime
) -> list[MeasurementsAndQualitativeEvaluations]:
    """One group per scope: the study's first, which also holds the statements about the whole result."""
    by_scope: dict[Scope, list[Finding]] = {WHOLE_STUDY: []}
    for finding in findings.findings:
        by_scope.setdefault(finding.scope, []).append(finding)
    order = sorted(by_scope, key=lambda scope: _LEVELS.index(scope.level))
    groups = [_group(composition, scope, by_scope[scope]) for scope in order]
    for sentence in _sentences(composition, made):
        groups[0][0].ContentSequence.append(_comment(sentence))
    return groups


def _algorithm(composition: Composition, scope: Scope) -> AlgorithmIdentification:
    """TID 4019: what computed this; with all parameters in the study's group, where they are looked for."""
    return AlgorithmIdentification(
        name=composition.model.name,
        version=composition.model.version,
        parameters=parameters(composition) if scope == WHOLE_STUDY else None,
        family=codes.ARTIFICIAL_INTELLIGENCE,
        manufacturer=composition.declaration.manufacturer or None,
    )


def _sentences(composition: Composition, made: LocalTime) -> Iterator[str]:
    yield statements.preliminary(composition)
    yield from statements.notices(composition)
    yield from (f"{label}: {sentence}" for label, sentence in statements.intent(composition))
    yield from (f"Not used: {line}" for line in statements.left_out(composition))
    yield from filter(
        None,
        (
            statements.outside_validation(composition),
            statements.replacement(composition, made),
            statements.not_shown(composition),
        ),
    )


def _group(composition: Composition, scope: Scope, findings: list[Finding]) -> MeasurementsAndQualitativeEvaluations:
    name = f"{composition.declaration.title}, {_scope_name(composition, scope)}"
    parts = _parts(findings)
    site = _finding_site(composition, scope)
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=uid_for("tracking", composition.job_key, *_scope_key(scope)), identifier=name
        ),
        algorithm_id=_algorithm(composition, scope),
        finding_sites=[site] if site else None,
        measurements=parts.measurements,
        qualitative_evaluations=parts.evaluations,
        source_images=_source_images(composition, scope),
    )
    content = group[0].ContentSequence
    content.extend(parts.texts)
    if scope.laterality and site is None:
        content.append(
            CodeContentItem(
                codes.LATERALITY, codes.LATERALITIES[scope.laterality], RelationshipTypeValues.HAS_CONCEPT_MOD
            )
        )
    return group


@dataclass(frozen=True, slots=True)
class _Parts:
    measurements: list[Measurement]
    evaluations: list[QualitativeEvaluation]
    texts: list[TextContentItem]


def _parts(findings: list[Finding]) -> _Parts:
    parts = _Parts([], [], [])
    for finding in findings:
        match finding:
            case Classification():
                parts.evaluations.append(
                    QualitativeEvaluation(codes.concept(finding.concept), codes.concept(finding.chosen.code))
                )
                parts.measurements.extend(_scores(finding))
            case MeasurementFinding():
                parts.measurements.append(
                    Measurement(codes.concept(finding.concept), finding.value, codes.concept(finding.unit))
                )
            case Text():
                parts.texts.append(_text(codes.concept(finding.concept), finding.text))
            case Quality():
                parts.evaluations.append(_quality(finding))
    return parts


def _scores(finding: Classification) -> Iterator[Measurement]:
    """One number per category: a probability in per cent only if calibrated."""
    for scored in finding.scores:
        if finding.calibrated:
            number = Measurement(codes.PROBABILITY, _rounded(scored.score * 100), codes.PERCENT)
        else:
            number = Measurement(codes.MODEL_SCORE, _rounded(scored.score), codes.NO_UNITS)
        modifier = CodeContentItem(
            codes.concept(finding.concept), codes.concept(scored.category.code), RelationshipTypeValues.HAS_CONCEPT_MOD
        )
        number[0].ContentSequence = ContentSequence([modifier])
        yield number


def _rounded(value: float) -> float:
    """Six significant digits: more than any model knows, and at most 16 characters as DS."""
    return float(f"{value:.6g}")


def _quality(finding: Quality) -> QualitativeEvaluation:
    evaluation = QualitativeEvaluation(codes.concept(finding.concept), codes.QUALITY_VERDICTS[finding.verdict])
    if finding.reason:
        reason = TextContentItem(codes.COMMENT, finding.reason, RelationshipTypeValues.HAS_PROPERTIES)
        evaluation[0].ContentSequence = ContentSequence([reason])
    return evaluation


def _comment(sentence: str) -> TextContentItem:
    return _text(codes.COMMENT, sentence)


def _text(name: CodedConcept, text: str) -> TextContentItem:
    return TextContentItem(name, text, RelationshipTypeValues.CONTAINS)


def _source_images(composition: Composition, scope: Scope) -> list[SourceImageForMeasurementGroup]:
    return [
        SourceImageForMeasurementGroup(reference.sop_class_uid, reference.sop_instance_uid)
        for reference in inputs_of(scope, composition.selected)
    ]


def _finding_site(composition: Composition, scope: Scope) -> FindingSite | None:
    part = body_part(composition.source)
    return FindingSite(part.code, laterality=codes.LATERALITIES.get(scope.laterality)) if part else None


def _scope_key(scope: Scope) -> tuple[str, ...]:
    return (scope.level, scope.laterality, scope.series_instance_uid, scope.sop_instance_uid)


def _scope_name(composition: Composition, scope: Scope) -> str:
    match scope.level:
        case ScopeLevel.STUDY:
            return "study"
        case ScopeLevel.LATERALITY:
            return _SIDES[scope.laterality]
        case ScopeLevel.SERIES:
            return "series"
        case ScopeLevel.INSTANCE:
            return next(
                (
                    name_of(instance.facts, number)
                    for number, instance in enumerate(composition.selected, start=1)
                    if instance.reference.sop_instance_uid == scope.sop_instance_uid
                ),
                "instance",
            )
