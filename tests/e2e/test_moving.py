"""A site moves from SQLite to PostgreSQL: what is done stays done, what was under way is finished, once."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import yaml
from demo.following import short
from demo.services import SCRIPTS
from demo.waiting import until
from tests.dicom_factories import four_view_study
from tests.e2e.chain import HeldGrading, unique

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from demo.postgres import Postgres
    from demo.services import Orchestrator
    from tests.e2e.chain import Chain


pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def wetread(orchestrator: Orchestrator, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [SCRIPTS / "wetread", *arguments, "--site", orchestrator.site_file]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"COLUMNS": "300"})


def stored(chain: Chain, study: str) -> None:
    until(lambda: chain.logged("result_stored", study=short(study)) or None, what="the result is stored", deadline_s=60)


def test_a_ledger_moves_to_postgresql_with_nothing_lost_and_nothing_done_twice(
    own_chain: Callable[..., AbstractContextManager[Chain]], postgres: Postgres
) -> None:
    model = HeldGrading()
    with own_chain(model) as chain:
        old = f"sqlite:///{chain.orchestrator.database}"
        model.let_go.set()
        done = chain.send(four_view_study(study=unique()))
        stored(chain, done)
        kept = sorted(one.content for one in chain.orthanc.archive.results(done))
        model.let_go.clear()
        under_way = chain.send(four_view_study(study=unique()))
        until(lambda: len(chain.logged("prediction_requested")) == 2 or None, what="the second is asked", deadline_s=60)
        text = yaml.safe_load(chain.orchestrator.site_file.read_text(encoding="utf-8"))
        text |= {"database": postgres.make(uuid4().hex), "database_password_file": str(postgres.password_file)}
        chain.orchestrator.site_file.write_text(yaml.safe_dump(text), encoding="utf-8")

        held = wetread(chain.orchestrator, "migrate", "--from", old)
        chain.orchestrator.kill()
        moved = wetread(chain.orchestrator, "migrate", "--from", old)
        again = wetread(chain.orchestrator, "migrate", "--from", old)

        assert (held.returncode, "another orchestrator" in held.stderr) == (2, True)
        assert moved.returncode == 0, moved.stderr
        assert "2 jobs" in moved.stdout
        assert (again.returncode, "in use" in again.stderr) == (2, True)

        model.let_go.set()
        chain.orchestrator.start()
        stored(chain, under_way)

        assert sorted(one.content for one in chain.orthanc.archive.results(done)) == kept
        assert len(chain.orthanc.archive.results(under_way)) == 2
        assert len(chain.logged("result_stored")) == 2
        doctor = wetread(chain.orchestrator, "doctor", "--ledger")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
