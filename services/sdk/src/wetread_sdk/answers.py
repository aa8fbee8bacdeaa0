"""Whether an answer can go out: what the types of `wetread_contract.findings` cannot see by themselves."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from wetread_contract.findings import Answer, Classification, Findings, Measurement, Segmentation, Unsuitable
from wetread_sdk.refusals import ModelFailed

if TYPE_CHECKING:
    from wetread_contract.findings import Finding
    from wetread_sdk.study import Study

CODE = re.compile(r"[a-z0-9_]{1,64}")
"""`Unsuitable.code`: it becomes the value of a metric's label."""


def checked(answer: object, study: Study) -> Answer:
    """The answer, if it keeps the contract and speaks of this study only; else raises `ModelFailed`."""
    match answer:
        case Unsuitable():
            if not CODE.fullmatch(answer.code) or not answer.reason:
                raise ModelFailed("the answer is Unsuitable without a code of [a-z0-9_] and a reason")
            return answer
        case Findings():
            if not answer.findings:
                raise ModelFailed("the answer holds no finding; what cannot be read is Unsuitable")
            for finding in answer.findings:
                _check(finding, study)
            return answer
        case _:
            raise ModelFailed(f"predict returned {type(answer).__name__}, neither Findings nor Unsuitable")


def _check(finding: Finding, study: Study) -> None:
    if isinstance(finding, Measurement) and not math.isfinite(finding.value):
        raise ModelFailed(f"the measurement {finding.concept.meaning!r} is no number")
    instances = {instance.reference.sop_instance_uid for instance in study.instances}
    series = {instance.reference.series_instance_uid for instance in study.instances}
    named = {finding.scope.sop_instance_uid} - {""}
    if isinstance(finding, Segmentation):
        named |= {plane.sop_instance_uid for plane in finding.planes}
    if not named <= instances or not {finding.scope.series_instance_uid} - {""} <= series:
        raise ModelFailed("a finding speaks of an instance or series that was not sent")


def category(answer: Answer) -> str:
    """The label of the study's first classification, the code of what is unsuitable, or nothing: for metrics."""
    if isinstance(answer, Unsuitable):
        return answer.code
    chosen = [each.chosen.label for each in answer.findings if isinstance(each, Classification)]
    return chosen[0] if chosen else ""
