"""Orthanc's REST API, as far as sending a study and looking at its results needs it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pydicom
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S = 60.0
OUR_MANUFACTURER = "Wetread"
"""(0008,0070) of every object that Wetread writes."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One of Wetread's objects as it lies in Orthanc."""

    orthanc_id: str
    content: bytes

    @property
    def dataset(self) -> pydicom.Dataset:
        """The parsed file."""
        return pydicom.dcmread(BytesIO(self.content))


class Archive:
    """An Orthanc and the account to speak to it with."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.auth = (username, password)
        # Orthanc closes idle connections; a file may be sent twice.
        once_more = Retry(total=1, redirect=0, status=0, allowed_methods=("GET", "POST"))
        self._session.mount(f"{url}/instances", HTTPAdapter(max_retries=once_more))
        # Orthanc compresses for clients that offer it, at 140 ms of its CPU time per mammogram.
        self._session.headers["Accept-Encoding"] = "identity"

    def close(self) -> None:
        """Gives its connections back."""
        self._session.close()

    def answers(self) -> bool:
        """Whether Orthanc is up and takes our account."""
        try:
            return self._session.get(f"{self.url}/system", timeout=2).status_code == HTTPStatus.OK
        except requests.RequestException:
            return False

    def get(self, path: str) -> Any:  # noqa: ANN401  # JSON
        """The JSON behind a path. Raises `requests.HTTPError`."""
        answer = self._session.get(self.url + path, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: object) -> Any:  # noqa: ANN401  # JSON
        """The answer to a JSON body. Raises `requests.HTTPError`."""
        answer = self._session.post(self.url + path, json=body, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()

    def delete(self, path: str) -> None:
        """Deletes what is behind a path. Raises `requests.HTTPError`."""
        self._session.delete(self.url + path, timeout=TIMEOUT_S).raise_for_status()

    def file(self, instance: str) -> bytes:
        """The DICOM file of an instance, by Orthanc's identifier."""
        answer = self._session.get(f"{self.url}/instances/{instance}/file", timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.content

    def upload(self, content: bytes) -> str:
        """Orthanc's identifier of the study that a DICOM file was put into. Raises `requests.HTTPError`."""
        answer = self._session.post(f"{self.url}/instances", data=content, timeout=TIMEOUT_S)
        answer.raise_for_status()
        parent: str = answer.json()["ParentStudy"]
        return parent

    def upload_all(self, files: list[Path]) -> str:
        """Orthanc's identifier of the last file's study."""
        studies = [self.upload(path.read_bytes()) for path in files]
        return studies[-1]

    def study(self, study_instance_uid: str) -> str | None:
        """Orthanc's identifier of a study, if it has one with this UID."""
        query = {"Level": "Study", "Query": {"StudyInstanceUID": study_instance_uid}}
        found: list[str] = self.post("/tools/find", query)
        return found[0] if found else None

    def results(self, study: str) -> list[StoredObject]:
        """Wetread's objects in a study, by Orthanc's identifier of it; one that is just being deleted is left out."""
        named = [
            instance
            for series in self.get(f"/studies/{study}/series")
            if series["MainDicomTags"].get("Manufacturer") == OUR_MANUFACTURER
            for instance in series["Instances"]
        ]
        return [stored for instance in named if (stored := self._stored(instance))]

    def _stored(self, instance: str) -> StoredObject | None:
        answer = self._session.get(f"{self.url}/instances/{instance}/file", timeout=TIMEOUT_S)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        answer.raise_for_status()
        return StoredObject(instance, answer.content)

    def sources(self, study: str) -> list[str]:
        """Orthanc's identifiers of a study's instances that Wetread did not write."""
        return [
            instance
            for series in self.get(f"/studies/{study}/series")
            if series["MainDicomTags"].get("Manufacturer") != OUR_MANUFACTURER
            for instance in series["Instances"]
        ]
