"""An Orthanc of our own: on free ports, with a password, in a folder that goes with it.

The program from the distribution's package where it is installed, else the image that most sites
run, by Docker.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from demo.archive import Archive
from demo.processes import Command, Process, free_port

IMAGE = os.environ.get("ORTHANC_IMAGE", "orthancteam/orthanc:25.8.2")
DICOMWEB_PLUGINS = (
    Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so"),
    Path("/usr/local/share/orthanc/plugins/libOrthancDicomWeb.so"),
)
START_DEADLINE_S = 60.0
CONTAINER_HTTP_PORT = 8042
CONTAINER_DICOM_PORT = 4242


class NoOrthanc(Exception):
    """Neither the program nor Docker is there; the text says what to install."""


@dataclass(frozen=True, slots=True)
class OrthancSettings:
    """What may differ between a demo, a test and a benchmark."""

    ae_title: str = "ORTHANC"
    username: str = "wetread"
    stable_age_s: int = 2
    """Seconds without news until Orthanc calls a study stable; a site would use a minute."""
    overwrite_instances: bool = False
    """Whether an instance that comes again takes the place of the first one."""
    saves_jobs: bool = True
    """Whether a modification or transfer that was under way when Orthanc was killed may go on at its next start."""
    lua_scripts: tuple[Path, ...] = ()
    """Scripts that Orthanc runs, such as one that routes what it receives."""


class Orthanc:
    """One Orthanc server; stopped and started again it has the same ports, account and studies."""

    def __init__(self, folder: Path, settings: OrthancSettings | None = None) -> None:
        self.settings = settings or OrthancSettings()
        self.password = secrets.token_urlsafe(12)
        self.http_port = free_port()
        self.dicom_port = free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.archive = Archive(self.url, self.settings.username, self.password)
        self.password_file = folder / "orthanc.password"
        self.log = folder / "orthanc.log"
        self._folder = folder
        self._process: Process | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(self.password, encoding="utf-8")

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Returns when Orthanc answers. Raises `NoOrthanc`, `ProcessEnded` or `NotInTime`."""
        self.launch().await_ready(self.archive.answers, deadline_s=START_DEADLINE_S)

    def launch(self) -> Process:
        """Starts it; returns at once. Raises `NoOrthanc`."""
        self._process = Process(self._command())
        return self._process

    def stop(self) -> None:
        """Ends Orthanc in order: what is still unstable is called stable. May be called again."""
        if self._process:
            self._process.stop()
        self._process = None

    def kill(self) -> None:
        """Ends Orthanc as a power cut would: what is unstable is never called stable."""
        if self._process:
            self._process.kill()
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

    def _command(self) -> Command:
        if program := shutil.which("Orthanc", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"):
            storage = self._folder / "orthanc"
            configuration = self._configuration(storage, self.http_port, self.dicom_port)
            plugins = [str(path) for path in DICOMWEB_PLUGINS if path.exists()]
            file = self._write({**configuration, "Plugins": plugins, "RemoteAccessAllowed": False})
            return Command("Orthanc", (program, str(file)), self.log)
        if docker := shutil.which("docker"):
            inside = self._configuration(Path("/var/lib/orthanc/db"), CONTAINER_HTTP_PORT, CONTAINER_DICOM_PORT)
            file = self._write({**inside, "RemoteAccessAllowed": True})
            return Command("Orthanc", (docker, *self._container_arguments(file)), self.log)
        raise NoOrthanc("There is no Orthanc on this machine. Type:  sudo apt-get install orthanc  (or install Docker)")

    def _container_arguments(self, file: Path) -> tuple[str, ...]:
        storage = self._folder / "orthanc"
        storage.mkdir(exist_ok=True)
        return (
            *("run", "--rm", "--init", "--user", f"{os.getuid()}:{os.getgid()}"),
            *("--publish", f"127.0.0.1:{self.http_port}:{CONTAINER_HTTP_PORT}"),
            *("--publish", f"127.0.0.1:{self.dicom_port}:{CONTAINER_DICOM_PORT}"),
            *("--volume", f"{file}:/etc/orthanc/orthanc.json:ro"),
            *("--volume", f"{storage}:/var/lib/orthanc/db"),
            IMAGE,
        )

    def _write(self, configuration: dict[str, object]) -> Path:
        file = self._folder / "orthanc.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(configuration, indent=2), encoding="utf-8")
        return file

    def _configuration(self, storage: Path, http_port: int, dicom_port: int) -> dict[str, object]:
        return {
            "Name": "Wetread demo",
            "StorageDirectory": str(storage),
            "IndexDirectory": str(storage),
            "HttpPort": http_port,
            "DicomPort": dicom_port,
            "DicomAet": self.settings.ae_title,
            "AuthenticationEnabled": True,
            "RegisteredUsers": {self.settings.username: self.password},
            "StableAge": self.settings.stable_age_s,
            # Compressing pixels for every reader costs Orthanc more than all else together.
            "HttpCompressionEnabled": False,
            "OverwriteInstances": self.settings.overwrite_instances,
            "SaveJobs": self.settings.saves_jobs,
            "DicomWeb": {"Enable": True},
            "LuaScripts": [str(script) for script in self.settings.lua_scripts],
        }
