"""The frozen values that are handed from stage to stage; the first file to read.

    watch ──StudyNews──▶ intake ──Generation──▶ match ──Match──▶ dispatch ──Prediction──▶
    compose ──ComposedResult──▶ deliver ──Receipt──▶ closed

Stages do not know each other. `intake` knows the order up to the job's row in the ledger,
`pipeline` the order from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from pydicom import Dataset

    from wetread_contract.declaration import Declaration
    from wetread_contract.findings import Answer
    from wetread_contract.headers import Headers
    from wetread_contract.judgement import InstanceReference, Judgement, LeftOutInstance, SelectedInstance

OrthancId = NewType("OrthancId", str)
"""Orthanc's own identifier of a study, series or instance: five groups of eight hexadecimal digits."""

JobKey = NewType("JobKey", str)
"""Identity of a piece of work: 64 hexadecimal digits over study, series, model, weights and selection."""

Digest = NewType("Digest", str)
"""SHA-256, 64 lower-case hexadecimal digits."""


class Purpose(StrEnum):
    """Why something goes to a destination."""

    RESULT = "result"
    REJECTION = "rejection"
    """The note that withdraws a result which is there."""


@dataclass(frozen=True, slots=True)
class DeliveryKey:
    """Identity of a delivery."""

    job: JobKey
    destination: str
    purpose: Purpose = Purpose.RESULT


@dataclass(frozen=True, slots=True)
class StudyNews:
    """Orthanc has said that a study is stable, or a reconciliation has found it so."""

    study: OrthancId
    noticed_at: datetime
    """When we read it; aware, UTC."""


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """One instance as Orthanc holds it."""

    orthanc_id: OrthancId
    headers: Headers
    ours: bool
    """Made by Wetread: never an input, never part of a generation."""
    headers_sha256: Digest = Digest("")
    """Over all attributes as the archive tells them; empty for our own."""


@dataclass(frozen=True, slots=True)
class Generation:
    """The content of a study at one moment, without our own objects."""

    study: OrthancId
    digest: Digest
    """Over the sorted SOP instance UIDs."""
    last_update: datetime
    """Orthanc's `LastUpdate` of the study; aware, UTC."""
    instances: tuple[StoredInstance, ...]
    stable: bool = True
    """Orthanc has seen nothing new of the study for StableAge."""
    altered_from: bool = False
    """A copy that Orthanc itself has anonymised or modified."""
    modified_from: str = ""
    """Orthanc's id of the study that it has made this one from by `/modify`; empty for all others."""

    @property
    def headers_sha256(self) -> Digest:
        """Over the attributes of all instances that are not ours: a correction under the same UIDs changes it."""
        foreign = sorted(one.headers_sha256 for one in self.instances if not one.ours)
        return Digest(sha256("\n".join(foreign).encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which network exactly: results rest on these and approvals name them."""

    name: str
    version: str
    weights_sha256: Digest
    declaration_sha256: Digest
    image_digest: str = ""
    """`sha256:…` of the container image if the container was told; else empty."""


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model as it described itself."""

    identity: ModelIdentity
    declaration: Declaration
    known_since: datetime
    """When a model of this name was first seen at this site; aware, UTC."""
    shadow: bool = False
    """The site runs this version for comparison only."""


@dataclass(frozen=True, slots=True)
class Match:
    """What one model's rules say about one generation."""

    model: ModelIdentity
    judgement: Judgement
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One call that is to be made: which instances of which study to which model."""

    job_key: JobKey
    attempt: int
    """From 1."""
    model: ModelIdentity
    study: OrthancId
    instances: tuple[DispatchedInstance, ...]
    """In the order in which the model gets them."""


@dataclass(frozen=True, slots=True)
class DispatchedInstance:
    """An instance that goes to a model."""

    orthanc_id: OrthancId
    reference: InstanceReference


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's answer, saved before anything is made of it."""

    answer: Answer
    weights_sha256: Digest
    inference_s: float
    """Time that the model itself took."""
    endpoint: str
    """Where the model answered; empty: it was not asked, because the study lacks what it needs."""
    received_at: datetime
    """Aware, UTC: the time that card and SR show. Composing again never changes it."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A small grey picture of one instance for the card, or the reason why there is none."""

    rows: int
    columns: int
    pixels: bytes
    """rows × columns bytes, 8 bit, 0 is black; empty where there is none."""
    missing_because: str = ""


@dataclass(frozen=True, slots=True)
class Replaced:
    """The result that a new one takes the place of."""

    received_at: datetime
    summary: str
    """As on its card: `C`."""
    reports: tuple[InstanceReference, ...] = ()
    """Its reports, as they were in Orthanc."""


@dataclass(frozen=True, slots=True)
class CompositionSettings:
    """How results are written; part of their UIDs."""

    timezone: tzinfo
    """Results carry local times and TimezoneOffsetFromUTC, or they sort before the exam."""
    card_modality: str = "OT"
    """OT by default: a new MG image can break a hanging protocol."""
    card_photometric_interpretation: str = "RGB"
    """RGB, or MONOCHROME2 for workstations that show no colour (then with more pixels)."""
    series_number: int = 9000
    """Card; the SR gets the next one."""
    content_qualification: str = "RESEARCH"
    """(0018,9004), on every object: RESEARCH or PRODUCT."""
    grade_in_series_description: bool = False
    """False: the grade is not shown in lists of series."""
    reports: tuple[str, ...] = ("sr",)
    """`sr` (TID 1500), `cad` (Mammography CAD SR) or both."""
    site_file_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Composition:
    """All that composing needs: equal compositions give identical bytes."""

    job_key: JobKey
    model: ModelIdentity
    declaration: Declaration
    prediction: Prediction
    source: Dataset
    """Attributes of the first selected instance, without pixels, exactly as Orthanc holds them."""
    selected: tuple[SelectedInstance, ...]
    left_out: tuple[LeftOutInstance, ...]
    previews: Mapping[str, Preview]
    """By SOP instance UID; for the selected instances."""
    settings: CompositionSettings
    wetread_version: str
    replaces: Replaced | None = None
    sources: Mapping[str, Dataset] = field(default_factory=dict)
    """Attributes, by SOP instance UID, of those selected instances that masks are of."""
    rejections: int = 0
    """How often what this job made before was withdrawn where it had been sent: the next gets other UIDs."""


class ObjectKind(StrEnum):
    """What a composed object is for."""

    CARD = "card"
    REPORT = "sr"
    SEGMENTATION = "seg"
    CAD = "cad"
    """The report as mammography workstations read it."""
    NOTE = "note"
    """A rejection note, which withdraws others."""
    COPY = "copy"
    """A report in another class, in Orthanc only while it is sent: some destinations get only what Orthanc holds."""


SERIES_OFFSETS = {
    ObjectKind.CARD: 0,
    ObjectKind.REPORT: 1,
    ObjectKind.SEGMENTATION: 2,
    ObjectKind.CAD: 3,
    ObjectKind.NOTE: 99,
}
"""What is added to the site's series number, by kind: results of one model stand together, the card first."""


@dataclass(frozen=True, slots=True)
class Form:
    """How an object is to hang where it is sent; a field that says nothing leaves it as Orthanc holds it."""

    sop_class_uid: str = ""
    """Of a report."""
    modality: str = ""
    """Of a card."""
    photometric_interpretation: str = ""
    """Of a card: RGB or MONOCHROME2."""
    series_number: int | None = None
    shows_grade: bool | None = None
    """Whether the series description names the grade."""
    summary: str = ""
    """The grade; with `shows_grade`."""


AS_IN_ORTHANC = Form()


@dataclass(frozen=True, slots=True)
class ComposedObject:
    """One DICOM Part 10 file."""

    kind: ObjectKind
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    content: bytes = field(repr=False)
    sha256: Digest


@dataclass(frozen=True, slots=True)
class ComposedResult:
    """What is stored for one prediction."""

    objects: tuple[ComposedObject, ...]
    summary: str
    """As on the card, for lists and for the next result's "replaces": `C`."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """What is withdrawn, and why."""

    job_key: JobKey
    source: Dataset
    """Attributes of one of the rejected objects, or of their study: whose they are."""
    rejected: Sequence[InstanceReference]
    """As the destination holds them."""
    title: str
    """`quality`, `safety` or `worklist`."""
    decided_at: datetime
    timezone: tzinfo
    series_number: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that Orthanc holds exactly what was composed: each object was read back."""

    orthanc_ids: Sequence[OrthancId]
    stored_at: datetime
