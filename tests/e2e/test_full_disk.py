"""The ledger's disk is full: the intake pauses and says so; with room again it goes on, nothing lost or doubled.

The disk is a real file system of a few megabytes, filled by a file of somebody else's.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests
from bench.model import answer
from demo.following import short
from demo.orthanc import Orthanc
from demo.processes import free_port
from demo.services import SCRIPTS, Orchestrator
from demo.waiting import until
from tests.dicom_factories import four_view_study
from tests.e2e.chain import Chain, HeldGrading, model_settings, unique
from tests.e2e.conftest import QUICK
from tests.fakes.models import Answering
from tests.small_disk import SmallDisk

from orchestrator.jobs import news
from orchestrator.jobs.database import Database
from wetread_sdk.serving import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wetread_sdk import Model

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

RESERVE = 8_000_000
LEFT = 3_000_000
"""Below the reserve, and enough for what is in work."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Where the ledger lies; logs and archive are elsewhere."""
    with SmallDisk(tmp_path / "disk", megabytes=32) as small:
        yield small


@contextmanager
def _chain(tmp_path: Path, disk: SmallDisk, model: Model, reserve: int) -> Iterator[Chain]:
    orthanc = Orthanc(tmp_path / "orthanc", QUICK)
    port = free_port()
    orchestrator = Orchestrator(disk.folder, orthanc, (f"127.0.0.1:{port}",))
    orchestrator.log = tmp_path / "orchestrator.log"
    with orchestrator.site_file.open("a", encoding="utf-8") as site:
        site.write(f"disk_reserve: {reserve}B\n")
    with running(model, model_settings(tmp_path, port)):
        orthanc.start()
        try:
            yield Chain(orthanc, orchestrator, orchestrator.launch())
        finally:
            orchestrator.stop()
            orthanc.kill()


def _ready(chain: Chain) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{chain.orchestrator.web_port}/readyz", timeout=10)


def _metric(chain: Chain, name: str) -> str:
    page = requests.get(f"http://127.0.0.1:{chain.orchestrator.web_port}/metrics", timeout=10).text
    return next(line.split()[-1] for line in page.splitlines() if line.startswith(f"{name} "))


def _doctor(chain: Chain, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [SCRIPTS / "wetread", "doctor", *arguments, "--site", chain.orchestrator.site_file]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "300"})


def _place(chain: Chain) -> int:
    database = Database.existing(f"sqlite:///{chain.orchestrator.database}")
    with database.read() as connection:
        place = news.cursor(connection)
    database.close()
    assert place is not None
    return place.seq


def _newest(chain: Chain) -> int:
    newest: int = chain.orthanc.archive.get("/changes?last")["Last"]
    return newest


def _has_exactly_one_result(chain: Chain, study: str) -> bool:
    compared = _doctor(chain, "--ledger")
    assert compared.returncode == 0, compared.stdout
    return len(chain.orthanc.archive.results(study)) == 2 and len(chain.jobs(study)) == 1


def test_a_disk_that_fills_up_pauses_the_intake_and_says_so_until_there_is_room(
    tmp_path: Path, disk: SmallDisk
) -> None:
    with _chain(tmp_path, disk, Answering(lambda _: answer()), RESERVE) as chain:
        chain.events.wait_for("model_registered")
        assert chain.ended(chain.send(four_view_study(study=unique()))) == "result_stored"
        assert _metric(chain, "wetread_disk_full") == "0.0"
        disk.fill(leaving=LEFT)
        told = chain.events.wait_for("disk_filled", loop="watch")
        before = _place(chain)

        study = chain.send(four_view_study(study=unique()))
        stable = f"/studies/{study}"
        until(lambda: chain.orthanc.archive.get(stable)["IsStable"] or None, what="it is stable", deadline_s=30)

        assert "make room, and work goes on by itself" in told.text("reason")
        assert _ready(chain).status_code == 503
        assert _ready(chain).json()["intake"].startswith("disk full: less than 8 MB (disk_reserve) are free")
        assert _metric(chain, "wetread_disk_full") == "1.0"
        found = _doctor(chain)
        assert found.returncode == 1
        assert "✗ the ledger's disk has room: disk full" in found.stdout
        assert _place(chain) == before < _newest(chain)
        assert chain.jobs(study) == set()

        disk.make_room()

        chain.events.wait_for("disk_has_room", loop="watch")
        assert chain.ended(study) == "result_stored"
        assert _has_exactly_one_result(chain, study)
        assert _ready(chain).json()["intake"] == "ok"
        assert _metric(chain, "wetread_disk_full") == "0.0"


def test_an_answer_that_finds_no_room_is_kept_or_asked_for_again_but_never_lost(
    tmp_path: Path, disk: SmallDisk
) -> None:
    model = HeldGrading()
    with _chain(tmp_path, disk, model, reserve=0) as chain:
        chain.events.wait_for("model_registered")
        study = chain.send(four_view_study(study=unique()))
        assert model.begun.acquire(timeout=60)
        disk.fill()
        model.let_go.set()
        other = chain.send(four_view_study(study=unique()))
        chain.events.wait_for("disk_filled", loop="watch")
        until(lambda: model.answered or None, what="the model has answered", deadline_s=30)

        disk.make_room()

        for one in (study, other):
            chain.events.wait_for("result_stored", study=short(one), deadline_s=150)
        assert _has_exactly_one_result(chain, study)
        assert _has_exactly_one_result(chain, other)


def test_a_start_on_a_full_disk_waits_for_room(tmp_path: Path, disk: SmallDisk) -> None:
    disk.fill(leaving=LEFT // 2)
    with _chain(tmp_path, disk, Answering(lambda _: answer()), RESERVE) as chain:
        chain.events.wait_for("disk_filled", loop="start")
        until(lambda: _answers(chain), what="the web port answers", deadline_s=30)
        assert _ready(chain).status_code == 503
        assert _metric(chain, "wetread_disk_full") == "1.0"

        disk.make_room()

        chain.events.wait_for("orchestrator_started")
        chain.events.wait_for("model_registered")
        study = chain.send(four_view_study(study=unique()))
        assert chain.ended(study) == "result_stored"
        assert _has_exactly_one_result(chain, study)


def _answers(chain: Chain) -> bool | None:
    try:
        return _ready(chain).status_code > 0
    except requests.ConnectionError:
        return None
