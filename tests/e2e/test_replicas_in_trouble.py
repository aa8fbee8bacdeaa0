"""Three orchestrators whose PostgreSQL, connections or deliveries are hit: they go on, and nothing happens twice."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from demo.orthanc import Orthanc, OrthancSettings
from demo.processes import free_port
from demo.waiting import until
from tests.delivery_chain import make_known
from tests.e2e.chain import model_settings
from tests.e2e.replicas import DEADLINE_S, replicated
from tests.fakes.pacs import ACCEPTED, DifficultPacs

from orchestrator.jobs import deliveries, shipments
from orchestrator.jobs.states import DeliveryState, JobState

if TYPE_CHECKING:
    from pathlib import Path

    from demo.postgres import Postgres
    from tests.e2e.replicas import Site
    from tests.nursery import Nursery

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
NAME = "DIFFICULT"
MANY = 8
BUSY = {"threads": 4}
"""Of each replica: together they could do all at once."""


def test_replicas_go_on_when_postgresql_was_killed_and_started_again(
    own_orthanc: Orthanc, own_postgres: Postgres, nursery: Nursery, tmp_path: Path
) -> None:
    with replicated(tmp_path, own_orthanc, own_postgres, nursery) as site:
        study = site.send()
        site.wait_for("prediction_requested")

        own_postgres.kill()
        site.all_have("replica_silent")
        site.model.let_go.set()
        own_postgres.start()

        site.reads(study)
        site.reads(site.send())


def test_replicas_go_on_when_all_their_connections_to_postgresql_are_cut(
    own_orthanc: Orthanc, postgres: Postgres, nursery: Nursery, tmp_path: Path
) -> None:
    with replicated(tmp_path, own_orthanc, postgres, nursery) as site:
        study = site.send()
        site.wait_for("prediction_requested")

        for wire in site.wires:
            wire.cut()
        site.all_have("replica_silent")
        site.model.let_go.set()

        site.reads(study)
        site.reads(site.send())


def test_a_replica_that_alone_has_lost_the_database_loses_its_job_and_stores_nothing(
    own_orthanc: Orthanc, postgres: Postgres, nursery: Nursery, tmp_path: Path
) -> None:
    with replicated(tmp_path, own_orthanc, postgres, nursery) as site:
        study = site.send()
        [worker] = site.wait_for("prediction_requested")
        wire = site.wires[site.replicas.index(worker)]

        wire.stall()
        site.wait_for("job_taken_over")
        site.model.let_go.set()
        site.reads(study)
        wire.flow()

        until(lambda: not worker.running or None, what="it is expelled and ends", deadline_s=DEADLINE_S)
        assert site.logged(worker, "result_stored") == []
        assert len(own_orthanc.archive.results(study)) == 2


def test_a_delivery_of_a_replica_that_is_killed_while_it_sends_is_taken_over_and_each_object_is_sent_once(
    postgres: Postgres, nursery: Nursery, tmp_path: Path
) -> None:
    reached, opened = threading.Event(), threading.Event()

    def hold_the_first(number: int) -> int:
        if number == 1:
            reached.set()
            assert opened.wait(DEADLINE_S)
        return ACCEPTED

    orthanc = Orthanc(tmp_path / "orthanc", OrthancSettings(stable_age_s=1))
    delivery = {"remote": NAME, "auto_transmit": True, "study_date_within": "9000d", "quiet": 0}
    sections = {"destinations": {NAME: {"test": True}}, "delivery": delivery}
    with DifficultPacs(free_port(), answer=hold_the_first) as pacs:
        orthanc.start()
        try:
            make_known(orthanc, NAME, NAME, pacs.port)
            with replicated(tmp_path, orthanc, postgres, nursery, **sections) as site:
                site.model.let_go.set()
                site.send()
                assert reached.wait(DEADLINE_S)
                with site.ledger() as database, database.read() as connection:
                    [sending] = deliveries.listed(connection)
                sender = site.works_on("delivery")
                sender.kill()
                opened.set()
                until(lambda: pacs.kept or None, what="Orthanc ends the transfer", deadline_s=DEADLINE_S)

                site.wait_for("delivery_taken_over")
                [other] = site.wait_for("result_delivered")

                with site.ledger() as database, database.read() as connection:
                    [delivered] = deliveries.listed(connection)
                    objects = shipments.of(connection, delivered.key)
                assert other is not sender
                assert (sending.state, delivered.state) == (DeliveryState.SENDING, DeliveryState.DELIVERED)
                assert pacs.kept == {one.sop_instance_uid: 1 for one in objects}
                assert len(objects) == 2
        finally:
            orthanc.kill()


@pytest.mark.parametrize("limit", [1, 2])
def test_three_replicas_together_ask_an_endpoint_as_often_as_it_takes_at_once_and_never_more(
    own_orthanc: Orthanc, postgres: Postgres, nursery: Nursery, tmp_path: Path, limit: int
) -> None:
    """Its SDK would refuse one more; that none was refused shows that none was begun only to be sent away."""
    settings = replace(model_settings(tmp_path, 0), concurrency=limit)
    with replicated(tmp_path, own_orthanc, postgres, nursery, settings=settings, work=BUSY) as site:
        studies = [site.send() for _ in range(MANY)]
        site.wait_for("job_queued", MANY)
        site.wait_for("prediction_requested", limit)
        site.model.let_go.set()
        for study in studies:
            site.reads(study)
        jobs = site.jobs()

        assert _most_at_once(site) == limit
        assert site.who("job_retried") == []
    assert [job.state for job in jobs] == [JobState.DONE] * MANY


def _most_at_once(site: Site) -> int:
    """How many calls the replicas together had under way at most, by the times in their logs."""
    steps = {"prediction_received": -1, "prediction_requested": 1}
    moments = sorted(
        (event.text("timestamp"), step)
        for name, step in steps.items()
        for replica in site.replicas
        for event in site.logged(replica, name)
    )
    return max(accumulate(step for _, step in moments))
