from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pydicom
import pytest
import requests
from demo import sending
from demo.archive import Archive
from demo.processes import Command, Process, ProcessEnded
from demo.waiting import until
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

if TYPE_CHECKING:
    from demo.orthanc import Orthanc

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]


def _image(folder: Path) -> Path:
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.StudyInstanceUID = generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    file = folder / "image.dcm"
    dataset.save_as(file)
    return file


def _send(orthanc: Orthanc, *files: Path) -> list[sending.Rejected]:
    sendable, rejected = sending.sort(files)
    return rejected + sending.send(sendable, port=orthanc.dicom_port, ae_title=orthanc.settings.ae_title)


def _gone(pid: int) -> bool | None:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return True if state == "Z" else None


def test_a_file_sent_over_the_network_is_stored_byte_for_byte(orthanc: Orthanc, tmp_path: Path) -> None:
    file = _image(tmp_path)

    assert _send(orthanc, file) == []

    sent = pydicom.dcmread(file)
    study = orthanc.archive.study(sent.StudyInstanceUID)
    assert study is not None
    stored = tmp_path / "stored.dcm"
    stored.write_bytes(orthanc.archive.file(*orthanc.archive.sources(study)))
    assert pydicom.dcmread(stored).PixelData == sent.PixelData


def test_a_bad_file_is_named_and_does_not_stop_the_others(orthanc: Orthanc, tmp_path: Path) -> None:
    good = _image(tmp_path)
    text = tmp_path / "notes.txt"
    text.write_text("no DICOM", encoding="utf-8")
    short = tmp_path / "short.dcm"
    short.write_bytes(good.read_bytes()[:-5000])

    rejected = _send(orthanc, text, short, good)

    assert {file.path: file.reason.split(":")[0] for file in rejected} == {
        text: "not a DICOM file",
        short: "truncated",
    }
    assert orthanc.archive.study(pydicom.dcmread(good).StudyInstanceUID)


def test_a_wrong_password_is_refused(orthanc: Orthanc) -> None:
    stranger = Archive(orthanc.url, orthanc.settings.username, "wrong")

    assert not stranger.answers()
    with pytest.raises(requests.HTTPError, match="401"):
        stranger.get("/studies")


def test_a_restarted_orthanc_has_its_studies_ports_and_account(own_orthanc: Orthanc, tmp_path: Path) -> None:
    file = _image(tmp_path)
    _send(own_orthanc, file)
    own_orthanc.kill()
    assert not own_orthanc.archive.answers()

    own_orthanc.start()

    assert own_orthanc.archive.study(pydicom.dcmread(file).StudyInstanceUID)


def test_what_was_started_ends_even_when_we_are_killed(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys, time\n"
        "from demo.orthanc import Orthanc\n"
        f"server = Orthanc(pathlib.Path({str(tmp_path)!r}))\n"
        "server.start()\n"
        "print(server.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout
        pid = int(starter.stdout.readline())
        os.kill(pid, 0)

        starter.kill()

        until(lambda: _gone(pid), what="Orthanc ends", deadline_s=30)


def test_a_stop_ends_the_children_of_a_program_too(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"sleep 1000 & echo $! >{pid_file}.new; mv {pid_file}.new {pid_file}; wait"
    process = Process(Command("parent", ("bash", "-c", script), tmp_path / "log"))
    process.await_ready(pid_file.exists, deadline_s=10)
    child = int(pid_file.read_text(encoding="utf-8"))

    process.stop()

    until(lambda: _gone(child), what="the child ends", deadline_s=10)


def test_a_program_that_ends_early_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    process = Process(Command("broken", ("bash", "-c", "echo no such port; exit 3"), tmp_path / "log"))

    with pytest.raises(ProcessEnded, match=r"broken ended with status 3:\n    no such port"):
        process.await_ready(lambda: False, deadline_s=10)


def test_a_program_that_ignores_the_signal_is_ended_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.processes.GRACE_S", 0.2)
    ready = tmp_path / "ready"
    script = f"trap '' TERM; touch {ready}; while true; do sleep 0.1; done"
    process = Process(Command("stubborn", ("bash", "-c", script), tmp_path / "log"))
    process.await_ready(ready.exists, deadline_s=10)

    process.stop()

    assert not process.running
    with pytest.raises(ProcessEnded, match=f"status -{signal.SIGKILL.value}"):
        process.check()
