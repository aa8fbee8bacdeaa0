"""From an exam in Orthanc to a proven result in the PACS, by the orchestrator itself and its command line."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import requests
import yaml
from bench.measures import stack
from demo.services import SCRIPTS
from demo.waiting import until
from prometheus_client.parser import text_string_to_metric_families
from tests.delivery_chain import BOTH_PROVEN, make_known
from tests.dicom_factories import KEY_OBJECT_SELECTION, as_file, four_view_study

if TYPE_CHECKING:
    from pathlib import Path

    from demo.stack import Stack
    from tests.delivery_chain import Pacs

pytestmark = pytest.mark.integration


def wetread(running: Stack, *arguments: str) -> str:
    command = [str(SCRIPTS / "wetread"), *arguments, "--site", str(running.orchestrator.site_file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _counted(running: Stack) -> dict[tuple[str, str, str], float]:
    """By name, model and destination."""
    text = requests.get(f"http://127.0.0.1:{running.orchestrator.web_port}/metrics", timeout=10).text
    return {
        (sample.name, sample.labels.get("model", ""), sample.labels.get("destination", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_held_result_is_released_delivered_proven_and_retracted_by_the_command_line(
    tmp_path: Path, pacs: Pacs
) -> None:
    with stack(tmp_path) as running:
        site_file = running.orchestrator.site_file
        site = yaml.safe_load(site_file.read_text(encoding="utf-8"))
        site["destinations"] = {"PACS": {"test": True, "honours_rejection_notes": True}}
        site["delivery"] = {"remote": "PACS", "study_date_within": "9000d", "quiet": 0}
        site_file.write_text(yaml.safe_dump(site), encoding="utf-8")
        events = running.start()
        make_known(running.orthanc, "PACS", "PACS", pacs.orthanc.dicom_port)
        name = running.orthanc.settings.ae_title
        make_known(pacs.orthanc, name, name, running.orthanc.dicom_port)
        for view in four_view_study(study="whole chain"):
            study = running.archive.upload(as_file(view))

        held = events.wait_for("delivery_held")
        assert "auto_transmit is off" in held.text("reason")
        listed = wetread(running, "deliveries")
        job = next(line.split()[0] for line in listed.splitlines() if "PACS" in line)
        assert f"released {job} to PACS" in wetread(running, "release", job, "--by", "Ada", "--reason", "fine")

        events.wait_for("result_delivered")
        counted = _counted(running)
        assert counted["wetread_stored_seconds_count", "instant", ""] == 1
        assert counted["wetread_proven_seconds_count", "instant", "PACS"] == 1
        stable_age_s = running.orthanc.settings.stable_age_s
        stored_s = counted["wetread_stored_seconds_sum", "instant", ""]
        proven_s = counted["wetread_proven_seconds_sum", "instant", "PACS"]
        assert stable_age_s <= stored_s <= proven_s, "counted from the last instance on"
        uids = [str(one.dataset.SOPInstanceUID) for one in running.archive.results(study)]
        assert [pacs.holds(uid) for uid in uids] == [1, 1]
        assert BOTH_PROVEN.search(wetread(running, "deliveries"))

        said = wetread(running, "retract", job, "--by", "Ada", "--reason", "wrong side", "--yes")
        assert "1 results are withdrawn, and out of Orthanc" in said
        events.wait_for("result_delivered", purpose="rejection")
        until(lambda: running.archive.results(study) == [] or None, what="the note is cleared", deadline_s=20)
        keys = {"SOPClassUID": KEY_OBJECT_SELECTION, "StudyInstanceUID": str(view.StudyInstanceUID)}
        assert len(pacs.orthanc.archive.post("/tools/find", {"Level": "Instance", "Query": keys})) == 1
