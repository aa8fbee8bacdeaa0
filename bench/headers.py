"""Which way of asking Orthanc for a study's headers is the fastest: `python -m bench.headers`.

A study of four mammograms and one of 300 CT slices, with the attributes that a scanner writes and
their pixels, in an Orthanc of our own. With ORTHANC_URL, _USERNAME and _PASSWORD set, in another one.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import requests
from demo.orthanc import Orthanc
from pydicom import dcmread
from rich.console import Console
from rich.table import Table
from tests.dicom_factories import as_file, ct_slice

from bench.exams import SCREENING, ExamMaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 7
SLICES = 300
TIMEOUT_S = 120.0
HEADER_BYTES = 16 * 1024
"""More than the headers of these studies take."""
WANTED = "Modality;SOPClassUID;ImageType;SliceThickness;ImageOrientationPatient;ImagePositionPatient"


@dataclass(frozen=True, slots=True)
class Answer:
    """One way of asking, for one study."""

    way: str
    requests: int
    first_ms: float
    """Of a study that nobody has asked for yet: what matching pays."""
    again_ms: float
    """Median of the rounds after it."""
    kilobytes: float
    complete: str
    """What of the headers it holds."""


class Asking:
    """An Orthanc that counts what it is asked."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url
        self.requests = self.size = 0
        self._session = requests.Session()
        self._session.auth = (username, password)
        self._session.headers["Accept-Encoding"] = "identity"

    def ask(self, path: str, body: object = None) -> requests.Response:
        """Return the answer. Raises `requests.HTTPError`, as for ways that this version does not know."""
        method = "POST" if body is not None else "GET"
        answer = self._session.request(method, self.url + path, json=body, timeout=TIMEOUT_S)
        answer.raise_for_status()
        self.requests += 1
        self.size += len(answer.content)
        return answer

    def beginning(self, path: str) -> bytes:
        """Return the first bytes of an answer and leave the rest."""
        with self._session.get(self.url + path, timeout=TIMEOUT_S, stream=True) as answer:
            answer.raise_for_status()
            content = bytes(answer.raw.read(HEADER_BYTES))
        self.requests += 1
        self.size += len(content)
        return content

    @contextmanager
    def study_of(self, files: list[bytes]) -> Iterator[str]:
        """Return the study that some files make; it is removed behind."""
        for content in files:
            answer = self._session.post(f"{self.url}/instances", data=content, timeout=TIMEOUT_S)
            answer.raise_for_status()
        study = str(answer.json()["ParentStudy"])
        self.requests = self.size = 0
        yield study
        self._session.delete(f"{self.url}/studies/{study}", timeout=TIMEOUT_S).raise_for_status()


@dataclass(frozen=True, slots=True)
class Ways:
    """Everything that one study can be asked in."""

    orthanc: Asking
    study: str
    study_instance_uid: str

    def all_of_it(self) -> None:
        """One request; Orthanc opens every file."""
        self.orthanc.ask(f"/studies/{self.study}/instances-tags")

    def shared(self) -> None:
        """One request per series; what differs between instances is not there."""
        for series in self._study()["Series"]:
            self.orthanc.ask(f"/series/{series}/shared-tags")

    def each(self) -> None:
        """One request per instance."""
        for instance in self._instances():
            self.orthanc.ask(f"/instances/{instance}/tags")

    def expanded(self) -> None:
        """One request; from 1.11 with attributes by name, before that with the main ones only."""
        self.orthanc.ask(f"/studies/{self.study}/instances?expand&requestedTags={WANTED}")

    def bulk(self) -> None:
        """Two requests; main attributes by default."""
        self.orthanc.ask("/tools/bulk-content", {"Resources": self._instances(), "Level": "Instance"})

    def dicomweb(self) -> None:
        """One request; every attribute as PS3.18 F has it."""
        self.orthanc.ask(f"/dicom-web/studies/{self.study_instance_uid}/metadata")

    def files(self) -> None:
        """One request per instance, left before the pixels, which costs a connection each."""
        for instance in self._instances():
            dcmread(BytesIO(self.orthanc.beginning(f"/instances/{instance}/file")), stop_before_pixels=True)

    def _study(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = self.orthanc.ask(f"/studies/{self.study}").json()
        return found

    def _instances(self) -> list[str]:
        return [one["ID"] for one in self.orthanc.ask(f"/studies/{self.study}/instances").json()]


COMPLETE = {
    "/studies/{id}/instances-tags": (Ways.all_of_it, "all"),
    "/series/{id}/shared-tags": (Ways.shared, "what all share"),
    "/instances/{id}/tags, one by one": (Ways.each, "all"),
    "/studies/{id}/instances?expand&requestedTags": (Ways.expanded, "those asked for, from 1.11"),
    "/tools/bulk-content": (Ways.bulk, "the main ones"),
    "/dicom-web/studies/{uid}/metadata": (Ways.dicomweb, "all, no private names"),
    "/instances/{id}/file, left before the pixels": (Ways.files, "all"),
}


def measured(orthanc: Asking, make: Callable[[], list[bytes]]) -> Iterator[Answer]:
    """Return what each way takes; every way gets a study of its own, because Orthanc and its plugin keep answers."""
    for name, (way, complete) in COMPLETE.items():
        files = make()
        uid = str(dcmread(BytesIO(files[0]), stop_before_pixels=True).StudyInstanceUID)
        with orthanc.study_of(files) as study:
            ways = Ways(orthanc, study, uid)
            first = _taken_ms(way, ways)
            count, size = orthanc.requests, orthanc.size
            again = statistics.median(_taken_ms(way, ways) for _ in range(ROUNDS))
            yield Answer(name, count, first, again, size / 1000, complete)


def _taken_ms(way: Callable[[Ways], None], ways: Ways) -> float:
    started = time.perf_counter()
    way(ways)
    return (time.perf_counter() - started) * 1000


def _mammograms() -> list[bytes]:
    return list(ExamMaker(SCREENING).files())


def _slices() -> list[bytes]:
    """300 slices of 512 × 512 with noise, of a study of their own."""
    pixels = np.random.default_rng(7).integers(0, 2000, (512, 512), dtype=np.uint16).tobytes()
    study = uuid4().hex
    return [_slice(study, number, pixels) for number in range(1, SLICES + 1)]


def _slice(study: str, number: int, pixels: bytes) -> bytes:
    dataset = dcmread(BytesIO(as_file(ct_slice(study=study, number=number))))
    dataset.Rows = dataset.Columns = 512
    dataset.PixelData = pixels
    file = BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def report(orthanc: Asking, console: Console) -> None:
    """Print one table per study."""
    version = orthanc.ask("/system").json()["Version"]
    for title, make in (("4 mammograms", _mammograms), (f"{SLICES} CT slices", _slices)):
        table = Table("asked", "requests", "first, ms", "again, ms", "kB", "holds", title=f"Orthanc {version}, {title}")
        for one in measured(orthanc, make):
            figures = (f"{one.first_ms:.1f}", f"{one.again_ms:.1f}", f"{one.kilobytes:,.0f}")
            table.add_row(one.way, str(one.requests), *figures, one.complete)
        console.print(table)


def main() -> None:
    """Measure the Orthanc that the environment names, else one of our own."""
    console = Console(width=120)
    if url := os.environ.get("ORTHANC_URL"):
        account = (os.environ.get("ORTHANC_USERNAME", ""), os.environ.get("ORTHANC_PASSWORD", ""))
        report(Asking(url.rstrip("/"), *account), console)
        return
    with tempfile.TemporaryDirectory() as folder:
        server = Orthanc(Path(folder))
        server.start()
        try:
            report(Asking(server.url, server.settings.username, server.password), console)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
