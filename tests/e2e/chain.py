"""An Orthanc and an orchestrator as a test uses them: send, wait, look."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from bench.model import DECLARATION, answer
from demo import following, results
from demo.events import Event, read
from demo.following import short
from demo.services import SCRIPTS
from pydicom import dcmread
from tests.delivery_chain import make_known
from tests.dicom_factories import as_file
from tests.fakes.models import Answering, Held

from wetread_sdk import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from demo.events import EventLog
    from demo.orthanc import Orthanc
    from demo.services import Orchestrator
    from pydicom import Dataset
    from tests.delivery_chain import Pacs

    from wetread_sdk import Answer, Study


ROOT = Path(__file__).parents[2]


def unique() -> str:
    """A name for a study that no other test has."""
    return uuid4().hex


def model_settings(folder: Path, port: int) -> Settings:
    """Of a model in this process that wants the four standard views."""
    return Settings(
        declaration=DECLARATION, grpc_host="127.0.0.1", grpc_port=port, http_port=0, spool_dir=folder, drain_s=1.0
    )


class Counting(Answering):
    """Answers at once, with a density; counts."""

    def __init__(self) -> None:
        super().__init__(lambda _: answer())
        self.answered = 0

    def predict(self, study: Study) -> Answer:
        self.answered += 1
        return super().predict(study)


class HeldGrading(Held):
    """Answers with a density when it is let go; counts its calls."""

    def predict(self, study: Study) -> Answer:
        super().predict(study)
        return answer()


@dataclass
class Chain:
    """What a test talks to."""

    orthanc: Orthanc
    orchestrator: Orchestrator
    events: EventLog
    seen: list[Event] = field(default_factory=list)

    def send(self, datasets: Iterable[Dataset]) -> str:
        """Orthanc's identifier of the study that these are in now."""
        return [self.orthanc.archive.upload(as_file(dataset)) for dataset in datasets][-1]

    def ended(self, study: str) -> str:
        """What became of a study: `result_stored`, `UNSUITABLE`, …"""
        return self.all_ended([study])[study]

    def all_ended(self, studies: Collection[str]) -> dict[str, str]:
        """What became of each of several studies."""
        return following.follow(studies, self.events, self.seen.append)

    def result(self, study: str) -> results.Result:
        """The pair of objects in a study."""
        return results.find(self.orthanc.archive, study)

    def report(self, study: str) -> Dataset:
        """The structured report in a study."""
        return self.result(study).report.dataset

    def source(self, study: str) -> Dataset:
        """One of the study's own instances, as Orthanc has it."""
        archive = self.orthanc.archive
        return dcmread(BytesIO(archive.file(archive.sources(study)[0])))

    def logged(self, name: str, **values: str) -> list[Event]:
        """All such events since the first start."""
        return [
            event
            for event in read(self.orchestrator.log)
            if event.name == name and all(event.text(key) == value for key, value in values.items())
        ]

    def jobs(self, study: str) -> set[str]:
        """The jobs that a study was ever given; one that was being written at a crash is logged twice."""
        return {event.text("job") for event in self.logged("job_queued", study=short(study))}

    def explain(self, study: str) -> str:
        """What `wetread explain` prints about a study, in one line."""
        command = [str(SCRIPTS / "wetread"), "explain", study, "--site", str(self.orchestrator.site_file)]
        told = subprocess.run(command, capture_output=True, text=True, check=True, env={"COLUMNS": "500"})
        return " ".join(told.stdout.split())

    def wetread(self, *arguments: str, fails: bool = False) -> str:
        """What a command prints, in one line; `fails`: it must not succeed."""
        command = [str(SCRIPTS / "wetread"), *arguments, "--site", str(self.orchestrator.site_file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={"COLUMNS": "500"})
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return " ".join((done.stdout + done.stderr).split())


def introduce(chain: Chain, pacs: Pacs) -> None:
    """Lets the two Orthancs know each other."""
    name = chain.orthanc.settings.ae_title
    make_known(chain.orthanc, "PACS", "PACS", pacs.orthanc.dicom_port)
    make_known(pacs.orthanc, name, name, chain.orthanc.dicom_port)
