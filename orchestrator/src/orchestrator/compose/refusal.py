"""How a report says that a study could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compose import codes
from wetread_contract.findings import Findings, Quality, Unsuitable, Verdict

if TYPE_CHECKING:
    from wetread_contract.findings import Answer


def reported(answer: Answer) -> Findings:
    """The findings of a report: the model's, or that the study is unacceptable and why."""
    if isinstance(answer, Unsuitable):
        return Findings((Quality(codes.SUITABILITY, Verdict.UNACCEPTABLE, answer.reason),))
    return answer
