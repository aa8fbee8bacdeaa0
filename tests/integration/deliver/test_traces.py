"""One trace for one job, through both processes, seen by a collector that decodes what they send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from bench.measures import stack
from demo.following import short
from demo.waiting import until
from tests.delivery_chain import make_known
from tests.dicom_factories import as_file, four_view_study
from tests.fakes.collector import Collector
from tests.integration.deliver.test_whole_chain import wetread

if TYPE_CHECKING:
    from pathlib import Path

    from tests.delivery_chain import Pacs
    from tests.fakes.collector import Span

pytestmark = pytest.mark.integration

PARTS = {"judge", "predict", "Predict", "receive", "infer", "compose", "store", "deliver"}


def test_a_job_is_one_trace_through_orchestrator_and_model_and_names_no_person(
    tmp_path: Path, pacs: Pacs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        with stack(tmp_path) as running:
            site_file = running.orchestrator.site_file
            site = yaml.safe_load(site_file.read_text(encoding="utf-8"))
            site["destinations"] = {"PACS": {"test": True}}
            site["delivery"] = {"remote": "PACS", "study_date_within": "9000d", "quiet": 0}
            site_file.write_text(yaml.safe_dump(site), encoding="utf-8")
            events = running.start()
            make_known(running.orthanc, "PACS", "PACS", pacs.orthanc.dicom_port)
            name = running.orthanc.settings.ae_title
            make_known(pacs.orthanc, name, name, running.orthanc.dicom_port)
            views = four_view_study(study="traced", PatientName="Lovelace^Ada", PatientID="AL-1815")
            for view in views:
                study = running.archive.upload(as_file(view))
            job = events.wait_for("delivery_held").text("job")
            wetread(running, "release", job, "--by", "Ada", "--reason", "fine")
            events.wait_for("result_delivered")

            until(
                lambda: {one.name for one in collector.spans} >= PARTS or None,
                what="every part is there",
                deadline_s=30,
            )

    spans = {one.name: one for one in collector.spans}
    root = spans["judge"]
    assert {one.trace_id for one in collector.spans} == {root.trace_id}
    assert root.parent_id == "", "the root of the trace has no parent"
    assert root.trace_id.startswith(job), "who knows a job finds its trace"
    assert {_parent(one, spans) for one in collector.spans if one.name != "judge"} == {"judge", "predict", "Predict"}
    assert _parent(spans["Predict"], spans) == "predict", "the model goes on with the orchestrator's trace"
    assert (spans["predict"].service, spans["Predict"].service) == ("wetread", "instant")
    assert spans["predict"].start_ns <= spans["Predict"].start_ns <= spans["Predict"].end_ns <= spans["predict"].end_ns
    assert not any(one.failed for one in collector.spans)
    assert spans["store"].attributes["wetread.job"] == job
    assert spans["store"].attributes["wetread.study"] == short(study)
    assert spans["store"].attributes["wetread.model"] == "instant"
    assert spans["deliver"].attributes["wetread.destination"] == "PACS"
    assert spans["Predict"].attributes["wetread.job"] == job
    sent = b"".join(collector.bodies)
    for secret in ("Lovelace", "AL-1815", str(views[0].StudyInstanceUID), str(views[0].AccessionNumber)):
        assert secret, "an empty text is in everything"
        assert secret.encode() not in sent


def _parent(span: Span, spans: dict[str, Span]) -> str:
    (name,) = {name for name, one in spans.items() if one.span_id == span.parent_id}
    return name
