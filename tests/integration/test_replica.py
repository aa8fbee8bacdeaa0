"""A replica and its database's connection: without it, it changes nothing and leads nobody."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from demo.waiting import until
from tests.dicom_factories import as_file, mammogram
from tests.wire import Wire

from orchestrator.errors import DatabaseUnavailable
from orchestrator.jobs.database import Database
from orchestrator.jobs.replica import Replica
from orchestrator.orthanc.client import OrthancClient
from orchestrator.settings import OrthancSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.orthanc import Orthanc
    from demo.postgres import Postgres

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
DEADLINE_S = 120


class Pair:
    """Two replicas of one ledger; the first one's connections run through a wire."""

    def __init__(self, postgres: Postgres, stack: ExitStack) -> None:
        name = uuid4().hex
        postgres.make(name)
        ledger = Database(postgres.url(name))
        stack.callback(ledger.close)
        ledger.migrate()
        self.wire = stack.enter_context(Wire(postgres.port, "PostgreSQL"))
        through_wire = postgres.url(name).replace(f":{postgres.port}/", f":{self.wire.port}/")
        self.first, self.second = Replica(through_wire), Replica(postgres.url(name))
        self.expelled: list[str] = []
        for one in (self.first, self.second):
            one.join(lambda one=one: self.expelled.append(one.executor_id))
            stack.callback(one.leave)
            if one is self.first:
                until(lambda: self.first.leads() or None, what="the first one leads", deadline_s=DEADLINE_S)
        stack.callback(self.wire.flow)


@pytest.fixture
def pair(postgres: Postgres) -> Iterator[Pair]:
    """The first one leads."""
    with ExitStack() as stack:
        yield Pair(postgres, stack)


def _is_entitled(replica: Replica) -> bool:
    try:
        replica.entitle()
    except DatabaseUnavailable:
        return False
    return True


def test_a_replica_that_cannot_reach_its_database_sends_orthanc_nothing_that_changes_it(
    pair: Pair, own_orthanc: Orthanc
) -> None:
    settings = OrthancSettings(
        url=own_orthanc.url, username=own_orthanc.settings.username, password_file=own_orthanc.password_file
    )
    archive = OrthancClient(settings, entitle=pair.first.entitle)
    stored = archive.store(as_file(mammogram("L", "CC", study="before", number=1))).orthanc_id

    pair.wire.stall()
    until(lambda: not _is_entitled(pair.first) or None, what="it notices", deadline_s=DEADLINE_S)

    with pytest.raises(DatabaseUnavailable, match="could not say that it lives"):
        archive.store(as_file(mammogram("L", "CC", study="after", number=1)))
    with pytest.raises(DatabaseUnavailable):
        archive.delete(stored)
    assert archive.exists(stored)
    assert len(archive.studies()) == 1
    archive.close()


def test_no_two_lead_when_the_leader_loses_its_database_and_the_others_bury_it(pair: Pair) -> None:
    pair.wire.stall()

    def another_leads() -> bool | None:
        second, first = pair.second.leads(), pair.first.leads()  # in this order: the first one never leads again
        assert not (first and second)
        return second or None

    until(another_leads, what="the second one leads", deadline_s=DEADLINE_S)
    assert not _is_entitled(pair.first)

    pair.wire.flow()
    until(lambda: pair.expelled or None, what="the first one finds itself buried", deadline_s=DEADLINE_S)
    assert pair.expelled == [pair.first.executor_id]
    assert not _is_entitled(pair.first)
    assert _is_entitled(pair.second)
