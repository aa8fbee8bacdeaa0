"""What answers are counted by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.jobs import judgements, ledger
from orchestrator.telemetry import metrics
from wetread_contract.findings import Classification, Unsuitable

if TYPE_CHECKING:
    from pydicom import Dataset

    from orchestrator.pipeline.tools import Tools
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


def stored(tools: Tools, job: ledger.Job) -> float:
    """Counts how long a result has taken to be stored; seconds since its study was noticed."""
    now = tools.clock()
    elapsed_s = (now - job.noticed_at).total_seconds()
    metrics.RESULT.labels(job.model.name).observe(elapsed_s)
    if not ledger.taken_up_again(job):
        with tools.database.read() as connection:
            last = judgements.last_instance_at(connection, job.study, job.key)
        begun = last or job.noticed_at  # begun early, no content is recorded yet: since we heard of its last instance
        metrics.STORED.labels(job.model.name).observe((now - begun).total_seconds())
    return elapsed_s
