"""Reading may begin early; nothing leaves before the study is stable and quiet, or somebody calls it complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from demo.following import short
from demo.orthanc import Orthanc, OrthancSettings
from demo.waiting import until
from tests.delivery_chain import Pacs
from tests.dicom_factories import four_view_study, mammogram
from tests.e2e.chain import introduce, unique
from tests.e2e.test_acts import WHO, Counting, wetread
from tests.fakes.models import Held

from orchestrator.jobs import ledger
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import JobState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.chain import Chain
    from tests.e2e.test_acts import OwnChain

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
SLOW = OrthancSettings(stable_age_s=600)
"""No study becomes stable while a test runs."""
EARLY = {"start_after": "300ms"}


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Pacs]:
    server = Orthanc(tmp_path / "pacs", OrthancSettings(ae_title="PACS", stable_age_s=1))
    server.start()
    yield Pacs(server)
    server.kill()


def to_pacs(quiet: str) -> dict[str, dict[str, object]]:
    """The sections of a site file that lets every result go to the test PACS after some quiet."""
    delivery = {"remote": "PACS", "auto_transmit": True, "study_date_within": "9000d", "quiet": quiet}
    return {"destinations": {"PACS": {"test": True}}, "delivery": delivery}


def listed(chain: Chain, state: str) -> str:
    return wetread(chain, "deliveries", "--state", state)


def test_a_ready_exam_is_read_before_it_is_stable_and_leaves_only_when_it_is_called_complete(
    own_chain: OwnChain, pacs: Pacs
) -> None:
    model, name = Counting(), unique()
    with own_chain(model, SLOW, models=EARLY, **to_pacs("1h")) as chain:
        introduce(chain, pacs)
        exam = four_view_study(study=name)
        study = chain.send(exam)
        chain.events.wait_for("result_stored", study=short(study))
        first = {str(one.dataset.SOPInstanceUID) for one in chain.orthanc.archive.results(study)}
        assert "until Orthanc calls the study stable" in listed(chain, "QUEUED")
        assert chain.orthanc.archive.get(f"/studies/{study}")["IsStable"] is False
        metrics = requests.get(f"http://127.0.0.1:{chain.orchestrator.web_port}/metrics", timeout=60).text
        assert 'wetread_stored_seconds_count{model="instant"} 1.0' in metrics

        chain.send([mammogram("R", "CC", study=name, number=9, ContentTime="093000", AcquisitionTime="093000")])
        chain.events.wait_for("result_replaced")
        chain.events.wait_for("result_stored", study=short(study))
        second = {str(one.dataset.SOPInstanceUID) for one in chain.orthanc.archive.results(study)}
        assert len(first) == len(second) == 2
        assert not first & second
        assert "PACS" in listed(chain, "SUPERSEDED")
        assert chain.logged("study_noticed") == []

        assert "complete" in wetread(chain, "study", "complete", str(exam[0].StudyInstanceUID), *WHO)
        chain.events.wait_for("result_delivered")
        assert "already" in wetread(chain, "study", "complete", study, *WHO)

        assert set(pacs.counts()) == second
        assert model.answered == 2
        assert "agree" in wetread(chain, "doctor", "--ledger")


def test_a_result_waits_for_quiet_and_says_so_until_somebody_says_that_the_study_is_complete(
    own_chain: OwnChain, pacs: Pacs
) -> None:
    with own_chain(Counting(), **to_pacs("1h")) as chain:
        introduce(chain, pacs)
        study = chain.send(four_view_study(study=unique()))
        assert chain.ended(study) == "result_stored"
        assert "waits for 60 min of quiet" in listed(chain, "QUEUED")

        chain.orchestrator.kill()
        chain.events = chain.orchestrator.start()
        assert "waits for 60 min of quiet" in listed(chain, "QUEUED")
        wetread(chain, "study", "complete", study[:12], *WHO)

        chain.events.wait_for("result_delivered")
        assert len(pacs.counts()) == 2


def test_without_quiet_a_stable_study_goes_at_once(own_chain: OwnChain, pacs: Pacs) -> None:
    with own_chain(Counting(), **to_pacs("0s")) as chain:
        introduce(chain, pacs)

        chain.send(four_view_study(study=unique()))

        chain.events.wait_for("result_delivered")
        assert len(pacs.counts()) == 2


def test_an_exam_that_is_called_complete_without_all_its_views_is_unsuitable_at_once(own_chain: OwnChain) -> None:
    with own_chain(Counting()) as chain:
        study = chain.send(four_view_study(study=unique())[:2])
        chain.events.wait_for("study_judged", study=short(study))
        assert "INCOMPLETE" in chain.explain(study)

        wetread(chain, "study", "complete", study, *WHO)

        until(lambda: "UNSUITABLE" in chain.explain(study) or None, what="it is judged for good", deadline_s=30)


def test_results_for_a_paused_destination_wait_across_a_restart_and_go_when_it_is_resumed(
    own_chain: OwnChain, pacs: Pacs
) -> None:
    with own_chain(Counting(), **to_pacs("0s")) as chain:
        introduce(chain, pacs)
        assert "there are: PACS" in wetread(chain, "pause", "--destination", "PASC", *WHO, status=2)
        assert "PACS is paused" in wetread(chain, "pause", "--destination", "PACS", *WHO)
        assert "was paused already" in wetread(chain, "pause", "--destination", "PACS", *WHO)
        study = chain.send(four_view_study(study=unique()))
        assert chain.ended(study) == "result_stored"
        chain.orchestrator.kill()
        chain.events = chain.orchestrator.start()
        chain.events.wait_for("model_registered")
        shown = wetread(chain, "deliveries")
        assert "QUEUED" in shown
        assert "paused PACS by ana: a test" in shown
        assert pacs.counts() == {}

        assert "goes on" in wetread(chain, "resume", "--destination", "PACS", *WHO)
        assert "was not paused" in wetread(chain, "resume", "--destination", "PACS", *WHO)

        chain.events.wait_for("result_delivered")
        assert set(pacs.counts().values()) == {1}


def test_a_stop_while_a_model_reads_counts_as_no_crash(own_chain: OwnChain) -> None:
    model = Held()
    with own_chain(model) as chain:
        chain.send(four_view_study(study=unique()))
        assert model.begun.acquire(timeout=30)

        chain.orchestrator.stop()
        chain.events = chain.orchestrator.start()
        assert model.begun.acquire(timeout=30)

        database = Database(f"sqlite:///{chain.orchestrator.database}")
        with database.read() as connection:
            (job,) = ledger.listed(connection)
        database.close()
        assert (job.state, job.crashes) == (JobState.PREDICTING, 0)
        model.let_go.set()
        chain.events.wait_for("result_stored")


def test_what_an_old_copy_of_the_ledger_does_not_know_is_held_and_sent_no_second_time(
    own_chain: OwnChain, pacs: Pacs, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    with own_chain(Counting(), **to_pacs("0s")) as chain:
        introduce(chain, pacs)
        wetread(chain, "pause", "--destination", "PACS", *WHO)
        known = chain.send(four_view_study(study=unique()))
        assert chain.ended(known) == "result_stored"
        wetread(chain, "backup", copy)
        unknown = chain.send(four_view_study(study=unique()))
        assert chain.ended(unknown) == "result_stored"
        wetread(chain, "resume", "--destination", "PACS", *WHO)
        for _ in range(2):
            chain.events.wait_for("result_delivered")
        chain.orchestrator.kill()

        wetread(chain, "restore", copy)
        chain.events = chain.orchestrator.start()
        wetread(chain, "resume", "--destination", "PACS", *WHO)
        chain.events.wait_for("result_found", study=short(unknown))
        held = [line.split()[0] for line in listed(chain, "HELD").splitlines() if "found after a restore" in line]
        assert len(held) == 2
        for job in held:
            wetread(chain, "release", job, *WHO)
            chain.events.wait_for("result_delivered")

        assert sorted(pacs.counts().values()) == [1, 1, 1, 1]
        changes = pacs.orthanc.archive.get("/changes?limit=1000")["Changes"]
        assert [one["ChangeType"] for one in changes].count("NewInstance") == 4
        assert "not sent yet" in wetread(chain, "deliveries", "--job", held[0])
