"""`wetread jobs --watch` at a real terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from demo.services import SCRIPTS
from demo.waiting import until

from orchestrator.handoffs import Digest, JobKey, ModelIdentity, OrthancId
from orchestrator.jobs import ledger
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import JobState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
KEY = JobKey("c0ffee00" + "0" * 56)
DEADLINE_S = 180


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site file whose ledger has one waiting job."""
    file = tmp_path / "site.yaml"
    database = f"sqlite:///{tmp_path}/wetread.db"
    file.write_text(f"orthanc: {{url: 'http://127.0.0.1:1'}}\ntimezone: Europe/Berlin\ndatabase: {database}\n")
    made = Database(database)
    made.migrate()
    now = datetime.now(UTC)
    model = ModelIdentity("dense", "1.0.0", Digest("w"), Digest("d"))
    with made.write() as connection:
        new = ledger.NewJob(KEY, OrthancId("s" * 44), "", model, ledger.ROUTINE_PRIORITY, now, {})
        ledger.open_job(connection, new, now, replaces=None)
    made.close()
    return file


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Ours and the program's end of one."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def test_the_live_view_shows_a_job_go_on_and_ends_in_order_with_ctrl_c(site: Path, terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    command = [SCRIPTS / "wetread", "jobs", "--watch", "--site", site]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "150", "LINES": "30"}
    program = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = ""

    def shows(*words: str) -> bool | None:
        nonlocal shown
        with suppress(OSError):  # nobody has the other end any more
            if select.select([ours], [], [], 0)[0]:
                shown += os.read(ours, 2**16).decode()
        return all(word in shown for word in words) or None

    try:
        until(lambda: shows("c0ffee00", "dense 1.0.0", "1 QUEUED"), what="the job", deadline_s=DEADLINE_S)
        assert "FAILED" not in shown

        database = Database.existing(f"sqlite:///{site.parent}/wetread.db")
        with database.write() as connection:
            job = ledger.known(connection, KEY)
            assert ledger.move(connection, job, JobState.FAILED, datetime.now(UTC), reason="no breast in it")
        database.close()

        until(lambda: shows("no breast in it", "1 FAILED"), what="what became of it", deadline_s=DEADLINE_S)
        program.send_signal(signal.SIGINT)
        until(lambda: shows() and program.poll(), what="it ends", deadline_s=DEADLINE_S)
        assert program.returncode == 0
    finally:
        program.kill()
        program.wait()
