"""An Orthanc with finished results in it, a second one as PACS, and one attempt after the other by hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests
from tests.composition_factories import composition_of
from tests.dicom_factories import as_file, four_view_study

from orchestrator import settings
from orchestrator.compose import compose
from orchestrator.compose.relabel import relabelled
from orchestrator.deliver import forward, plan, store
from orchestrator.handoffs import DeliveryKey, JobKey, OrthancId
from orchestrator.jobs import deliveries, ledger, rejections, shipments
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import DeliveryState, JobState
from orchestrator.orthanc.client import OrthancClient
from orchestrator.orthanc.remotes import remote_of

if TYPE_CHECKING:
    from pathlib import Path

    from demo.orthanc import Orthanc
    from pydicom import Dataset

    from orchestrator.settings import Site

Setting = Any
"""A value in a site file, or of an attribute."""
BOTH_PROVEN = re.compile("2 by (commitment|find)")
"""What `wetread deliveries` says of card and report: a PACS that is slow to commit is asked by C-FIND."""


class Clock:
    """Time that only goes on when somebody says so."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Result:
    """A finished job and what it has put into Orthanc."""

    job: JobKey
    study: OrthancId
    views: list[Dataset]
    sop_instance_uids: dict[str, str]
    """By kind."""
    instances: list[str] = field(default_factory=list)
    """Orthanc's ids of the study's own instances."""

    @property
    def source(self) -> Dataset:
        """The first of the study's own instances."""
        return self.views[0]


class Chain:
    """The delivering half of an orchestrator, run step by step."""

    def __init__(self, folder: Path, orthanc: Orthanc, destinations: dict[str, Any], **delivery: Setting) -> None:
        self.orthanc = orthanc
        self.clock = Clock()
        self.database = Database(f"sqlite:///{folder}/ledger.db")
        self.database.migrate()
        names = [name for name, one in destinations.items() if not one.pop("spare", False)]
        self.site_text = json.dumps(
            {
                "orthanc": {
                    "url": orthanc.url,
                    "username": orthanc.settings.username,
                    "password_file": str(orthanc.password_file),
                },
                "timezone": "Europe/Berlin",
                "database": f"sqlite:///{folder}/ledger.db",
                "destinations": destinations,
                "delivery": {"remote": names, "auto_transmit": True, **delivery},
            }
        )
        self.site_file = folder / "site.yaml"
        self.site_file.write_text(self.site_text, encoding="utf-8")
        self.site: Site = settings.parse(self.site_text.encode(), self.site_file)
        self.archive = OrthancClient(self.site.orthanc)
        self.made = 0

    def tools(self) -> forward.Tools:
        return forward.Tools(
            archive=self.archive,
            database=self.database,
            remote=lambda destination: remote_of(self.archive, destination),
            relabel=relabelled,
            site=lambda: self.site,
            clock=self.clock,
            on_end=lambda: None,
        )

    def result(self, *, study_date: datetime | None = None, **attributes: Setting) -> Result:
        """A study in Orthanc, read and composed, its objects stored, its job DONE and its deliveries opened."""
        self.made += 1
        dated = (study_date or self.clock.now).strftime("%Y%m%d")
        name = f"{id(self)} {self.made}"
        views = four_view_study(study=name, rows=16, columns=16, StudyDate=dated, **attributes)
        stored = [self.archive.store(as_file(view)).orthanc_id for view in views]
        study = self.archive.study_of_instance(stored[0]).orthanc_id
        key = JobKey(f"{self.made:064x}")
        model, now = composition_of(*views, job_key=key).model, self.clock.now
        new = ledger.NewJob(key, study, "", model, ledger.ROUTINE_PRIORITY, now, _input(views, stored))
        with self.database.write() as connection:
            ledger.open_job(connection, new, now, replaces=None)
        return Result(key, study, views, self._made(key, views), list(stored))

    def made_again(self, result: Result) -> dict[str, str]:
        """The job is taken up again and done: the SOP instance UIDs of what it has put into Orthanc now, by kind."""
        with self.database.write() as connection:
            ledger.reopen(connection, ledger.known(connection, result.job), self.clock.now, "taken up again")
        return self.put(result)

    def put(self, result: Result) -> dict[str, str]:
        """The waiting job of a result is done: the SOP instance UIDs of its objects, by kind."""
        return self._made(result.job, result.views)

    def _made(self, key: JobKey, views: list[Dataset]) -> dict[str, str]:
        """Composed, stored and DONE, its deliveries opened."""
        now = self.clock.now
        with self.database.read() as connection:
            made = composition_of(*views, job_key=key, rejections=rejections.times(connection, key))
        objects = compose(made).objects
        ids = [(one, store.store(self.archive, one, lambda: True)) for one in objects]
        with self.database.write() as connection:
            ledger.note_results(connection, key, ids, now)
        self._finish(key)
        origin = plan.origin(views[0], made.declaration.stage, altered_from=False)
        with self.database.write() as connection:
            plan.plan(connection, self.site, ledger.known(connection, key), origin, now)
        return {one.kind.value: one.sop_instance_uid for one in objects}

    def _finish(self, key: JobKey) -> None:
        for state in (JobState.COMPOSING, JobState.STORING, JobState.DONE):
            with self.database.write() as connection:
                job = ledger.find(connection, key)
                assert job is not None
                assert ledger.move(connection, job, state, self.clock.now)

    def attempt(self, key: DeliveryKey) -> deliveries.Delivery:
        """One attempt at a delivery that is due, as the engine runs it."""
        with self.database.write() as connection:
            delivery = deliveries.find(connection, key)
            assert delivery is not None
            attempt = deliveries.engage(connection, delivery)
        assert attempt is not None, delivery
        for step in forward.steps(self.tools(), key, attempt):
            if not step.run():
                break
        return self.delivery(key)

    def until_ended(self, key: DeliveryKey, attempts: int = 30) -> deliveries.Delivery:
        """Attempts with the pauses between them, until nothing more happens by itself."""
        delivery = self.delivery(key)
        for _ in range(attempts):
            if delivery.state is not DeliveryState.QUEUED:
                break
            self.clock.now = max(self.clock.now, delivery.not_before)
            delivery = self.attempt(key)
        return delivery

    def delivery(self, key: DeliveryKey) -> deliveries.Delivery:
        with self.database.read() as connection:
            found = deliveries.find(connection, key)
        assert found is not None
        return found

    def shipments(self, key: DeliveryKey) -> list[shipments.Shipment]:
        with self.database.read() as connection:
            return shipments.of(connection, key)

    def job(self, key: JobKey) -> ledger.Job:
        with self.database.read() as connection:
            found = ledger.find(connection, key)
        assert found is not None
        return found


@dataclass
class Pacs:
    """A second Orthanc that our Orthanc knows as PACS, DICOMweb server WEB and peer PEER."""

    orthanc: Orthanc

    def holds(self, sop_instance_uid: str) -> int:
        query = {"Level": "Instance", "Query": {"SOPInstanceUID": sop_instance_uid}}
        return len(self.orthanc.archive.post("/tools/find", query))

    def file(self, sop_instance_uid: str) -> bytes:
        """The one instance with this UID."""
        query = {"Level": "Instance", "Query": {"SOPInstanceUID": sop_instance_uid}}
        (instance,) = self.orthanc.archive.post("/tools/find", query)
        return self.orthanc.archive.file(instance)

    def counts(self) -> Counter[str]:
        """How many instances there are, by SOP instance UID."""
        found = self.orthanc.archive.get("/instances?expand")
        return Counter(one["MainDicomTags"]["SOPInstanceUID"] for one in found)


def put(orthanc: Orthanc, path: str, body: object) -> None:
    account = (orthanc.settings.username, orthanc.password)
    requests.put(f"{orthanc.url}{path}", json=body, auth=account, timeout=10).raise_for_status()


def make_known(orthanc: Orthanc, alias: str, ae_title: str, port: int) -> None:
    """Adds a modality to Orthanc's configuration while it runs."""
    put(orthanc, f"/modalities/{alias}", {"AET": ae_title, "Host": "127.0.0.1", "Port": port})


def _input(views: list[Dataset], stored: list[OrthancId]) -> dict[str, Any]:
    selected = [
        {
            "reference": {
                "study_instance_uid": view.StudyInstanceUID,
                "series_instance_uid": view.SeriesInstanceUID,
                "sop_class_uid": view.SOPClassUID,
                "sop_instance_uid": view.SOPInstanceUID,
            },
            "facts": {},
        }
        for view in views
    ]
    uids = [str(view.SOPInstanceUID) for view in views]
    return {"selected": selected, "left_out": [], "orthanc_ids": dict(zip(uids, stored, strict=True))}
