"""The site file: every key with its meaning, unit, default and reason.

A broken file is refused as a whole: each problem names file, line, key and what would be right.
Secrets come from files only, so that they stand in no process list and no copy of the site file.
"""

from __future__ import annotations

import difflib
import re
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeGuard, get_args

import sqlalchemy as sa
import yaml
from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    ValidationError,
)

from orchestrator.errors import SettingsInvalid
from orchestrator.handoffs import CompositionSettings
from orchestrator.settings.delivery import DeliverySettings, DestinationSettings, RetentionSettings
from orchestrator.settings.values import DatabaseAddress, Duration, RetrySettings, SecretFile, Section, Size, Zone

if TYPE_CHECKING:
    from pathlib import Path


_PASSWORD = re.compile(r"(?<=//)[^/@]*:[^/]*(?=@)|(?<=password=)[^&'\"]*")
"""What a message must not repeat: somebody's name and password in an address."""


class OrthancSettings(Section):
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


class TlsSettings(Section):
    """PEM files for mutual TLS with models; read anew for each new connection, so that they can be replaced."""

    ca_file: SecretFile
    """Who may sign a model's certificate."""
    certificate_file: SecretFile
    """What the orchestrator shows to models."""
    key_file: SecretFile
    """Its private key."""
    server_name: str = "models"
    """The name that every model's certificate must hold: endpoints are addresses, and have no names of their own."""


class ModelSettings(Section):
    """Where models are found, and who may join."""

    addresses: tuple[str, ...] = ("dns:models:50051",)
    """`host:port`, or `dns:name:port` for every address behind a name: a Compose network alias, a headless Service."""
    accept: Literal["any"] | tuple[str, ...] = "any"
    """`any`, or the names of the models that may join."""
    tls: TlsSettings | None = None
    """Mutual TLS with every model; default: none, plain text inside a network of their own."""
    refresh: Duration = timedelta(seconds=3)
    """How often names are resolved and models described: a new container is live within 10 s."""
    version_grace: Duration = timedelta(minutes=10)
    """A version that no container serves for this long, while a newer one is active, hands its unstarted jobs on."""
    start_after: Duration | None = None
    """A study that has been quiet for so long, such as `2s`, is read before Orthanc calls it stable, by models whose
    requirements it meets; nothing leaves Orthanc earlier for that. Unset: models wait for Orthanc's StableAge. It costs
    Orthanc one request for each new instance."""
    policy: dict[str, Any] = Field(default_factory=dict)
    """By model name, or by `name version` in quotes: `select` and `exclude` (more conditions, in the declaration's
    language), `off`, `shadow`, `accept_too_broad`, `start_after`. A site narrows a model, never widens it."""


class WatchSettings(Section):
    """How news of studies is read."""

    since: AwareDatetime | Literal["first start"] = "first start"
    """A study that last changed before this never makes a job, so that joining an archive floods nobody."""
    busy_poll: Duration = timedelta(milliseconds=50)
    """Pause between two looks at the change log while studies are arriving; one look costs Orthanc a millisecond."""
    idle_poll: Duration = timedelta(seconds=1)
    """The same when nothing has come for a while."""
    incomplete_after: Duration = timedelta(hours=2)
    """An exam without all its views counts as unsuitable this long after its last instance; people pause."""
    reconcile: Duration = timedelta(minutes=3)
    """How often instances without a stable study are looked up: Orthanc forgets that a study was unstable when it is
    killed."""


Reports = Annotated[tuple[Literal["sr", "cad"], ...], Field(min_length=1)]


class ModelResultSettings(Section):
    """How one model's results are written where that differs; each key as in `results`."""

    unsuitable_card: bool | None = None
    """Whether a study that it cannot read gets a result that says why."""
    reports: Reports | None = None
    """Which reports it has."""


class ResultSettings(Section):
    """How results are written."""

    card_modality: Literal["OT", "SC", "MG"] = "OT"
    """OT, because a new MG image can break a hanging protocol."""
    card_photometric_interpretation: Literal["RGB", "MONOCHROME2"] = "RGB"
    """MONOCHROME2 for workstations that show no colour: grey, and with more pixels (1600 × 1200)."""
    series_number: int = Field(default=9000, ge=1, le=2**31 - 101)
    """Series number of the first model's card; high, so that it hangs behind the exam."""
    content_qualification: Literal["RESEARCH", "PRODUCT"] = "RESEARCH"
    """(0018,9004) on every object."""
    grade_in_series_description: bool = False
    """False: nobody reads the grade from a list of series before reading the exam."""
    previews: bool = True
    """Small pictures of the views on the card, rendered by Orthanc."""
    unsuitable_card: bool = False
    """True: a study that a model cannot read (a view is still missing after `watch.incomplete_after`, or the model
    says so) gets a card and a report that say why, stored and delivered like a result: silence then means that nothing
    was asked. False: only `wetread explain` says it, and the exam's other readers see nothing new."""
    reports: Reports = ("sr",)
    """`sr`: TID 1500 in a Comprehensive 3D SR, which can say everything. `cad`: Mammography CAD SR (TID 4000), for
    mammography workstations, where a breast composition was found in mammograms; of everything else there is an `sr`
    all the same. Both: `[sr, cad]`."""
    models: dict[str, ModelResultSettings] = Field(default_factory=dict)
    """By model name: what differs for its results."""

    def reports_of(self, model: str) -> Reports:
        """Which reports this model's results have."""
        return self.models.get(model, ModelResultSettings()).reports or self.reports

    def says_unsuitable(self, model: str) -> bool:
        """Whether a study that this model cannot read gets a result that says why."""
        own = self.models.get(model, ModelResultSettings()).unsuitable_card
        return self.unsuitable_card if own is None else own


class WorkSettings(Section):
    """How much is done at once."""

    threads: int = Field(default=6, ge=1, le=64)
    """Jobs in work at once in this process."""
    per_model: int = Field(default=4, ge=1, le=64)
    """Jobs in work at once for one model, so that a flood for one does not starve others."""


class PrioritySettings(Section):
    """What is read before the rest."""

    stat: dict[str, Any] = Field(default_factory=dict)
    """Conditions in the declaration's language; a study is urgent when all are true for one of its instances, such as
    `RequestedProcedurePriority: STAT`. Without any, none is."""


class WebSettings(Section):
    """The HTTP port with health, metrics and (later) the page."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 in a container."""
    port: int = Field(default=8080, ge=0, le=65535)
    """0 switches the port off."""


class Site(Section):
    """A whole site file."""

    orthanc: OrthancSettings
    timezone: Zone
    """Mandatory: containers run in UTC, and results must not sort before the exam."""
    database: DatabaseAddress = "sqlite:////var/lib/wetread/wetread.db"
    """SQLAlchemy address of ledger and engine: a SQLite file on a local disk, for one orchestrator; or
    `postgresql+psycopg://user@host:5432/database` for several. `?sslmode=verify-full` and the like go behind it."""
    database_password_file: SecretFile | None = None
    """File that holds PostgreSQL's password. Without it, libpq's own ways count: `PGPASSWORD`, `PGPASSFILE`."""
    disk_reserve: Size = 200 * 10**6
    """With less than this free on the ledger's disk no study is taken up and no job is started, so that what is in work
    can end; both go on by themselves when there is room. Enough for thousands of answers; 0B: until nothing is left."""
    models: ModelSettings = ModelSettings()
    watch: WatchSettings = WatchSettings()
    results: ResultSettings = ResultSettings()
    retry: RetrySettings = RetrySettings()
    work: WorkSettings = WorkSettings()
    web: WebSettings = WebSettings()
    destinations: dict[str, DestinationSettings] = Field(default_factory=dict)
    """By name; a name in `delivery.remote` that is not here is a modality of Orthanc with this alias."""
    priority: PrioritySettings = PrioritySettings()
    delivery: DeliverySettings = DeliverySettings()
    retention: RetentionSettings = RetentionSettings()
    sha256: str = Field(default="", exclude=True)
    """Of the file's bytes; kept with every decision. Not a key of the file."""

    def database_url(self) -> sa.URL:
        """The database's address with its password, which its text does not show."""
        url = sa.make_url(self.database)
        if self.database_password_file is None:
            return url
        return url.set(password=self.database_password_file.read_text(encoding="utf-8").rstrip("\r\n"))

    def composition(self, model: str) -> CompositionSettings:
        """How a model's results are written, as composing takes it."""
        results = self.results
        return CompositionSettings(
            timezone=self.timezone,
            card_modality=results.card_modality,
            card_photometric_interpretation=results.card_photometric_interpretation,
            series_number=results.series_number,
            content_qualification=results.content_qualification,
            grade_in_series_description=results.grade_in_series_description,
            reports=results.reports_of(model),
            site_file_sha256=self.sha256,
        )

    @property
    def destination_names(self) -> frozenset[str]:
        """Every destination that the site file names."""
        own = [model.remote or () for model in self.delivery.models.values()]
        return frozenset(self.destinations).union(self.delivery.remote, *own)

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
    return f"{path}:{line}: {key}: {_PASSWORD.sub('…', repr(found['input']))} cannot be used: {message}"


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
