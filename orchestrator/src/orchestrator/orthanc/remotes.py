"""Destinations behind Orthanc: its DICOM modalities, its DICOMweb servers and its peers.

One transfer is one object: Orthanc's own job for many objects ends with "Success" and a count of 0
failed ones when a modality has refused half of them (`Permissive`, seen on 1.10), and says of the
whole only that it failed otherwise. Its jobs are asked for, not waited for, so that a transfer can
be broken off. A finished job is forgotten after ten others: then nobody knows how it ended, and
the proof decides.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from orchestrator.errors import Cancelled, ClassRefused, DestinationUnavailable, Gone

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from orchestrator.handoffs import OrthancId
    from orchestrator.orthanc.client import OrthancClient
    from orchestrator.orthanc.remote import Reference, Remote
    from orchestrator.settings.delivery import DestinationSettings

TRANSFER_WITHIN_S = 300.0
"""A transfer of one object that takes longer is broken off."""
ANSWER_WITHIN_S = 10
"""Seconds that a remote system has to answer on an association (Orthanc's `Timeout`)."""
_READ_AT_ONCE = 1 << 20
_ENDED = frozenset({"Success", "Failure", "Paused"})
"""Of Orthanc's jobs: nothing goes on by itself any more."""
_FIRST_POLL_S, _LAST_POLL_S = 0.02, 0.5
_CLASS_REFUSED = ("presentation context was negotiated", "to one of [ ]")
"""What Orthanc says of a SOP class for which the other side accepted no presentation context (1.10 to 1.12)."""


def remote_of(client: OrthancClient, destination: DestinationSettings) -> Remote:
    """The destination of these settings."""
    kinds: dict[str, type[_ThroughOrthanc]] = {"dicom": DicomModality, "dicomweb": DicomWebServer, "peer": OrthancPeer}
    return kinds[destination.kind](client, destination.remote)


class _ThroughOrthanc(ABC):
    """What the three kinds have in common."""

    kind: str
    folder: str
    """Where Orthanc's REST API has this kind."""
    verb: str
    tells_why = True
    takes_files = True

    def __init__(self, client: OrthancClient, alias: str) -> None:
        self._client = client
        self._alias = alias
        self._path = f"{self.folder}/{alias}"

    def names(self) -> Sequence[str]:
        """The aliases in Orthanc's configuration."""
        return [str(name) for name in self._client.call("GET", self.folder)]

    def send(self, instance: OrthancId, still_wanted: Callable[[], bool]) -> None:
        """Has Orthanc send the instance, and waits for the end of its job."""
        body = {"Resources": [instance], "Synchronous": False} | self._transfer_options()
        self._await(str(self._ask("POST", f"{self._path}/{self.verb}", body)["ID"]), still_wanted)

    def begun(self, instances: Collection[OrthancId]) -> Sequence[str]:
        """Transfers that Orthanc has under way; only of a modality's it says of what they are (1.10)."""
        del instances
        return ()

    def settle(self, transfer: str, still_wanted: Callable[[], bool]) -> None:
        """Waits for a transfer that a process which is no more has begun; how it ended, the destination is asked."""
        with suppress(DestinationUnavailable, ClassRefused):
            self._await(transfer, still_wanted)

    def _await(self, job: str, still_wanted: Callable[[], bool]) -> None:
        end, pause = time.monotonic() + TRANSFER_WITHIN_S, _FIRST_POLL_S
        while True:
            try:
                record = self._client.call("GET", f"/jobs/{job}")
            except Gone:
                return
            if record["State"] == "Success":
                return
            if record["State"] == "Failure":
                raise self._failure(str(record.get("ErrorDetails") or record.get("ErrorDescription")))
            if not still_wanted():
                self._client.call("POST", f"/jobs/{job}/cancel", {})
                raise Cancelled("not wanted any more while it was on its way")
            if time.monotonic() > end:
                self._client.call("POST", f"/jobs/{job}/cancel", {})
                raise DestinationUnavailable(f"{self._alias} did not take an object within {TRANSFER_WITHIN_S:.0f} s")
            time.sleep(pause)
            pause = min(2 * pause, _LAST_POLL_S)

    def send_file(self, content: bytes) -> None:
        """Sends a file that Orthanc does not hold, where Orthanc can."""
        self._ask("POST", f"{self._path}/store-straight", content)

    def find(self, references: Sequence[Reference]) -> frozenset[str]:
        """Those that it says it holds."""
        return frozenset(one.sop_instance_uid for one in references if self._has(one))

    def commit(self, references: Sequence[Reference], within_s: float) -> frozenset[str]:
        """Only DICOM modalities can be asked for storage commitment."""
        del references, within_s
        raise DestinationUnavailable(f"{self._alias} offers no storage commitment")

    @abstractmethod
    def echo(self) -> None:
        """Returns when it answers."""

    @abstractmethod
    def _has(self, reference: Reference) -> bool:
        """Whether it says that it holds this object."""

    def _transfer_options(self) -> dict[str, object]:
        return {}

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of Orthanc's many kinds
        """Orthanc's answer. What it reports about the other side is translated here, once."""
        answer = self._client.ask(method, path, body)
        if answer.ok:
            return answer.json()
        if answer.status == 404:  # noqa: PLR2004 - not found
            raise DestinationUnavailable(f"Orthanc has no {self.kind} {self._alias}; add it to Orthanc's configuration")
        raise self._failure(answer.details())

    def _failure(self, said: str) -> DestinationUnavailable | ClassRefused:
        if any(phrase in said for phrase in _CLASS_REFUSED):
            return ClassRefused(f"{self._alias} does not know the SOP class of an object")
        return DestinationUnavailable(f"{self._alias}: {_for_people(said)}")


class DicomModality(_ThroughOrthanc):
    """A DICOM application entity: C-STORE, C-FIND, storage commitment."""

    kind, folder, verb = "modality", "/modalities", "store"

    def echo(self) -> None:
        """C-ECHO."""
        self._ask("POST", f"{self._path}/echo", {"Timeout": ANSWER_WITHIN_S})

    def commit(self, references: Sequence[Reference], within_s: float) -> frozenset[str]:
        """Storage commitment, and the report of it."""
        wanted = [{"SOPClassUID": one.sop_class_uid, "SOPInstanceUID": one.sop_instance_uid} for one in references]
        body = {"DicomInstances": wanted, "Timeout": ANSWER_WITHIN_S}
        transaction = str(self._ask("POST", f"{self._path}/storage-commitment", body)["ID"])
        end, pause = time.monotonic() + within_s, _FIRST_POLL_S
        while (report := self._client.call("GET", f"/storage-commitment/{transaction}"))["Status"] == "Pending":
            if time.monotonic() > end:
                raise DestinationUnavailable(
                    f"{self._alias} took the storage commitment request and sent no report; does it know our AE title, "
                    "address and port?"
                )
            time.sleep(pause)
            pause = min(2 * pause, _LAST_POLL_S)
        return frozenset(str(one["SOPInstanceUID"]) for one in report["Success"])

    def _has(self, reference: Reference) -> bool:
        keys = {
            "StudyInstanceUID": reference.study_instance_uid,
            "SeriesInstanceUID": reference.series_instance_uid,
            "SOPInstanceUID": reference.sop_instance_uid,
        }
        body = {"Level": "Instance", "Query": keys, "Timeout": ANSWER_WITHIN_S}
        query = f"/queries/{self._ask('POST', f'{self._path}/query', body)['ID']}"
        answers = self._client.call("GET", f"{query}/answers?expand&simplify")
        self._client.call("DELETE", query)
        return any(answer.get("SOPInstanceUID") == reference.sop_instance_uid for answer in answers)

    def _transfer_options(self) -> dict[str, object]:
        return {"Timeout": ANSWER_WITHIN_S}

    def begun(self, instances: Collection[OrthancId]) -> Sequence[str]:
        """Transfers of these that Orthanc has under way to this application entity."""
        jobs = self._client.call("GET", "/jobs?expand")
        stores = [one for one in jobs if one["Type"] == "DicomModalityStore" and one["State"] not in _ENDED]
        mine = [one for one in stores if set(one["Content"].get("ParentResources", ())) & set(instances)]
        if not mine:
            return ()
        there = self._client.call("GET", f"{self._path}/configuration")["AET"]
        return [str(one["ID"]) for one in mine if one["Content"].get("RemoteAet") == there]


class DicomWebServer(_ThroughOrthanc):
    """A DICOMweb server that Orthanc's plugin knows: STOW-RS and QIDO-RS."""

    kind, folder, verb = "DICOMweb server", "/dicom-web/servers", "stow"
    tells_why = False
    """Orthanc's plugin keeps the Failure Reason to itself: "Error in the network protocol", whatever it was (1.7)."""
    takes_files = False

    def echo(self) -> None:
        """The smallest search there is."""
        self._ask("POST", f"{self._path}/qido", {"Uri": "/studies", "Arguments": {"limit": "1"}})

    def _has(self, reference: Reference) -> bool:
        body = {
            "Uri": f"/studies/{reference.study_instance_uid}/series/{reference.series_instance_uid}/instances",
            "Arguments": {"SOPInstanceUID": reference.sop_instance_uid},
        }
        answers = self._ask("POST", f"{self._path}/qido", body)
        return any(answer["00080018"]["Value"] == reference.sop_instance_uid for answer in answers)


class OrthancPeer(_ThroughOrthanc):
    """Another Orthanc, over its REST API; it cannot be searched from here."""

    kind, folder, verb = "peer", "/peers", "store"

    def send(self, instance: OrthancId, still_wanted: Callable[[], bool]) -> None:
        """Sends the instance's file: Orthanc's own job calls an object sent that the peer has filtered out (1.10)."""
        if not still_wanted():
            raise Cancelled("not wanted any more")
        with self._client.open_instance(instance) as stream:
            self.send_file(b"".join(iter(lambda: stream.read(_READ_AT_ONCE), b"")))

    def send_file(self, content: bytes) -> None:
        """Sends a file; the peer's own answer says whether it has kept it."""
        status = str(self._ask("POST", f"{self._path}/store-straight", content).get("Status"))
        if status == "FilteredOut":
            raise ClassRefused(f"{self._alias} filters an object of this SOP class out")
        if status not in {"Success", "AlreadyStored"}:
            raise DestinationUnavailable(f"{self._alias} did not keep an object: {status}")

    def echo(self) -> None:
        """Its system page."""
        self._ask("GET", f"{self._path}/system")

    def _has(self, reference: Reference) -> bool:
        del reference
        raise DestinationUnavailable(f"{self._alias} is a peer and cannot be searched; name in proven_by who can")


def _for_people(said: str) -> str:
    """Orthanc's words about the network, and what to do; they hold AE titles and statuses, nothing of a patient."""
    hints = {
        "Connection refused": "nobody listens at its address and port; is it running, and is the way open?",
        "Called AE title not recognized": "it does not know the AE title that Orthanc calls it by",
        "Calling AE title not recognized": "it does not know Orthanc's AE title; have it added there",
        "Association Rejected": "does it know Orthanc's AE title, and is its own the one that it is called by?",
        "timeout": "it does not answer in time",
        "0xa700": "it is out of resources",
        "0xA700": "it is out of resources",
        "Peer aborted": "it broke the association off",
    }
    advice = next((hint for sign, hint in hints.items() if sign in said), "")
    words = said.partition(" - ")[2] or said
    return f"{words} ({advice})" if advice else words
