"""Three orchestrators on one PostgreSQL and a model that holds its answers back, as a test uses them."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa
from demo.events import read
from demo.following import short
from demo.services import Orchestrator
from demo.waiting import until
from tests.dicom_factories import as_file, four_view_study
from tests.e2e.chain import HeldGrading, model_settings, unique
from tests.wire import Wire

from orchestrator.jobs import ledger
from orchestrator.jobs.database import Database
from wetread_sdk.serving import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from demo.events import Event
    from demo.orthanc import Orthanc
    from demo.postgres import Postgres
    from tests.nursery import Nursery

    from orchestrator.jobs.ledger import Job
    from wetread_sdk import Settings

NUMBER = 3
DEADLINE_S = 120.0


@dataclass(frozen=True)
class Site:
    """What a test talks to."""

    orthanc: Orthanc
    model: HeldGrading
    replicas: tuple[Orchestrator, ...]
    wires: tuple[Wire, ...]
    """From each replica to PostgreSQL."""
    database: str

    def jobs(self) -> list[Job]:
        """All jobs as the ledger has them now."""
        with self.ledger() as database, database.read() as connection:
            return ledger.listed(connection)

    @contextmanager
    def ledger(self) -> Iterator[Database]:
        """The ledger, by no wire."""
        with closing(Database.existing(self.database)) as database:
            yield database

    def send(self) -> str:
        """Orthanc's identifier of a new study."""
        datasets = four_view_study(study=unique())
        return [self.orthanc.archive.upload(as_file(dataset)) for dataset in datasets][-1]

    def logged(self, replica: Orchestrator, name: str, /, **values: str) -> list[Event]:
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

    def all_have(self, name: str) -> None:
        """Returns when every replica has logged it."""
        until(lambda: set(self.who(name)) == set(self.replicas) or None, what=f"all have {name}", deadline_s=DEADLINE_S)

    def works_on(self, workflow: str) -> Orchestrator:
        """The replica that has the only running workflow of this name, by the engine's own table."""
        running = sa.text("SELECT executor_id FROM dbos.workflow_status WHERE name = :name AND status = 'PENDING'")
        with self.ledger() as database, database.read() as connection:
            executor_id = connection.execute(running, {"name": workflow}).scalar_one()
        [replica] = [one for one in self.replicas if self.logged(one, "replica_joined", replica=executor_id[:8])]
        return replica

    def reads(self, study: str) -> None:
        """Returns when the study has its one result, stored once."""
        self.wait_for("result_stored", study=short(study))
        assert len(self.orthanc.archive.results(study)) == 2
        assert len(self.who("result_stored", study=short(study))) == 1, self.story()

    def story(self) -> str:
        """What all replicas have logged, in the order of its times."""
        told = [
            f"{event.text('timestamp')} replica {number} {event.name} {event.text('job')} {event.text('reason')}"
            for number, one in enumerate(self.replicas)
            for event in read(one.log)
        ]
        return "\n".join(sorted(told))


@contextmanager
def replicated(
    folder: Path,
    orthanc: Orthanc,
    postgres: Postgres,
    nursery: Nursery,
    *,
    settings: Settings | None = None,
    **sections: Mapping[str, object],
) -> Iterator[Site]:
    """Started. Each replica does one job at a time, unless `sections` of the site file say otherwise.

    Without previews: once the model has the images, nothing more is read from Orthanc to compose its answer.
    """
    model = HeldGrading()
    name = uuid4().hex
    address = postgres.make(name)
    with running(model, settings or model_settings(folder, 0)) as server, ExitStack() as stack:
        wires = tuple(stack.enter_context(Wire(postgres.port, "PostgreSQL")) for _ in range(NUMBER))
        replicas = []
        for number, wire in enumerate(wires):
            site: dict[str, Mapping[str, object] | str] = {
                "database": address.replace(f":{postgres.port}/", f":{wire.port}/"),
                "database_password_file": str(postgres.password_file),
                "work": {"threads": 1},
                "results": {"previews": False},
                **sections,
            }
            replicas.append(Orchestrator(folder / f"replica{number}", orthanc, (server.address,), **site))
            replicas[-1].begin = nursery.begin
            stack.callback(replicas[-1].stop)
            replicas[-1].launch()
        stack.callback(model.let_go.set)
        made = Site(orthanc, model, tuple(replicas), wires, postgres.url(name))
        made.wait_for("orchestrator_started", NUMBER)
        made.wait_for("model_registered")
        yield made
