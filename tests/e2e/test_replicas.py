"""Three orchestrators on one PostgreSQL: all work, one leads, and what dies or is stopped does no harm."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from demo.following import short
from demo.waiting import until
from tests.e2e.replicas import DEADLINE_S, NUMBER, replicated

from orchestrator.jobs.states import JobState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.orthanc import Orthanc
    from demo.postgres import Postgres
    from tests.e2e.replicas import Site
    from tests.nursery import Nursery

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


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
    """Three replicas that do one job at a time each, and a model that holds its answers back."""
    with replicated(tmp_path, own_orthanc, postgres, nursery) as made:
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
