"""What a real orchestrator and a real model say at /metrics after work, linted by Prometheus' own tool."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import requests
from bench.model import answer
from demo.services import Orchestrator
from prometheus_client import generate_latest
from tests.dicom_factories import as_file, four_view_study
from tests.e2e.chain import model_settings, unique
from tests.fakes.models import Answering
from tests.promtool import follows_conventions

from wetread_sdk.serving import running

if TYPE_CHECKING:
    from pathlib import Path

    from demo.orthanc import Orthanc

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SAID = {
    "wetread_events_total",
    "wetread_decisions_total",
    "wetread_jobs",
    "wetread_queue_depth",
    "wetread_oldest_job_seconds",
    "wetread_predictions_total",
    "wetread_suitability_total",
    "wetread_sent_bytes_total",
    "wetread_inference_seconds_bucket",
    "wetread_result_seconds_bucket",
    "wetread_stored_seconds_bucket",
    "wetread_model_endpoints",
    "wetread_model_breakers_open",
    "wetread_disk_free_bytes",
}
"""What one study leaves; deliveries, misses and retries need others."""
SAID_BY_A_MODEL = {
    "wetread_model_info",
    "wetread_model_calls",
    "wetread_model_queue_depth",
    "wetread_model_inference_seconds_bucket",
    "wetread_model_received_bytes_total",
    "wetread_model_answers_total",
}


def _samples(exposition: bytes) -> set[str]:
    return set(re.findall(r"^(wetread_\w+)", exposition.decode(), re.MULTILINE))


def test_metrics_after_a_study_are_there_and_follow_prometheus_conventions(
    own_orthanc: Orthanc, tmp_path: Path
) -> None:
    with running(Answering(lambda _: answer()), model_settings(tmp_path, 0)) as model:
        orchestrator = Orchestrator(tmp_path / "orchestrator", own_orthanc, (model.address,))
        try:
            events = orchestrator.start()
            events.wait_for("model_registered")
            for dataset in four_view_study(study=unique()):
                own_orthanc.archive.upload(as_file(dataset))
            events.wait_for("result_stored")
            page = requests.get(f"http://127.0.0.1:{orchestrator.web_port}/metrics", timeout=30)
        finally:
            orchestrator.stop()
        of_model = generate_latest(model.registry)
    page.raise_for_status()

    assert _samples(page.content) >= SAID
    assert _samples(of_model) >= SAID_BY_A_MODEL
    follows_conventions(page.content)
    follows_conventions(of_model)
