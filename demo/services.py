"""The programs of Wetread itself, started as a site would start them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from demo.events import EventLog
from demo.processes import Command, Process, ProcessEnded, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from demo.orthanc import Orthanc

MODEL_DEADLINE_S = 180.0
"""Importing TensorFlow alone takes 10 s on an idle machine."""
ORCHESTRATOR_DEADLINE_S = 60.0
HEALTH_TIMEOUT_S = 2.0
SCRIPTS = Path(sys.executable).parent
"""Where the lock's programs are: `wetread`, `brdensity`."""


class ModelService:
    """A model container's program, without the container."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "brdensity",
        program: tuple[str, ...] = (str(SCRIPTS / "brdensity"), "serve"),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`environment` is added to that of a model service, such as `WETREAD_DECLARATION`."""
        self.name = name
        self.grpc_port = free_port()
        self.http_port = free_port()
        self.address = f"127.0.0.1:{self.grpc_port}"
        self.log = folder / f"{name}.log"
        self._program = program
        self._folder = folder
        self._environment = dict(environment or {})
        self._process: Process | None = None
        self.begin: Callable[[Command], Process] = Process
        """Makes a process of the command; a test that starts it very often has a faster way."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    def launch(self) -> None:
        """Returns at once; `await_ready` says when it can be used."""
        environment = {
            "WETREAD_GRPC_PORT": str(self.grpc_port),
            "WETREAD_HTTP_PORT": str(self.http_port),
            "BENTOML_HOME": str(self._folder / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "True",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            **self._environment,
        }
        self._process = self.begin(Command(self.name, self._program, self.log, environment))

    def await_ready(self) -> None:
        """Returns when the model's own health service says that it serves. Raises `ProcessEnded` or `NotInTime`."""
        if self._process:
            self._process.await_ready(self.serves, deadline_s=MODEL_DEADLINE_S)

    def serves(self) -> bool:
        """What the standard health service of the model says now."""
        with grpc.insecure_channel(self.address) as channel:
            try:
                answer = health_pb2_grpc.HealthStub(channel).Check(
                    health_pb2.HealthCheckRequest(), timeout=HEALTH_TIMEOUT_S
                )
            except grpc.RpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    def stop(self) -> None:
        """Ends the model in order: calls in flight are answered. May be called again."""
        if self._process:
            self._process.stop()
        self._process = None

    def start_again(self) -> None:
        """Starts it; returns at once."""
        self.launch()

    def freeze(self) -> None:
        """Stops it where it is, as a machine that swaps would."""
        if self._process:
            self._process.freeze()

    def thaw(self) -> None:
        """Lets it go on."""
        if self._process:
            self._process.thaw()

    def kill(self) -> None:
        """Ends the model at once, with calls in flight."""
        if self._process:
            self._process.kill()
        self._process = None


class Orchestrator:
    """`wetread run` with a site file of its own; started again it goes on with the same database."""

    def __init__(
        self, folder: Path, orthanc: Orthanc, models: tuple[str, ...], /, **sections: Mapping[str, object] | str
    ) -> None:
        """`sections` are those of the site file that differ, and single keys: `database="postgresql+psycopg://…"`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.site_file = folder / "site.yaml"
        self.database = folder / "wetread.db"
        self.log = folder / "orchestrator.log"
        self.web_port = free_port()
        self._process: Process | None = None
        self.begin: Callable[[Command], Process] = Process
        """Makes a process of the command; a test that starts it very often has a faster way."""
        site = {
            "orthanc": {
                "url": orthanc.url,
                "username": orthanc.settings.username,
                "password_file": str(orthanc.password_file),
            },
            "timezone": _local_timezone(),
            "database": f"sqlite:///{self.database}",
            "models": {"addresses": list(models), "refresh": "500ms"},
            "web": {"port": self.web_port},
        }
        for name, section in sections.items():
            site[name] = section if isinstance(section, str) else {**_mapping(site.get(name, {})), **section}
        self.site_file.write_text(yaml.safe_dump(site, sort_keys=False), encoding="utf-8")

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.running

    def start(self) -> EventLog:
        """Its log from this start on, once it has said that it started. Raises `ProcessEnded` or `NotInTime`."""
        events = self.launch()
        events.wait_for("orchestrator_started", deadline_s=ORCHESTRATOR_DEADLINE_S)
        return events

    def launch(self) -> EventLog:
        """Its log from this start on; returns at once. Waiting for an event ends when the program ends."""
        program = (str(SCRIPTS / "wetread"), "run", "--site", str(self.site_file))
        command = Command("orchestrator", program, self.log)
        events = EventLog(self.log, self._check)
        self._process = self.begin(command)
        return events

    def _check(self) -> None:
        if self._process is None:
            raise ProcessEnded("the orchestrator was stopped")
        self._process.check()

    def stop(self) -> None:
        """Ends it in order. May be called again."""
        if self._process:
            self._process.stop()
        self._process = None

    def start_again(self) -> None:
        """Starts it; returns at once."""
        self.launch()

    def freeze(self) -> None:
        """Stops it where it is, as a machine that swaps would."""
        if self._process:
            self._process.freeze()

    def thaw(self) -> None:
        """Lets it go on."""
        if self._process:
            self._process.thaw()

    def kill(self) -> None:
        """Ends it as a power cut would."""
        if self._process:
            self._process.kill()
        self._process = None


def _mapping(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}


def _local_timezone() -> str:
    """This machine's IANA time zone; UTC where it does not say."""
    name = Path("/etc/timezone")
    if name.exists() and (zone := name.read_text(encoding="utf-8").strip()):
        return zone
    link = Path("/etc/localtime").resolve().as_posix()
    return link.partition("/zoneinfo/")[2] or "UTC"
