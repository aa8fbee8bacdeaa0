"""A composed site of a test: docker compose as a user types it, on free ports, with secrets of its own."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import requests
from demo import sending
from demo.archive import Archive
from demo.processes import free_port
from demo.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose"
UP_DEADLINE_S = 180
STABLE_AGE_S = 2
REQUEST_TIMEOUT_S = 5


def run(*command: str | Path, timeout_s: float = 120, cwd: Path = ROOT, **environment: str) -> str:
    """What a program says. Raises `AssertionError` with all that it said when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
        env=os.environ | environment,
        cwd=cwd,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Site:
    """A compose project; everything of it is gone when the block is left."""

    def __init__(self, folder: Path, name: str, *overrides: str) -> None:
        self.folder = folder
        self.name = name
        self.ports = {
            key: free_port() for key in ("ORTHANC_DICOM_PORT", "ORTHANC_HTTP_PORT", "WETREAD_PORT", "PROMETHEUS_PORT")
        }
        self.files = [COMPOSE / "compose.yaml", COMPOSE / "compose.test.yaml"]
        self.files += [COMPOSE / f"compose.{override}.yaml" for override in overrides]
        folder.mkdir(parents=True, exist_ok=True)
        self._prepare()
        password = (folder / "secrets/orthanc-admin-password").read_text(encoding="utf-8")
        self.archive = Archive(f"http://127.0.0.1:{self.ports['ORTHANC_HTTP_PORT']}", "admin", password)
        self._started = ExitStack()

    def _prepare(self) -> None:
        run(COMPOSE / "make-secrets", self.folder / "secrets")
        run(COMPOSE / "make-certs", self.folder / "certs")
        orthanc = json.loads((COMPOSE / "orthanc/orthanc.json").read_text(encoding="utf-8"))
        orthanc["StableAge"] = STABLE_AGE_S
        (self.folder / "orthanc.json").write_text(json.dumps(orthanc), encoding="utf-8")
        settings = {
            "WETREAD_TEST_FOLDER": str(self.folder),
            "WETREAD_SECRETS": str(self.folder / "secrets"),
            "WETREAD_CERTS": str(self.folder / "certs"),
            **{key: str(port) for key, port in self.ports.items()},
        }
        lines = [f"{key}={value}\n" for key, value in settings.items()]
        (self.folder / "env").write_text("".join(lines), encoding="utf-8")

    def __enter__(self) -> Self:
        self._started.callback(self.compose, "--profile", "*", "down", "--volumes", "--timeout", "5")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._started.close()

    def compose(self, *arguments: str, timeout_s: float = UP_DEADLINE_S, **environment: str) -> str:
        """What `docker compose` says to these arguments."""
        files = [part for file in self.files for part in ("--file", file)]
        project = ("--project-name", self.name, "--env-file", self.folder / "env")
        return run("docker", "compose", *project, *files, *arguments, timeout_s=timeout_s, **environment)

    def up(self, *services: str) -> None:
        """Starts services, or all; returns when they are healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", str(UP_DEADLINE_S), *services)

    def events(self, *names: str) -> list[dict[str, Any]]:
        """What the orchestrator's container has logged so far under these names, oldest first."""
        lines = self.compose("logs", "--no-log-prefix", "--no-color", "orchestrator").splitlines()
        logged = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in logged if event["event"] in names]

    def containers(self, service: str) -> list[str]:
        """Identifiers of a service's running containers."""
        return self.compose("--profile", "*", "ps", "--quiet", service).split()

    def inspect(self, service: str) -> list[dict[str, Any]]:
        """What the engine knows about a service's containers."""
        found: list[dict[str, Any]] = json.loads(run("docker", "inspect", *self.containers(service)))
        return found

    def kill(self, service: str) -> None:
        """Ends a service's containers as a power cut would, and starts them again."""
        run("docker", "kill", *self.containers(service))
        self.compose("up", "--detach", "--no-recreate", service)

    def send(self, exam: Path) -> str:
        """Sends an exam by C-STORE; Orthanc's identifier of its study."""
        sendable, rejected = sending.sort(sorted(exam.glob("*.dcm")))
        assert rejected == []
        assert sendable
        assert sending.send(sendable, port=self.ports["ORTHANC_DICOM_PORT"], ae_title="ORTHANC") == []
        study = self.archive.study(sendable[0].study_instance_uid)
        assert study is not None
        return study

    def http(self, port: str, path: str) -> requests.Response:
        """An answer of a published port."""
        return requests.get(f"http://127.0.0.1:{self.ports[port]}{path}", timeout=REQUEST_TIMEOUT_S)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Prometheus's answer to an instant query."""
        answer = requests.get(
            f"http://127.0.0.1:{self.ports['PROMETHEUS_PORT']}/api/v1/query",
            params={"query": expression},
            timeout=REQUEST_TIMEOUT_S,
        )
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    def results_of(self, studies: Sequence[str], each: int, deadline_s: float = 120) -> None:
        """Waits until every study has so many objects of ours. Raises `NotInTime`."""

        def complete() -> bool | None:
            return all(len(self.archive.results(study)) == each for study in studies) or None

        until(complete, what=f"{each} objects in each of {len(studies)} studies", deadline_s=deadline_s)
