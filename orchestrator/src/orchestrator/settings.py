"""The site file: every key with its meaning, unit, default and reason.

A broken file is refused as a whole: each problem names file, line, key and what would be right.
Secrets come from files only, so that they stand in no process list and no copy of the site file.
"""

from __future__ import annotations

import difflib
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, TypeGuard, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from orchestrator.errors import SettingsInvalid

_UNITS_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS_S = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400, "y": 365 * 86400}


def _duration(value: object) -> object:
    """A duration written as number and unit (`2h`, `500ms`), as seconds."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    unit = text.lstrip("0123456789.").strip()
    number = text[: len(text) - len(unit)].strip() if unit else text
    if unit not in _UNITS_S or not number:
        raise ValueError(f"write a number with one of the units {', '.join(_UNITS_S)}, such as 2h")
    return timedelta(seconds=float(number) * _UNITS_S[unit])


def _size(value: object) -> object:
    """A size written as number and unit (`500GB`), in bytes."""
    text = str(value).strip()
    unit = text.lstrip("0123456789.").strip()
    number = text[: len(text) - len(unit)].strip() if unit else text
    if unit not in _UNITS_BYTES or not number:
        raise ValueError(f"write a number with one of the units {', '.join(_UNITS_BYTES)}, such as 500GB")
    return int(float(number) * _UNITS_BYTES[unit])


def _zone(value: object) -> object:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("write a name of the IANA time zone database, such as Europe/Berlin") from error


def _readable(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("there is no such file; write the secret into it, readable for this user only")
    return path


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Size = Annotated[int, BeforeValidator(_size)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
SecretFile = Annotated[Path, AfterValidator(_readable)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, arbitrary_types_allowed=True)


class OrthancSettings(_Section):
    """The archive that is watched and that results are put into."""

    url: str = Field(pattern=r"^https?://[^/@]+(/.*)?$")
    """Base address of its REST API, without user name and password: `http://orthanc:8042`."""
    username: str = ""
    """Empty: no authentication."""
    password_file: SecretFile | None = None
    """File that holds the password, without a line end or with one."""
    connect_timeout_s: float = Field(default=3.0, gt=0)
    """Seconds; Orthanc stands near."""
    read_timeout_s: float = Field(default=60.0, gt=0)
    """Seconds between two bytes; a large study on a slow disk takes a while to start."""

    def password(self) -> str:
        """The secret, read anew each time so that it can be changed while we run."""
        return self.password_file.read_text(encoding="utf-8").rstrip("\r\n") if self.password_file else ""


class ModelSettings(_Section):
    """Where models are found, and who may join."""

    addresses: tuple[str, ...] = ("dns:models:50051",)
    """`host:port`, or `dns:name:port` for every address behind a name: a Compose network alias, a headless Service."""
    accept: Literal["any"] | tuple[str, ...] = "any"
    """`any`, or the names of the models that may join."""
    refresh: Duration = timedelta(seconds=3)
    """How often names are resolved and models described: a new container is live within 10 s."""
    version_grace: Duration = timedelta(minutes=10)
    """A version that no container serves for this long, while a newer one is active, hands its unstarted jobs on."""
    policy: dict[str, Any] = {}
    """By model name, or by `name version` in quotes: `select` and `exclude` (more conditions, in the declaration's
    language), `off`, `shadow`, `accept_too_broad`. A site narrows a model, never widens it."""


class WatchSettings(_Section):
    """How news of studies is read."""

    since: AwareDatetime | Literal["first start"] = "first start"
    """A study that last changed before this never makes a job, so that joining an archive floods nobody."""
    busy_poll: Duration = timedelta(milliseconds=100)
    """Pause between two looks at the change log while studies are arriving; one look costs Orthanc a millisecond."""
    idle_poll: Duration = timedelta(seconds=1)
    """The same when nothing has come for a while."""
    incomplete_after: Duration = timedelta(hours=2)
    """An exam without all its views counts as unsuitable this long after its last instance; people pause."""
    reconcile: Duration = timedelta(minutes=3)
    """How often instances without a stable study are looked up: Orthanc forgets that a study was unstable when it is
    killed."""


class ResultSettings(_Section):
    """How results are written."""

    card_modality: Literal["OT", "SC", "MG"] = "OT"
    """OT, because a new MG image can break a hanging protocol."""
    series_number: int = Field(default=9000, ge=1, le=2**31 - 101)
    """Series number of the first model's card; high, so that it hangs behind the exam."""
    content_qualification: Literal["RESEARCH", "PRODUCT"] = "RESEARCH"
    """(0018,9004) on every object."""
    grade_in_series_description: bool = False
    """False: nobody reads the grade from a list of series before reading the exam."""
    previews: bool = True
    """Small pictures of the views on the card, rendered by Orthanc."""


class RetrySettings(_Section):
    """What happens after a transient failure."""

    first: Duration = timedelta(seconds=2)
    """Pause after the first failure; doubles each time."""
    most: Duration = timedelta(minutes=10)
    """Longest pause."""
    give_up_after: Duration = timedelta(hours=24)
    """A job that still fails then is FAILED; waiting for a model that is down does not count."""


class WorkSettings(_Section):
    """How much is done at once."""

    threads: int = Field(default=6, ge=1, le=64)
    """Jobs in work at once in this process."""
    per_model: int = Field(default=4, ge=1, le=64)
    """Jobs in work at once for one model, so that a flood for one does not starve others."""


class PrioritySettings(_Section):
    """What is read before the rest."""

    stat: dict[str, Any] = {}
    """Conditions in the declaration's language; a study is urgent when all are true for one of its instances, such as
    `RequestedProcedurePriority: STAT`. Without any, none is."""


class WebSettings(_Section):
    """The HTTP port with health, metrics and (later) the page."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 in a container."""
    port: int = Field(default=8080, ge=0, le=65535)
    """0 switches the port off."""


class DestinationSettings(_Section):
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
    objects: tuple[Literal["card", "sr"], ...] = Field(default=("card", "sr"), min_length=1)
    """What goes there; an SR shows as a blank tile in some viewers."""
    sr_class: Literal["comprehensive_3d", "comprehensive", "enhanced"] = "comprehensive_3d"
    """SOP class of the SR (…88.34, .33, .22); a system that does not know it is offered the next one by itself."""
    honours_rejection_notes: bool = False
    """True: a retracted result is withdrawn there by a Key Object Selection (IHE IOCM); else a person deletes it."""
    proof: Literal["auto", "find", "commitment"] = "auto"
    """How it is asked whether it holds an object: C-FIND or QIDO-RS, storage commitment where that is not
    offered (auto), or one of them only."""
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


class ModelDeliverySettings(_Section):
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
    hold: Literal["inside", "outside"] | None = None
    """Where a held result waits."""


class DeliverySettings(_Section):
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
    hold: Literal["inside", "outside"] = "inside"
    """Where a held result waits: in Orthanc, or `outside` it, for sites whose Orthanc routes on its own."""
    hold_for: Duration = timedelta(days=30)
    """A held result that nobody released for so long is EXPIRED."""
    at_once: int = Field(default=2, ge=1, le=16)
    """Results on their way to one destination at the same time."""
    retry: DeliveryRetrySettings = DeliveryRetrySettings()
    models: dict[str, ModelDeliverySettings] = {}
    """By model name: what differs for its results."""

    def for_model(self, name: str) -> DeliverySettings:
        """The settings that hold for one model's results."""
        own = self.models.get(name)
        differing = {} if own is None else {key: value for key, value in own if value is not None}
        return self.model_copy(update=differing)


class RetentionSettings(_Section):
    """When studies leave Orthanc; nothing goes that is not proven to be in an `archive: true` destination."""

    older_than: Duration | None = None
    """Studies that last changed longer ago than this go; unset: age alone is no reason."""
    capacity: Size | None = None
    """Bytes that Orthanc may take (`500GB`); with `keep_free`."""
    keep_free: Size | None = None
    """Bytes of the capacity that stay free: below it the oldest studies go until they are free again."""
    every: Duration = timedelta(minutes=10)
    """How often it is looked what can go."""

    @model_validator(mode="after")
    def _both_or_none(self) -> RetentionSettings:
        if (self.capacity is None) != (self.keep_free is None):
            raise ValueError("capacity and keep_free go together")
        return self


class Site(_Section):
    """A whole site file."""

    orthanc: OrthancSettings
    timezone: Zone
    """Mandatory: containers run in UTC, and results must not sort before the exam."""
    database: str = Field(default="sqlite:////var/lib/wetread/wetread.db", pattern=r"^(sqlite|postgresql)")
    """SQLAlchemy address of ledger and engine."""
    models: ModelSettings = ModelSettings()
    watch: WatchSettings = WatchSettings()
    results: ResultSettings = ResultSettings()
    retry: RetrySettings = RetrySettings()
    work: WorkSettings = WorkSettings()
    web: WebSettings = WebSettings()
    destinations: dict[str, DestinationSettings] = {}
    """By name; a name in `delivery.remote` that is not here is a modality of Orthanc with this alias."""
    priority: PrioritySettings = PrioritySettings()
    delivery: DeliverySettings = DeliverySettings()
    retention: RetentionSettings = RetentionSettings()
    sha256: str = Field(default="", exclude=True)
    """Of the file's bytes; kept with every decision. Not a key of the file."""

    def destination(self, name: str) -> DestinationSettings:
        """The destination of this name, its alias filled in."""
        known = self.destinations.get(name, DestinationSettings())
        return known.model_copy(update={"remote": known.remote or name})


def read(path: Path) -> bytes:
    """A site file's bytes. Raises `SettingsInvalid`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsInvalid(f"{path}: cannot be read ({error.strerror}); name a site file with --site") from error


def load(path: Path) -> Site:
    """The settings in a site file. Raises `SettingsInvalid`, one line per problem."""
    return parse(read(path), path)


def parse(content: bytes, path: Path) -> Site:
    """The settings in a site file's bytes; the path is for messages. Raises `SettingsInvalid`."""
    try:
        root = yaml.compose(content, Loader=yaml.SafeLoader)
        values = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise SettingsInvalid(f"{path}: not YAML: {str(error).replace(chr(10), ' ')}") from error
    if not isinstance(values, dict) or "sha256" in values:
        raise SettingsInvalid(f"{path}:1: a site file is a mapping with the keys {', '.join(_keys(Site))}")
    try:
        return Site.model_validate(values | {"sha256": sha256(content).hexdigest()})
    except ValidationError as error:
        problems = [_problem(path, root, dict(found)) for found in error.errors()]
        raise SettingsInvalid("\n".join(problems)) from error


def _keys(section: type[BaseModel]) -> list[str]:
    return [name for name in section.model_fields if name != "sha256"]


def _problem(path: Path, root: yaml.Node | None, found: dict[str, Any]) -> str:
    """One line for people: where, which key, what is wrong, what would be right."""
    location = [part for part in found["loc"] if isinstance(part, str | int)]
    line = _line(root, location)
    key = ".".join(str(part) for part in location)
    if found["type"] == "extra_forbidden":
        return f"{path}:{line}: {key}: unknown key; {_advice(location)}"
    if found["type"] == "missing":
        return f"{path}:{line}: {key}: missing, and mandatory"
    message = str(found["msg"]).removeprefix("Value error, ")
    return f"{path}:{line}: {key}: {found['input']!r} cannot be used: {message}"


def _advice(location: list[str | int]) -> str:
    section: type[BaseModel] = Site
    named: type[BaseModel] | None = None
    for part in location[:-1]:
        if named is not None:
            section, named = named, None
            continue
        annotation = section.model_fields[str(part)].annotation
        values = get_args(annotation)[-1:]
        if values and _is_section(values[0]):
            named = values[0]
        elif _is_section(annotation):
            section = annotation
        else:
            break
    known = _keys(section)
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"


def _is_section(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _line(node: yaml.Node | None, location: list[str | int]) -> int:
    """The 1-based line of a key, or of the nearest thing around it that is there."""
    line = 1
    for part in location:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == part:
                line, node = key.start_mark.line + 1, value
                break
        else:
            break
    return line


def instant(since: datetime | Literal["first start"], first_start: datetime) -> datetime:
    """The moment before which nothing makes a job."""
    return first_start if since == "first start" else since
