"""What operators do while the chain works: cancel, pause, copy the ledger and put the copy back."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from demo.following import short
from demo.services import SCRIPTS
from demo.waiting import until
from tests.dicom_factories import four_view_study
from tests.e2e.chain import Counting, unique
from tests.fakes.models import Held

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.e2e.chain import Chain

    OwnChain = Callable[..., AbstractContextManager[Chain]]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
WHO = ("--by", "ana", "--reason", "a test")


def wetread(chain: Chain, *arguments: str | Path, status: int = 0) -> str:
    """What a command says; it must end with this status."""
    command = [SCRIPTS / "wetread", *arguments, "--site", chain.orchestrator.site_file]
    wide = {**os.environ, "COLUMNS": "300"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=wide)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def job_of(chain: Chain, study: str) -> str:
    """The job of a study as `wetread jobs` shows it, once there is one."""
    chain.events.wait_for("job_queued", study=short(study))
    lines = [line.split() for line in wetread(chain, "jobs").splitlines() if f" {study[:8]} " in line]
    return lines[0][0]


def test_a_cancelled_job_reaches_the_model_while_it_predicts_and_leaves_nothing(own_chain: OwnChain) -> None:
    model = Held()
    with own_chain(model) as chain:
        study = chain.send(four_view_study(study=unique()))
        job = job_of(chain, study)
        assert model.begun.acquire(timeout=30)

        wetread(chain, "cancel", job, *WHO)

        assert model.abandoned.wait(10)
        chain.events.wait_for("job_cancelled")
        assert "ended already" in wetread(chain, "cancel", job, *WHO)
        assert chain.orthanc.archive.results(study) == []
        assert "ana: a test" in wetread(chain, "jobs")


def test_a_cancelled_job_that_is_retried_gives_its_result(own_chain: OwnChain) -> None:
    with own_chain(Counting()) as chain:
        wetread(chain, "pause", "--all", *WHO)
        study = chain.send(four_view_study(study=unique()))
        job = job_of(chain, study)
        wetread(chain, "cancel", job, *WHO)

        wetread(chain, "retry", job, *WHO)
        wetread(chain, "resume", "--all", *WHO)

        chain.events.wait_for("result_stored", study=short(study))
        assert "agree" in wetread(chain, "doctor", "--ledger")


def test_a_pause_survives_a_restart(own_chain: OwnChain) -> None:
    model = Counting()
    with own_chain(model) as chain:
        wetread(chain, "pause", "--model", "instant", *WHO)
        chain.orchestrator.kill()
        chain.events = chain.orchestrator.start()
        study = chain.send(four_view_study(study=unique()))
        chain.events.wait_for("job_queued", study=short(study))
        assert "paused instant by ana: a test" in wetread(chain, "jobs")
        assert model.answered == 0

        wetread(chain, "resume", "--model", "instant", *WHO)

        chain.events.wait_for("result_stored", study=short(study))


def test_an_old_copy_of_the_ledger_makes_and_stores_nothing_twice(own_chain: OwnChain, tmp_path: Path) -> None:
    model, copy = Counting(), tmp_path / "copy.db"
    with own_chain(model) as chain:
        before = chain.send(four_view_study(study=unique()))
        assert chain.ended(before) == "result_stored"
        wetread(chain, "pause", "--all", *WHO)
        during = chain.send(four_view_study(study=unique()))
        chain.events.wait_for("job_queued", study=short(during))
        wetread(chain, "backup", copy)
        wetread(chain, "resume", "--all", *WHO)
        chain.events.wait_for("result_stored", study=short(during))
        after = chain.send(four_view_study(study=unique()))
        assert chain.ended(after) == "result_stored"
        studies = (before, during, after)
        stored = {study: sorted(one.orthanc_id for one in chain.orthanc.archive.results(study)) for study in studies}
        assert "another orchestrator" in wetread(chain, "restore", copy, status=2)
        chain.orchestrator.kill()

        wetread(chain, "restore", copy)
        chain.events = chain.orchestrator.start()
        wetread(chain, "resume", "--all", *WHO)

        chain.events.wait_for("result_found", study=short(during))
        chain.events.wait_for("result_found", study=short(after))
        assert "agree" in wetread(chain, "doctor", "--ledger")
        assert model.answered == 3
        found = {study: sorted(one.orthanc_id for one in chain.orthanc.archive.results(study)) for study in studies}
        assert found == stored


def test_the_doctor_names_a_result_that_was_taken_away_and_retry_brings_it_back(own_chain: OwnChain) -> None:
    model = Counting()
    with own_chain(model) as chain:
        study = chain.send(four_view_study(study=unique()))
        assert chain.ended(study) == "result_stored"
        until(
            lambda: len(chain.logged("study_judged", study=short(study))) == 2 or None,
            what="the news of the result itself is settled",
            deadline_s=30,
        )
        card = chain.result(study).card
        chain.orthanc.archive.delete(f"/instances/{card.orthanc_id}")

        told = wetread(chain, "doctor", "--ledger", status=1)

        assert f"object {card.orthanc_id} of job" in told
        job = told.split("wetread retry ")[1].split(",")[0]
        wetread(chain, "retry", job, *WHO)
        until(lambda: len(chain.logged("result_stored")) == 2 or None, what="it is stored again", deadline_s=30)
        assert "agree" in wetread(chain, "doctor", "--ledger")
        assert model.answered == 1


def test_the_doctor_names_an_object_of_ours_that_nobody_knows(own_chain: OwnChain) -> None:
    with own_chain(Counting()) as chain:
        study = chain.send(four_view_study(study=unique()))
        assert chain.ended(study) == "result_stored"
        stranger = chain.report(study)
        stranger.SOPInstanceUID = stranger.file_meta.MediaStorageSOPInstanceUID = "2.25.1"
        chain.send([stranger])

        assert "the ledger does not know it" in wetread(chain, "doctor", "--ledger", status=1)
