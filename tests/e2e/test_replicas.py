"""Three orchestrators on one PostgreSQL: all work, one leads, and what dies or is stopped does no harm."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from bench.model import answer
from demo.events import read
from demo.following import short
from demo.services import Orchestrator
from demo.waiting import until
from tests.dicom_factories import as_file, four_view_study
from tests.e2e.chain import model_settings, unique
from tests.fakes.models import Held

from orchestrator.jobs import ledger
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import JobState
from wetread_sdk.serving import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from demo.events import Event
    from demo.orthanc import Orthanc
    from demo.postgres import Postgres
    from tests.nursery import Nursery

    from orchestrator.jobs.ledger import Job
    from wetread_sdk import Answer, Study

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
NUMBER = 3
DEADLINE_S = 60.0


class HeldGrading(Held):
    """Answers with a density when it is let go; counts its calls."""

    def predict(self, study: Study) -> Answer:
        super().predict(study)
        return answer()


@dataclass(frozen=True)
class Site:
    """What a test talks to."""

    orthanc: Orthanc
    model: HeldGrading
    replicas: tuple[Orchestrator, ...]
    database: str

    def jobs(self) -> list[Job]:
        """All jobs as the ledger has them now."""
        with closing(Database.existing(self.database)) as database, database.read() as connection:
            return ledger.listed(connection)

    def send(self) -> str:
        """Orthanc's identifier of a new study."""
        datasets = four_view_study(study=unique())
        return [self.orthanc.archive.upload(as_file(dataset)) for dataset in datasets][-1]

    def logged(self, replica: Orchestrator, name: str, **values: str) -> list[Event]:
        """All such events of one replica."""
        return [
            event
            for event in read(replica.log)
            if event.name == name and all(event.text(key) == value for key, value in values.items())
        ]

    def who(self, name: str, **values: str) -> list[Orchestrator]:
        """The replicas that have logged it, once for each time."""
        return [one for one in self.replicas for _ in self.logged(one, name, **values)]

    def wait_for(self, name: str, times: int = 1, **values: str) -> list[Orchestrator]:
        """The replicas that have logged it, when it has been logged so often."""

        def enough() -> list[Orchestrator] | None:
            found = self.who(name, **values)
            return found if len(found) >= times else None

        return until(enough, what=f"{times} times {name} {values}", deadline_s=DEADLINE_S)

    def reads(self, study: str) -> None:
        """Returns when the study has its one result, stored once."""
        self.wait_for("result_stored", study=short(study))
        assert len(self.orthanc.archive.results(study)) == 2
        assert len(self.who("result_stored", study=short(study))) == 1


@contextmanager
def _stopped(pid: int | None) -> Iterator[None]:
    """A process that does nothing and knows nothing of it."""
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def site(own_orthanc: Orthanc, postgres: Postgres, nursery: Nursery, tmp_path: Path) -> Iterator[Site]:
    """Three replicas that do one job at a time each, and a model that holds its answers back.

    Without previews: once the model has the images, nothing more is read from Orthanc to compose its answer.
    """
    model = HeldGrading()
    name = uuid4().hex
    sections: dict[str, Mapping[str, object] | str] = {
        "database": postgres.make(name),
        "database_password_file": str(postgres.password_file),
        "work": {"threads": 1},
        "results": {"previews": False},
    }
    with running(model, model_settings(tmp_path, 0)) as server, ExitStack() as stack:
        replicas = tuple(
            Orchestrator(tmp_path / f"replica{n}", own_orthanc, (server.address,), **sections) for n in range(NUMBER)
        )
        for one in replicas:
            stack.callback(one.stop)
            one.begin = nursery.begin
            one.launch()
        stack.callback(model.let_go.set)
        made = Site(own_orthanc, model, replicas, postgres.url(name))
        made.wait_for("orchestrator_started", NUMBER)
        made.wait_for("model_registered")
        yield made


def test_all_replicas_work_and_one_leads(site: Site) -> None:
    studies = [site.send() for _ in range(NUMBER)]

    asked = site.wait_for("prediction_requested", NUMBER)

    assert set(asked) == set(site.replicas)
    site.model.let_go.set()
    for study in studies:
        site.reads(study)
    assert len(site.who("leader_changed")) == 1
    assert len(set(site.who("study_judged"))) == 1


def test_when_the_leader_is_killed_another_one_leads(site: Site) -> None:
    site.model.let_go.set()
    [leader] = site.wait_for("leader_changed")

    leader.kill()

    site.wait_for("leader_changed", 2)
    site.reads(site.send())


def test_a_killed_replica_s_job_is_taken_over_and_done_once(site: Site) -> None:
    study = site.send()
    [worker] = site.wait_for("prediction_requested")

    worker.kill()
    site.wait_for("job_taken_over")
    site.model.let_go.set()

    site.reads(study)
    assert site.logged(worker, "result_stored") == []


def test_a_replica_that_was_stopped_past_its_lease_is_refused_and_leaves(site: Site) -> None:
    """It is stopped between the last look and the store: when it goes on, others have done its job."""
    study = site.send()
    [worker] = site.wait_for("prediction_requested")
    assert site.model.begun.acquire(timeout=DEADLINE_S)
    with ExitStack() as stops:
        archive_stopped = stops.enter_context(ExitStack())
        archive_stopped.enter_context(_stopped(site.orthanc.pid))
        site.model.let_go.set()
        site.wait_for("result_composed")
        stops.enter_context(_stopped(worker.pid))
        archive_stopped.close()

        site.wait_for("job_taken_over")
        site.wait_for("result_stored", study=short(study))

    until(lambda: site.logged(worker, "effect_refused") or None, what="it is refused", deadline_s=DEADLINE_S)
    until(lambda: not worker.running or None, what="it ends", deadline_s=DEADLINE_S)
    assert site.logged(worker, "replica_expelled")
    site.reads(study)
    assert site.logged(worker, "result_stored") == []
    assert site.model.answered == 1


def test_what_a_replica_has_left_at_an_orderly_stop_is_handed_back_and_counts_as_no_death(site: Site) -> None:
    """The model needs longer than a stop waits; a job that was executing at three deaths would be FAILED."""
    study = site.send()
    [worker] = site.wait_for("prediction_requested")

    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGTERM)
    site.wait_for("prediction_requested", 2)
    [job] = site.jobs()
    site.model.let_go.set()

    site.reads(study)
    assert site.who("job_handed_back") == [worker]
    assert site.who("job_taken_over") == []
    assert (job.state, job.crashes) == (JobState.PREDICTING, 0)
