"""What answers are counted by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.telemetry import metrics
from wetread_contract.findings import Classification, Unsuitable

if TYPE_CHECKING:
    from pydicom import Dataset

    from wetread_contract.findings import Answer


def count(model: str, answer: Answer, source: Dataset | None) -> None:
    """Counts an answer by category, and by the scanner that the study came from: an upgraded one shows there."""
    unsuitable = isinstance(answer, Unsuitable)
    if not isinstance(answer, Unsuitable):
        chosen = [finding.chosen.label for finding in answer.findings if isinstance(finding, Classification)]
        metrics.PREDICTIONS.labels(*metrics.CATEGORIES(model, chosen[0] if chosen else "")).inc()
    if source is not None:
        scanner = metrics.SCANNERS(str(source.get("StationName", "")), str(source.get("SoftwareVersions", "")))
        metrics.SUITABILITY.labels(model, *scanner, "unsuitable" if unsuitable else "read").inc()
