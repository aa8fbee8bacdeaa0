"""Findings to and from `wetread/v1/findings.proto`: the only module that knows both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wetread.v1 import findings_pb2, model_pb2
from wetread_contract.findings import (
    Answer,
    Category,
    CategoryScore,
    Classification,
    Code,
    Finding,
    Findings,
    MaskPlane,
    Measurement,
    Quality,
    Region,
    Scope,
    ScopeLevel,
    Segmentation,
    Shape,
    Text,
    Unsuitable,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_LEVELS = {
    findings_pb2.Scope.STUDY: ScopeLevel.STUDY,
    findings_pb2.Scope.LATERALITY: ScopeLevel.LATERALITY,
    findings_pb2.Scope.SERIES: ScopeLevel.SERIES,
    findings_pb2.Scope.INSTANCE: ScopeLevel.INSTANCE,
}
_VERDICTS = {
    findings_pb2.Quality.ACCEPTABLE: Verdict.ACCEPTABLE,
    findings_pb2.Quality.LIMITED: Verdict.LIMITED,
    findings_pb2.Quality.UNACCEPTABLE: Verdict.UNACCEPTABLE,
}
_SHAPES = {
    findings_pb2.Region.POINT: Shape.POINT,
    findings_pb2.Region.POLYLINE: Shape.POLYLINE,
    findings_pb2.Region.ELLIPSE: Shape.ELLIPSE,
}
_LEVEL_NUMBERS = {level: number for number, level in _LEVELS.items()}
_VERDICT_NUMBERS = {verdict: number for number, verdict in _VERDICTS.items()}
_SHAPE_NUMBERS = {shape: number for number, shape in _SHAPES.items()}


def answer_to_proto(answer: Answer, *, inference_s: float, weights_sha256: str) -> model_pb2.PredictResponse:
    """The answer as the model service sends it."""
    response = model_pb2.PredictResponse(inference_s=inference_s, weights_sha256=weights_sha256)
    if isinstance(answer, Unsuitable):
        response.unsuitable.code = answer.code
        response.unsuitable.reason = answer.reason
        return response
    response.prediction.SetInParent()
    response.prediction.notices.extend(answer.notices)
    response.prediction.findings.extend(finding_to_proto(finding) for finding in answer.findings)
    return response


def answer_from_proto(response: model_pb2.PredictResponse) -> Answer:
    """The answer as frozen values. Raises `ValueError` for one that breaks the contract."""
    match response.WhichOneof("result"):
        case "unsuitable":
            return Unsuitable(response.unsuitable.code, response.unsuitable.reason)
        case "prediction":
            return Findings(
                tuple(finding_from_proto(finding) for finding in response.prediction.findings),
                tuple(response.prediction.notices),
            )
        case _:
            msg = "the answer holds neither a prediction nor the reason why there is none"
            raise ValueError(msg)


def finding_to_proto(finding: Finding) -> findings_pb2.Finding:
    """One finding as a message."""
    message = findings_pb2.Finding(scope=_scope_to_proto(finding.scope))
    match finding:
        case Classification():
            message.classification.CopyFrom(_classification_to_proto(finding))
        case Measurement():
            message.measurement.CopyFrom(
                findings_pb2.Measurement(
                    concept=_code_to_proto(finding.concept), value=finding.value, unit=_code_to_proto(finding.unit)
                )
            )
        case Text():
            message.text.CopyFrom(findings_pb2.Text(concept=_code_to_proto(finding.concept), text=finding.text))
        case Quality():
            message.quality.CopyFrom(
                findings_pb2.Quality(
                    concept=_code_to_proto(finding.concept),
                    verdict=_VERDICT_NUMBERS[finding.verdict],
                    reason=finding.reason,
                )
            )
        case Region():
            message.region.CopyFrom(_region_to_proto(finding))
        case Segmentation():
            message.segmentation.CopyFrom(_segmentation_to_proto(finding))
    return message


def finding_from_proto(message: findings_pb2.Finding) -> Finding:
    """One finding as a frozen value. Raises `ValueError` for one that breaks the contract."""
    kind = message.WhichOneof("kind")
    if kind is None:
        msg = "a finding without content"
        raise ValueError(msg)
    return _READERS[kind](message, _scope_from_proto(message.scope))


def _code_to_proto(code: Code) -> findings_pb2.Code:
    return findings_pb2.Code(value=code.value, scheme=code.scheme, meaning=code.meaning)


def _code_from_proto(message: findings_pb2.Code) -> Code:
    return Code(message.value, message.scheme, message.meaning)


def _scope_to_proto(scope: Scope) -> findings_pb2.Scope:
    return findings_pb2.Scope(
        level=_LEVEL_NUMBERS[scope.level],
        laterality=scope.laterality,
        series_instance_uid=scope.series_instance_uid,
        sop_instance_uid=scope.sop_instance_uid,
    )


def _scope_from_proto(message: findings_pb2.Scope) -> Scope:
    if message.level not in _LEVELS:
        msg = "a finding without the level of its scope"
        raise ValueError(msg)
    return Scope(_LEVELS[message.level], message.laterality, message.series_instance_uid, message.sop_instance_uid)


def _category_to_proto(category: Category) -> findings_pb2.Category:
    return findings_pb2.Category(code=_code_to_proto(category.code), label=category.label)


def _category_from_proto(message: findings_pb2.Category) -> Category:
    return Category(_code_from_proto(message.code), message.label)


def _classification_to_proto(finding: Classification) -> findings_pb2.Classification:
    return findings_pb2.Classification(
        concept=_code_to_proto(finding.concept),
        chosen=_category_to_proto(finding.chosen),
        scores=[
            findings_pb2.CategoryScore(category=_category_to_proto(scored.category), score=scored.score)
            for scored in finding.scores
        ],
        calibrated=finding.calibrated,
    )


def _classification_from_proto(message: findings_pb2.Finding, scope: Scope) -> Classification:
    found = message.classification
    return Classification(
        _code_from_proto(found.concept),
        _category_from_proto(found.chosen),
        tuple(CategoryScore(_category_from_proto(scored.category), scored.score) for scored in found.scores),
        found.calibrated,
        scope,
    )


def _measurement_from_proto(message: findings_pb2.Finding, scope: Scope) -> Measurement:
    found = message.measurement
    return Measurement(_code_from_proto(found.concept), found.value, _code_from_proto(found.unit), scope)


def _text_from_proto(message: findings_pb2.Finding, scope: Scope) -> Text:
    return Text(_code_from_proto(message.text.concept), message.text.text, scope)


def _quality_from_proto(message: findings_pb2.Finding, scope: Scope) -> Quality:
    found = message.quality
    if found.verdict not in _VERDICTS:
        msg = "a quality finding without a verdict"
        raise ValueError(msg)
    return Quality(_code_from_proto(found.concept), _VERDICTS[found.verdict], found.reason, scope)


def _region_to_proto(finding: Region) -> findings_pb2.Region:
    return findings_pb2.Region(
        concept=_code_to_proto(finding.concept),
        shape=_SHAPE_NUMBERS[finding.shape],
        points=[number for point in finding.points for number in point],
        frame=finding.frame,
        score=finding.score,
        label=finding.label,
    )


def _region_from_proto(message: findings_pb2.Finding, scope: Scope) -> Region:
    found = message.region
    if found.shape not in _SHAPES or len(found.points) % 2:
        msg = "a region needs a shape and pairs of column and row"
        raise ValueError(msg)
    points = tuple(zip(found.points[::2], found.points[1::2], strict=True))
    return Region(
        _code_from_proto(found.concept), _SHAPES[found.shape], points, scope, found.frame, found.score, found.label
    )


def _segmentation_to_proto(finding: Segmentation) -> findings_pb2.Segmentation:
    return findings_pb2.Segmentation(
        category=_code_to_proto(finding.category),
        type=_code_to_proto(finding.type),
        label=finding.label,
        planes=[
            findings_pb2.MaskPlane(
                sop_instance_uid=plane.sop_instance_uid,
                frame=plane.frame,
                rows=plane.rows,
                columns=plane.columns,
                bits=plane.bits,
            )
            for plane in finding.planes
        ],
    )


def _segmentation_from_proto(message: findings_pb2.Finding, scope: Scope) -> Segmentation:
    found = message.segmentation
    return Segmentation(
        _code_from_proto(found.category),
        _code_from_proto(found.type),
        found.label,
        tuple(
            MaskPlane(plane.sop_instance_uid, plane.rows, plane.columns, plane.bits, plane.frame)
            for plane in found.planes
        ),
        scope,
    )


_READERS: dict[str, Callable[[findings_pb2.Finding, Scope], Finding]] = {
    "classification": _classification_from_proto,
    "measurement": _measurement_from_proto,
    "text": _text_from_proto,
    "quality": _quality_from_proto,
    "region": _region_from_proto,
    "segmentation": _segmentation_from_proto,
}
