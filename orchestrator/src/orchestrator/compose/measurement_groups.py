"""A model's findings as measurement groups (PS3.16 TID 1501), one group per scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.compose import codes, statements
from orchestrator.compose.anatomy import body_part
from orchestrator.compose.content_items import (
    CONTAINS,
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    HAS_PROPERTIES,
    Container,
    ContentItem,
    Image,
    Number,
    Uid,
)
from orchestrator.compose.inputs import inputs_of, name_of
from orchestrator.compose.provenance import parameters
from orchestrator.compose.uids import uid_for
from wetread_contract.findings import (
    WHOLE_STUDY,
    Classification,
    Finding,
    Findings,
    Measurement,
    Quality,
    Scope,
    ScopeLevel,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition

_LEVELS = tuple(ScopeLevel)
_SIDES = {"L": "left", "R": "right", "B": "both sides"}


def measurement_groups(composition: Composition, findings: Findings, made: LocalTime) -> Iterator[ContentItem]:
    """One group per scope: the study's first, which also holds the statements about the whole result."""
    by_scope: dict[Scope, list[Finding]] = {WHOLE_STUDY: []}
    for finding in findings.findings:
        by_scope.setdefault(finding.scope, []).append(finding)
    comments = [_comment(sentence) for sentence in _sentences(composition, made)]
    for number, scope in enumerate(sorted(by_scope, key=lambda scope: _LEVELS.index(scope.level))):
        content = (*_group(composition, scope, by_scope[scope]), *(() if number else comments))
        yield ContentItem(CONTAINS, codes.MEASUREMENT_GROUP, Container("1501"), content)


def _algorithm(composition: Composition, scope: Scope) -> Iterator[ContentItem]:
    """TID 4019: what computed this; with all parameters in the study's group, where they are looked for."""
    model, manufacturer = composition.model, composition.declaration.manufacturer
    yield ContentItem(HAS_CONCEPT_MOD, codes.ALGORITHM_NAME, model.name)
    yield ContentItem(HAS_CONCEPT_MOD, codes.ALGORITHM_VERSION, model.version)
    if manufacturer:
        yield ContentItem(HAS_CONCEPT_MOD, codes.ALGORITHM_MANUFACTURER, manufacturer)
    for line in parameters(composition) if scope == WHOLE_STUDY else ():
        yield ContentItem(HAS_CONCEPT_MOD, codes.ALGORITHM_PARAMETERS, line)
    yield ContentItem(HAS_CONCEPT_MOD, codes.ALGORITHM_FAMILY, codes.ARTIFICIAL_INTELLIGENCE)


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


def _group(composition: Composition, scope: Scope, findings: list[Finding]) -> Iterator[ContentItem]:
    """The content of TID 1501, in the order of its rows; texts behind it."""
    name = f"{composition.declaration.title}, {_scope_name(composition, scope)}"
    uid = uid_for("tracking", composition.job_key, *_scope_key(scope))
    site = _finding_site(composition, scope)
    parts = _parts(findings)
    yield ContentItem(HAS_OBS_CONTEXT, codes.TRACKING_IDENTIFIER, name)
    yield ContentItem(HAS_OBS_CONTEXT, codes.TRACKING_UNIQUE_IDENTIFIER, Uid(uid))
    if site is not None:
        yield site
    yield from _algorithm(composition, scope)
    yield from parts.measurements
    yield from parts.evaluations
    yield from _source_images(composition, scope)
    yield from parts.texts
    if site is None:
        yield from _laterality(scope)


@dataclass(frozen=True, slots=True)
class _Parts:
    measurements: list[ContentItem]
    evaluations: list[ContentItem]
    texts: list[ContentItem]


def _parts(findings: list[Finding]) -> _Parts:
    parts = _Parts([], [], [])
    for finding in findings:
        match finding:
            case Classification():
                parts.evaluations.append(ContentItem(CONTAINS, finding.concept, finding.chosen.code))
                parts.measurements.extend(_scores(finding))
            case Measurement():
                parts.measurements.append(ContentItem(CONTAINS, finding.concept, Number(finding.value, finding.unit)))
            case Text():
                parts.texts.append(ContentItem(CONTAINS, finding.concept, finding.text))
            case Quality():
                parts.evaluations.append(_quality(finding))
    return parts


def _scores(finding: Classification) -> Iterator[ContentItem]:
    """One number per category: a probability in per cent only if calibrated."""
    for scored in finding.scores:
        category = ContentItem(HAS_CONCEPT_MOD, finding.concept, scored.category.code)
        if finding.calibrated:
            percent = Number(_rounded(scored.score * 100), codes.PERCENT)
            yield ContentItem(CONTAINS, codes.PROBABILITY, percent, (category,))
        else:
            number = Number(_rounded(scored.score), codes.NO_UNITS)
            yield ContentItem(CONTAINS, codes.MODEL_SCORE, number, (category,))


def _rounded(value: float) -> float:
    """Six significant digits: more than any model knows, and at most 16 characters as DS."""
    return float(f"{value:.6g}")


def _quality(finding: Quality) -> ContentItem:
    reason = (ContentItem(HAS_PROPERTIES, codes.COMMENT, finding.reason),) if finding.reason else ()
    return ContentItem(CONTAINS, finding.concept, codes.QUALITY_VERDICTS[finding.verdict], reason)


def _comment(sentence: str) -> ContentItem:
    return ContentItem(CONTAINS, codes.COMMENT, sentence)


def _source_images(composition: Composition, scope: Scope) -> Iterator[ContentItem]:
    for reference in inputs_of(scope, composition.selected):
        image = Image(reference.sop_class_uid, reference.sop_instance_uid)
        yield ContentItem(CONTAINS, codes.SOURCE_OF_MEASUREMENT, image)


def _finding_site(composition: Composition, scope: Scope) -> ContentItem | None:
    part = body_part(composition.source)
    if part is None:
        return None
    return ContentItem(HAS_CONCEPT_MOD, codes.FINDING_SITE, part.code, tuple(_laterality(scope)))


def _laterality(scope: Scope) -> Iterator[ContentItem]:
    if scope.laterality:
        yield ContentItem(HAS_CONCEPT_MOD, codes.LATERALITY, codes.LATERALITIES[scope.laterality])


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
