"""The engine on a real SQLite file: what a crash leaves is taken up, and what has ended is not done again."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

PROGRAM = textwrap.dedent(
    """
    import os, signal, sys, threading, time
    from datetime import UTC, datetime
    from orchestrator.handoffs import Digest, JobKey, ModelIdentity, OrthancId
    from orchestrator.jobs import ledger, sweep, takeover
    from orchestrator.jobs.database import Database
    from orchestrator.jobs.engine import Engine, Step
    from orchestrator.jobs.membership import Alone
    from orchestrator.jobs.states import JobState

    url, journal, die_in = sys.argv[1:4]
    database = Database(url)
    database.migrate()
    model = ModelIdentity("m", "1", Digest("w"), Digest("d"))
    now = datetime.now(UTC)
    key = JobKey("k" * 64)

    def note(what):
        with open(journal, "a") as lines:
            lines.write(what + "\\n")

    def effect(name):
        def run():
            note(name)
            if die_in == name:
                os.kill(os.getpid(), signal.SIGKILL)
            return True
        return run

    def finish():
        note("finish")
        ended.set()
        return True

    ended = threading.Event()
    engine = Engine(
        database.engine,
        lambda key, attempt: (Step("first", effect("first")), Step("second", effect("second")), Step("third", finish)),
        threads=2,
        per_model=1,
    )
    engine.launch()
    with database.write() as connection:
        if ledger.find(connection, key) is None:
            new = ledger.NewJob(key, OrthancId("s"), "", model, ledger.ROUTINE_PRIORITY, now, {})
            ledger.open_job(connection, new, now, replaces=None)
    takeover.take_over(database, engine, Alone(), now)
    sweep.start_due(database, engine, lambda model: 9, now, at_most=5)
    if not ended.wait(30):
        sys.exit("the job did not end")
    engine.stop(0)
    """
)


def run(folder: Path, die_in: str) -> int:
    url = f"sqlite:///{folder}/ledger.db"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, url, str(folder / "journal"), die_in], check=False, timeout=60
    )
    return done.returncode


@pytest.mark.parametrize(
    ("die_in", "journal"),
    [("first", ["first", "first", "second", "finish"]), ("second", ["first", "second", "second", "finish"])],
)
def test_a_killed_process_goes_on_at_the_step_in_which_it_died(tmp_path: Path, die_in: str, journal: list[str]) -> None:
    assert run(tmp_path, die_in) == -signal.SIGKILL
    assert run(tmp_path, "never") == 0
    assert (tmp_path / "journal").read_text(encoding="utf-8").split() == journal


def test_work_that_an_engine_of_another_release_has_left_is_begun_again(tmp_path: Path) -> None:
    """DBOS never touches rows of another application version: they would wait for ever."""
    assert run(tmp_path, "second") == -signal.SIGKILL
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as database, database:
        changed = database.execute("UPDATE workflow_status SET application_version = 'wetread-0'")
        assert changed.rowcount == 1

    assert run(tmp_path, "never") == 0

    assert (tmp_path / "journal").read_text(encoding="utf-8").split() == [*["first", "second"] * 2, "finish"]
