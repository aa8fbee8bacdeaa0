"""What leaves Orthanc, where it goes, and what may be deleted then."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from orchestrator.settings.values import Duration, RetrySettings, Section, Size


class DestinationSettings(Section):
    """A place outside Orthanc that results can go to."""

    kind: Literal["dicom", "dicomweb", "peer"] = "dicom"
    """C-STORE to one of Orthanc's modalities, STOW-RS to one of its DICOMweb servers, or one of its peers."""
    remote: str = ""
    """Its alias in Orthanc's configuration; empty: the name that it has here."""
    test: bool = False
    """A test system: demonstration models and digests that nobody has approved may go there, and nowhere else."""
    archive: bool = False
    """True: what it is proven to hold may be deleted from Orthanc. Only for a system that keeps it for good."""
    copies: bool = False
    """True: takes results of studies under another identity (anonymised, modified, without PatientID)."""
    objects: tuple[Literal["card", "sr", "seg", "cad"], ...] = Field(default=("card", "sr"), min_length=1)
    """What goes there of what a result has: card, report, segmentations, Mammography CAD SR. An SR shows as a blank
    tile in some viewers, and a system without segmentations refuses one, so these go only where they are asked for."""
    sr_class: Literal["comprehensive_3d", "comprehensive", "enhanced"] = "comprehensive_3d"
    """SOP class of the SR (…88.34, .33, .22); a system that does not know it is offered the next one by itself."""
    card_modality: Literal["OT", "SC", "MG"] | None = None
    """Modality of the card there, where it differs from `results.card_modality`."""
    card_photometric_interpretation: Literal["RGB", "MONOCHROME2"] | None = None
    """The card there in grey or in colour, where that differs from `results`; as large as in Orthanc, and colours that
    it does not have there do not come back."""
    series_number: int | None = Field(default=None, ge=1, le=2**31 - 101)
    """Series number of the card there, where it differs from `results.series_number`; the others follow it."""
    grade_in_series_description: bool | None = None
    """Whether lists of series show the grade there, where that differs from `results`."""
    honours_rejection_notes: bool = False
    """True: a retracted result is withdrawn there by a Key Object Selection (IHE IOCM); else a person deletes it."""
    proof: Literal["auto", "find", "commitment"] = "auto"
    """How it is asked whether it holds an object: storage commitment, and C-FIND or QIDO-RS where that is not
    offered or nothing is reported within 5 s (auto), or one of them only."""
    quiet: Duration | None = None
    """How long a study must have been quiet where that differs for this destination; as `delivery.quiet`."""
    proven_by: str = ""
    """Name of another destination that is the same system and can be asked; for peers, which cannot."""

    @model_validator(mode="after")
    def _can_be_asked(self) -> DestinationSettings:
        if self.kind == "peer" and self.archive and not self.proven_by:
            raise ValueError("a peer cannot be asked what it holds; name in proven_by the destination that can")
        if self.kind != "dicom" and self.proof == "commitment":
            raise ValueError("storage commitment needs kind: dicom")
        return self


def _names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class DeliveryRetrySettings(RetrySettings):
    """What happens when a destination does not take a result, or does not show that it has it."""

    first: Duration = timedelta(seconds=10)
    """Pause after the first failure; doubles each time."""
    give_up_after: Duration = timedelta(days=1)
    """A delivery that still fails then is FAILED; `wetread release` tries again."""


class ModelDeliverySettings(Section):
    """How one model's results are delivered where that differs; each key as in `delivery`."""

    remote: Names | None = None
    """Other destinations; `[]`: none."""
    auto_transmit: bool | None = None
    """Whether its results go out by themselves."""
    delete_after_transmit: bool | None = None
    """Whether its studies are cleaned up once they are delivered."""
    study_date_within: Duration | None = None
    """The age of a study beyond which its result is held."""
    deliver_within: Duration | None = None
    """The delay beyond which a result is held."""
    quiet: Duration | None = None
    """How long its studies must have been quiet."""
    hold: Literal["inside", "outside"] | None = None
    """Where a held result waits."""


class DeliverySettings(Section):
    """What leaves Orthanc, and when."""

    remote: Names = ()
    """The destination, or a list of them; empty: results stay in Orthanc."""
    auto_transmit: bool = False
    """False: each result is HELD until `wetread release`, so that nothing leaves before somebody has looked."""
    delete_after_transmit: bool = False
    """True: once all results of a study are delivered, its instances that an `archive: true` destination is proven
    to hold are deleted from Orthanc; without such a destination only our own objects are."""
    study_date_within: Duration = timedelta(days=7)
    """Results of older studies are HELD: priors that are pulled in must not send results to a PACS."""
    deliver_within: Duration = timedelta(hours=4)
    """Results that are later than this after their study came are HELD: the exam has been reported by then."""
    quiet: Duration = timedelta(minutes=5)
    """Nothing goes before the study is stable and so long after its last instance, so that a destination gets one
    result and not one for each pause of the technologist; 0: at once when it is stable. `wetread study complete` ends
    the waiting."""
    hold: Literal["inside", "outside"] = "inside"
    """Where a held result waits: in Orthanc, or `outside` it, for sites whose Orthanc routes on its own."""
    hold_for: Duration = timedelta(days=30)
    """A held result that nobody released for so long is EXPIRED."""
    at_once: int = Field(default=2, ge=1, le=16)
    """Results on their way to one destination at the same time."""
    retry: DeliveryRetrySettings = DeliveryRetrySettings()
    models: dict[str, ModelDeliverySettings] = Field(default_factory=dict)
    """By model name: what differs for its results."""

    @property
    def sends(self) -> bool:
        """Whether results of any model leave Orthanc."""
        return bool(self.remote) or any(own.remote for own in self.models.values())

    @property
    def kept_outside(self) -> bool:
        """Whether held results wait outside Orthanc."""
        return self.hold == "outside" and bool(self.remote)

    def for_model(self, name: str) -> DeliverySettings:
        """The settings that hold for one model's results."""
        own = self.models.get(name)
        differing = {} if own is None else {key: value for key, value in own if value is not None}
        return self.model_copy(update=differing)


class RetentionSettings(Section):
    """When studies leave Orthanc; nothing goes that is not proven to be in an `archive: true` destination."""

    older_than: Duration | None = None
    """Studies that last changed longer ago than this go; unset: age alone is no reason."""
    capacity: Size | None = None
    """Bytes that Orthanc may take (`500GB`); with `keep_free`."""
    keep_free: Size | None = None
    """Bytes of the capacity that stay free: below it the oldest studies go until they are free again."""
    every: Duration = timedelta(minutes=10)
    """How often it is looked what can go."""
    ledger: Duration = timedelta(days=90)
    """How long the ledger knows a study that has left Orthanc, since it was last judged: decisions, jobs, answers. What
    was sent to a destination is kept, so that it can be withdrawn, and all acts are. A study that comes again after
    that is a new one."""
    engine_records: Duration = timedelta(days=7)
    """How long the engine's own records of ended attempts are kept, for a look at what it did; the ledger has all that
    matters."""

    @model_validator(mode="after")
    def _both_or_none(self) -> RetentionSettings:
        if (self.capacity is None) != (self.keep_free is None):
            raise ValueError("capacity and keep_free go together")
        return self
