"""Orthanc's REST API: the only module that imports requests; its errors are translated here, once.

Compression is refused in every request: with `Accept-Encoding: gzip`, requests' default, Orthanc
spends 145 ms of CPU on a mammogram instead of 4. Orthanc closes an idle connection after a second,
so that a request on a kept one may fail without having happened: what changes nothing more when it
happens twice is tried once more.
"""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from PIL import Image, UnidentifiedImageError
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from orchestrator.errors import ArchiveRefused, ArchiveUnavailable, Gone
from orchestrator.handoffs import OrthancId, Preview
from orchestrator.orthanc.archive import Accepted, ArchivedStudy, ByteStream, Change, ChangesPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from orchestrator.settings import OrthancSettings

_REPEATABLE = ("/instances", "/tools/find")
"""What may be posted and deleted twice: equal bytes have an equal identifier, and a search changes nothing."""
_CANNOT_RENDER = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_ACCEPTABLE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE})


class OrthancClient:
    """An `Archive`; may be used by several threads."""

    def __init__(
        self, settings: OrthancSettings, connections: int = 16, *, entitle: Callable[[], None] = lambda: None
    ) -> None:
        """`entitle` is called before every request that may change something, and raises where it must not be."""
        self._entitle = entitle
        self._url = settings.url.rstrip("/")
        self._settings = settings
        self._timeout = (settings.connect_timeout_s, settings.read_timeout_s)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.mount(self._url, _trying_again(connections, "GET"))
        repeatable = _trying_again(connections, "GET", "POST", "DELETE")
        for path in _REPEATABLE:
            self._session.mount(self._url + path, repeatable)

    def version(self) -> str:
        """Orthanc's version. Raises `ArchiveRefused` where something else answers at its address."""
        try:
            return str(self._json("GET", "/system")["Version"])
        except (Gone, KeyError, TypeError) as error:
            raise ArchiveRefused(f"{self._url} does not answer like Orthanc; check orthanc.url") from error

    def changes(self, since: int, limit: int) -> ChangesPage:
        """A page of the change log."""
        page = self._json("GET", "/changes", params={"since": since, "limit": limit})
        changes = tuple(
            Change(int(one["Seq"]), str(one["ChangeType"]), OrthancId(one["ID"]), str(one["Date"]))
            for one in page["Changes"]
        )
        return ChangesPage(changes, int(page["Last"]), bool(page["Done"]))

    def newest_change(self) -> int:
        """The number of the last change that there is."""
        return int(self._json("GET", "/changes?last")["Last"])

    def study(self, study: OrthancId) -> ArchivedStudy:
        """The study as a resource."""
        return _study(self._json("GET", f"/studies/{study}"))

    def study_of_instance(self, instance: OrthancId) -> ArchivedStudy:
        """The study that an instance belongs to."""
        return _study(self._json("GET", f"/instances/{instance}/study"))

    def studies_between(self, since: date, until: date) -> Sequence[OrthancId]:
        """Studies of these days by Orthanc's own index."""
        wanted = {"Level": "Study", "Query": {"StudyDate": f"{since:%Y%m%d}-{until:%Y%m%d}"}}
        return [OrthancId(found) for found in self._json("POST", "/tools/find", json=wanted)]

    def studies_called(self, study_instance_uid: str) -> Sequence[OrthancId]:
        """Studies by UID, from Orthanc's own index."""
        wanted = {"Level": "Study", "Query": {"StudyInstanceUID": study_instance_uid}}
        return [OrthancId(found) for found in self._json("POST", "/tools/find", json=wanted)]

    def made_by(self, manufacturer: str) -> Sequence[OrthancId]:
        """Instances of series by Manufacturer, which Orthanc keeps in its index."""
        wanted = {"Level": "Series", "Query": {"Manufacturer": manufacturer}, "Expand": True}
        found = self._json("POST", "/tools/find", json=wanted)
        return [OrthancId(instance) for series in found for instance in series["Instances"]]

    def headers(self, study: OrthancId) -> Mapping[OrthancId, Mapping[str, object]]:
        """All attributes of all instances; Orthanc reads each file up to its pixels."""
        found: dict[OrthancId, Mapping[str, object]] = self._json("GET", f"/studies/{study}/instances-tags")
        return found

    @contextmanager
    def open_instance(self, instance: OrthancId) -> Iterator[ByteStream]:
        """The stored file; leaving early closes the connection instead of reading on."""
        with self._request("GET", f"/instances/{instance}/file", stream=True) as response:
            yield _Body(response)

    def preview(self, instance: OrthancId, rows: int) -> Preview:
        """Orthanc's own rendering: VOI window applied, MONOCHROME1 inverted.

        It is asked for twice the size and averaged here: Orthanc's own smoothing of a mammogram takes
        50 ms of its time, leaving points out 20.
        """
        response = self._send("GET", f"/instances/{instance}/rendered", params={"height": 2 * rows, "smooth": 0})
        if response.status_code in _CANNOT_RENDER or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Preview(0, 0, b"", "the archive cannot decode it")
        _check(response)
        try:
            with Image.open(io.BytesIO(response.content)) as picture:
                grey = picture.convert("L").reduce(2)
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
            return Preview(0, 0, b"", "the archive sent no picture")
        return Preview(grey.height, grey.width, grey.tobytes())

    def store(self, content: bytes) -> Accepted:
        """Puts a file into Orthanc."""
        answer = self._json("POST", "/instances", data=content, headers={"Content-Type": "application/dicom"})
        return Accepted(OrthancId(answer["ID"]), answer["Status"] == "AlreadyStored")

    def holds(self, instance: OrthancId, content: bytes) -> bool:
        """Has Orthanc read its copy from its storage and compare it, then compares the digests."""
        attachment = f"/instances/{instance}/attachments/dicom"
        verified = self._send("POST", f"{attachment}/verify-md5", data=b"")
        if verified.status_code == HTTPStatus.NOT_FOUND:  # Orthanc keeps no digests, or this one is wrong
            with self.open_instance(instance) as stream:
                return b"".join(iter(lambda: stream.read(1 << 20), b"")) == content
        _check(verified)
        stored = _check(self._send("GET", f"{attachment}/md5")).text.strip()
        return stored == md5(content, usedforsecurity=False).hexdigest()

    def delete(self, instance: OrthancId) -> None:
        """Removes one instance, and a series or study that has become empty by it."""
        response = self._send("DELETE", f"/instances/{instance}")
        if response.status_code != HTTPStatus.NOT_FOUND:
            _check(response)

    def headers_of(self, instance: OrthancId) -> Mapping[str, object]:
        """The attributes of one instance, in Orthanc's full JSON form."""
        found: dict[str, object] = self._json("GET", f"/instances/{instance}/tags")
        return found

    def exists(self, instance: OrthancId) -> bool:
        """Whether the instance is there, without reading it."""
        response = self._send("GET", f"/instances/{instance}/metadata")
        return response.status_code != HTTPStatus.NOT_FOUND and _check(response).ok

    def stored_bytes(self) -> int:
        """What all instances take on Orthanc's disk."""
        return int(self._json("GET", "/statistics")["TotalDiskSize"])

    def studies(self) -> Sequence[OrthancId]:
        """All studies."""
        return [OrthancId(study) for study in self._json("GET", "/studies")]

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of Orthanc's many kinds
        """The JSON that Orthanc answers, None where it answers nothing. Raises as every method does."""
        response = _check(self._send(method, path, **_carrying(body)))
        return response.json() if response.content else None

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Orthanc's answer, good or bad: for requests in which it reports about somebody else."""
        response = self._send(method, path, **_carrying(body))
        if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            _check(response)
        return Answer(response.status_code, response.content)

    def close(self) -> None:
        """Closes all connections."""
        self._session.close()

    def _json(self, method: str, path: str, **arguments: Any) -> Any:  # noqa: ANN401 - as requests has them
        response = _check(self._send(method, path, **arguments))
        try:
            return response.json()
        except requests.JSONDecodeError as error:
            raise ArchiveRefused(f"{self._url} does not answer like Orthanc; check orthanc.url") from error

    @contextmanager
    def _request(self, method: str, path: str, **arguments: Any) -> Iterator[requests.Response]:  # noqa: ANN401
        response = self._send(method, path, **arguments)
        try:
            yield _check(response)
        finally:
            response.close()

    def _send(self, method: str, path: str, **arguments: Any) -> requests.Response:  # noqa: ANN401
        if method != "GET":
            self._entitle()
        try:
            auth = (self._settings.username, self._settings.password()) if self._settings.username else None
        except (OSError, UnicodeDecodeError) as error:
            raise ArchiveRefused(
                "orthanc.password_file cannot be read; check that it is there and this user's"
            ) from error
        try:
            return self._session.request(method, self._url + path, auth=auth, timeout=self._timeout, **arguments)
        except requests.RequestException as error:
            raise _translated(self._url, error) from error


@dataclass(frozen=True, slots=True)
class Answer:
    """What Orthanc has said."""

    status: int
    content: bytes

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return self.status < HTTPStatus.BAD_REQUEST

    def json(self) -> Any:  # noqa: ANN401 - JSON of Orthanc's many kinds
        """The content, parsed; an empty mapping where there is none."""
        return json.loads(self.content) if self.content else {}

    def details(self) -> str:
        """The most exact of the words that Orthanc has for a failure."""
        try:
            said = self.json()
        except ValueError:
            return f"Orthanc answers {self.status}"
        words = said.get("Details") or said.get("Message") if isinstance(said, dict) else ""
        return str(words or f"Orthanc answers {self.status}")


class _Body:
    """A response's bytes as they come."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes. Raises `ArchiveUnavailable` when the connection breaks."""
        try:
            return bytes(self._response.raw.read(size))
        except (HTTPError, OSError) as error:
            raise ArchiveUnavailable("Orthanc broke off in the middle of a file; tried again") from error


def _trying_again(connections: int, *methods: str) -> HTTPAdapter:
    """Connections on which these methods are tried once more."""
    once = Retry(total=1, connect=1, read=1, redirect=0, status=0, allowed_methods=methods, backoff_factor=0)
    return HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=once)


def _carrying(body: object) -> dict[str, Any]:
    """Bytes as they are, everything else as JSON, nothing as nothing."""
    if body is None:
        return {}
    return {"data": body} if isinstance(body, bytes) else {"json": body}


def _translated(url: str, error: requests.RequestException) -> ArchiveUnavailable | ArchiveRefused:
    """The one place where requests' errors become ours."""
    if isinstance(error, requests.exceptions.SSLError):
        return ArchiveRefused(f"{url}: the TLS handshake failed; check orthanc.url and its certificate")
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return ArchiveRefused(f"{url}: not an address; check orthanc.url")
    if isinstance(error, requests.Timeout):
        return ArchiveUnavailable(f"{url} does not answer in time; tried again")
    return ArchiveUnavailable(f"{url} cannot be reached; is Orthanc running? Tried again")


def _check(response: requests.Response) -> requests.Response:
    """The response, if Orthanc did what was asked."""
    status = response.status_code
    if response.ok:
        return response
    if status == HTTPStatus.NOT_FOUND:
        raise Gone("no longer in Orthanc")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise ArchiveRefused(
            f"Orthanc answers {status}: check orthanc.username and orthanc.password_file, "
            "and that this user may read and write"
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ArchiveUnavailable(f"Orthanc answers {status}; tried again")
    raise ArchiveRefused(f"Orthanc answers {status} to a request of ours; its log says why")


def _study(record: Mapping[str, Any]) -> ArchivedStudy:
    moment = datetime.strptime(record["LastUpdate"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    altered = bool(record.get("AnonymizedFrom") or record.get("ModifiedFrom"))
    modified_from = str(record.get("ModifiedFrom", ""))
    return ArchivedStudy(OrthancId(record["ID"]), moment, bool(record["IsStable"]), altered, modified_from)
