"""What is down, wrong, killed or deleted: nothing is lost, nothing happens twice, and the log says what to do."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import requests
from bench.model import answer
from demo.following import short
from demo.orthanc import Orthanc, OrthancSettings
from demo.processes import free_port
from demo.services import SCRIPTS, Orchestrator
from demo.waiting import until
from tests.dicom_factories import Person, four_view_study
from tests.e2e.chain import Chain, HeldGrading, model_settings, unique
from tests.fakes.models import Answering

from wetread_sdk.serving import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    OwnChain = Callable[..., AbstractContextManager[Chain]]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


class Grading(Answering):
    """Answers at once, with a density."""

    def __init__(self) -> None:
        super().__init__(lambda _: answer())


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    """Not started."""
    server = Orthanc(tmp_path / "orthanc", OrthancSettings(stable_age_s=1))
    yield server
    server.kill()


def test_an_orthanc_that_is_down_at_the_start_is_waited_for(orthanc: Orthanc, tmp_path: Path) -> None:
    with running(Grading(), model_settings(tmp_path, 0)) as model:
        orchestrator = Orchestrator(tmp_path, orthanc, (model.address,))
        try:
            chain = Chain(orthanc, orchestrator, orchestrator.start())
            told = chain.events.wait_for("archive_unavailable")
            assert "is Orthanc running?" in told.text("reason")

            orthanc.start()

            chain.events.wait_for("archive_reached")
            study = chain.send(four_view_study(study=unique()))
            assert chain.ended(study) == "result_stored"
        finally:
            orchestrator.stop()


def test_a_wrong_password_is_named_and_a_right_one_is_taken_up(orthanc: Orthanc, tmp_path: Path) -> None:
    orthanc.start()
    orthanc.password_file.write_text("wrong", encoding="utf-8")
    with running(Grading(), model_settings(tmp_path, 0)) as model:
        orchestrator = Orchestrator(tmp_path, orthanc, (model.address,))
        try:
            chain = Chain(orthanc, orchestrator, orchestrator.start())
            told = chain.events.wait_for("archive_refused")
            assert "orthanc.password_file" in told.text("reason")

            orthanc.password_file.write_text(orthanc.password, encoding="utf-8")

            chain.events.wait_for("archive_reached")
            study = chain.send(four_view_study(study=unique()))
            assert chain.ended(study) == "result_stored"
        finally:
            orchestrator.stop()


def test_an_unknown_setting_is_refused_with_its_line_and_a_proposal(orthanc: Orthanc, tmp_path: Path) -> None:
    orchestrator = Orchestrator(tmp_path, orthanc, ("127.0.0.1:1",))
    site = orchestrator.site_file.read_text(encoding="utf-8").replace("timezone:", "time_zone:")
    orchestrator.site_file.write_text(site, encoding="utf-8")

    ran = subprocess.run(
        [SCRIPTS / "wetread", "run", "--site", orchestrator.site_file], capture_output=True, text=True, check=False
    )

    line = next(number for number, text in enumerate(site.splitlines(), start=1) if text.startswith("time_zone"))
    assert ran.returncode == 2
    assert f"site.yaml:{line}: time_zone: unknown key; did you mean timezone?" in ran.stderr.replace("\n", "")
    assert "Traceback" not in ran.stderr


def test_an_orthanc_that_is_killed_while_an_exam_arrives_loses_nothing(own_chain: OwnChain) -> None:
    with own_chain(Grading(), watch={"reconcile": "2s"}) as chain:
        study = chain.send(four_view_study(study=unique()))
        chain.orthanc.kill()
        chain.events.wait_for("archive_unavailable")

        chain.orthanc.start()

        assert chain.ended(study) == "result_stored"


def test_a_model_that_is_down_is_waited_for(orthanc: Orthanc, tmp_path: Path) -> None:
    orthanc.start()
    port = free_port()
    orchestrator = Orchestrator(tmp_path, orthanc, (f"127.0.0.1:{port}",))
    try:
        with running(Grading(), model_settings(tmp_path, port)):
            chain = Chain(orthanc, orchestrator, orchestrator.start())
            chain.events.wait_for("model_registered")
        chain.events.wait_for("model_lost")
        study = chain.send(four_view_study(study=unique()))
        chain.events.wait_for("job_queued", study=short(study))
        assert chain.orthanc.archive.results(study) == []

        with running(Grading(), model_settings(tmp_path, port)):
            chain.events.wait_for("result_stored", study=short(study))
    finally:
        orchestrator.stop()


def test_a_study_that_is_deleted_while_the_model_reads_it_ends_in_peace(own_chain: OwnChain) -> None:
    model = HeldGrading()
    with own_chain(model) as chain:
        study = chain.send(four_view_study(study=unique()))
        chain.events.wait_for("job_queued", study=short(study))
        assert model.begun.acquire(timeout=30)
        chain.orthanc.archive.delete(f"/studies/{study}")

        model.let_go.set()

        chain.events.wait_for("job_gone", study=short(study))
        other = chain.send(four_view_study(study=unique()))
        assert chain.ended(other) == "result_stored"
        assert chain.orthanc.archive.get("/studies") == [other]


def test_our_own_results_never_start_a_job(own_chain: OwnChain) -> None:
    with own_chain(Grading()) as chain:
        study = chain.send(four_view_study(study=unique()))
        assert chain.ended(study) == "result_stored"

        chain.events.wait_for("study_noticed", study=short(study))

        other = chain.send(four_view_study(study=unique()))
        assert chain.ended(other) == "result_stored"
        assert len(chain.logged("job_queued")) == 2
        assert len(chain.orthanc.archive.results(study)) == 2


def test_a_study_that_is_deleted_and_sent_again_with_its_result_gets_one_result(own_chain: OwnChain) -> None:
    with own_chain(Grading()) as chain:
        exam = four_view_study(study=unique())
        study = chain.send(exam)
        assert chain.ended(study) == "result_stored"
        ours = [stored.content for stored in chain.orthanc.archive.results(study)]
        chain.orthanc.archive.delete(f"/studies/{study}")

        for content in ours:
            chain.orthanc.archive.upload(content)
        chain.send(exam)
        chain.events.wait_for("study_noticed", study=short(study))
        other = chain.send(four_view_study(study=unique()))
        assert chain.ended(other) == "result_stored"

        assert sorted(stored.content for stored in chain.orthanc.archive.results(study)) == sorted(ours)


@pytest.mark.parametrize("stage", ["job_queued", "prediction_requested", "prediction_received", "result_composed"])
def test_killed_in_the_middle_it_goes_on_and_gives_one_result(
    own_chain: OwnChain, stage: str, database: dict[str, str]
) -> None:
    with own_chain(Grading(), **database) as chain:
        study = chain.send(four_view_study(study=unique()))
        chain.events.wait_for(stage)
        chain.orchestrator.kill()

        chain.events = chain.orchestrator.start()

        until(
            lambda: chain.logged("result_stored", study=short(study)) or None,
            what="the result is stored",
            deadline_s=60,
        )
        assert len(chain.orthanc.archive.results(study)) == 2
        assert len(chain.jobs(study)) == 1


def test_an_answer_that_was_saved_is_never_asked_for_again(own_chain: OwnChain, database: dict[str, str]) -> None:
    model = HeldGrading()
    with own_chain(model, **database) as chain:
        study = chain.send(four_view_study(study=unique()))
        model.let_go.set()
        chain.events.wait_for("prediction_received")
        chain.orchestrator.kill()

        chain.orchestrator.start()

        until(
            lambda: chain.logged("result_stored", study=short(study)) or None,
            what="the result is stored",
            deadline_s=60,
        )
        assert model.answered == 1


def test_nothing_that_identifies_a_patient_is_written_anywhere(own_chain: OwnChain, tmp_path: Path) -> None:
    marks = ["ZQXNAME", "ZQXPATIENT", "ZQXACC", "ZQXPHYSICIAN", "ZQXSTREET", "19331107"]
    person = Person("ZQXNAME^MARKED", "ZQXPATIENT-1")
    marked = {
        "AccessionNumber": "ZQXACC",
        "ReferringPhysicianName": "ZQXPHYSICIAN^A",
        "PatientAddress": "ZQXSTREET 1",
        "PatientBirthDate": "19331107",
    }
    with own_chain(Grading()) as chain:
        good = chain.send(four_view_study(study=unique(), person=person, **marked))
        partial = chain.send(four_view_study(study=unique(), person=person, **marked)[:2])
        assert chain.ended(good) == "result_stored"
        chain.events.wait_for("study_noticed")
        chain.explain(partial)
        metrics = requests.get(f"http://127.0.0.1:{chain.orchestrator.web_port}/metrics", timeout=10)
        metrics.raise_for_status()
        assert str(chain.report(good).PatientID) == "ZQXPATIENT-1"

    written = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    written[tmp_path / "metrics"] = metrics.content
    assert {"orchestrator.log", "wetread.db", "metrics"} <= {path.name for path in written}
    found = [(path.name, mark) for path, content in written.items() for mark in marks if mark.encode() in content]
    assert found == []
