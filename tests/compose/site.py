"""A composed site of a test: docker compose as a user types it, on free ports, with secrets of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import requests
from demo import sending
from demo.archive import Archive
from demo.processes import free_port
from demo.waiting import until

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose"
UP_DEADLINE_S = 600
DEADLINE_S = 300
"""For what takes seconds on a machine that has nothing else to do."""
STABLE_AGE_S = 2
REQUEST_TIMEOUT_S = 30
REPLICAS = 3
"""Of the orchestrator, in compose.postgres.yaml."""
BUILDER = "wetread-e2e-build"
"""The project that builds; Compose writes its name into each image."""
IMAGES = {"POSTGRES_IMAGE": "wetread-test/postgres", "JAEGER_IMAGE": "wetread-test/collector"}
"""Of third parties, built from packages where no registry can be reached; the others are named in compose.test.yaml."""


def free_ports(number: int) -> str:
    """A range of ports that nobody listens on now, as Compose writes it: `40000-40002`."""
    while True:
        first = free_port()
        with ExitStack() as held:
            try:
                for port in range(first, first + number):
                    listener = held.enter_context(socket.socket())
                    listener.bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
        return f"{first}-{first + number - 1}"


def run(*command: str | Path, timeout_s: float = DEADLINE_S, cwd: Path = ROOT, **environment: str) -> str:
    """What a program says. Raises `AssertionError` with all that it said when it fails."""
    return _run([str(part) for part in command], timeout_s, cwd, environment)


def _run(command: Sequence[str], timeout_s: float, cwd: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
        env={**os.environ, **environment},
        cwd=cwd,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Site:
    """A compose project; everything of it is gone when the block is left."""

    def __init__(self, folder: Path, name: str, *overrides: str, engine: str = "") -> None:
        """With overrides by their names; on the engine of DOCKER_HOST unless another one is named."""
        self.folder = folder
        self._engine = {"DOCKER_HOST": engine} if engine else {}
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
            "WETREAD_PORTS": free_ports(REPLICAS),
            **{key: str(port) for key, port in self.ports.items()},
            **IMAGES,
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

    def command(self, *arguments: str) -> list[str]:
        """What a user types to say this to `docker compose`."""
        files = [part for file in self.files for part in ("--file", str(file))]
        project = ["--project-name", self.name, "--env-file", str(self.folder / "env")]
        return ["docker", "compose", *project, *files, *arguments]

    def compose(self, *arguments: str, timeout_s: float = UP_DEADLINE_S, **environment: str) -> str:
        """What `docker compose` says to these arguments."""
        return _run(self.command(*arguments), timeout_s, ROOT, {**self._engine, **environment})

    def up(self, *services: str) -> None:
        """Starts services, or all; returns when they are healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", str(UP_DEADLINE_S), *services)

    def lines(self, service: str) -> list[str]:
        """All that a service's containers have written so far; each container's oldest first."""
        return self.compose("--profile", "*", "logs", "--no-log-prefix", "--no-color", service).splitlines()

    def events(self, *names: str, container: str | None = None) -> list[dict[str, Any]]:
        """What the orchestrator's containers, or one of them, have logged so far under these names."""
        lines = run("docker", "logs", container).splitlines() if container else self.lines("orchestrator")
        logged = [json.loads(line) for line in lines]
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

    @contextmanager
    def held(self, *services: str) -> Iterator[None]:
        """While the block runs, these services' containers stand still: what they have been given stays undone."""
        containers = [container for service in services for container in self.containers(service)]
        self._tell(containers, "STOP")
        try:
            yield
        finally:
            self._tell(containers, "CONT")

    @staticmethod
    def _tell(containers: Sequence[str], signal: str) -> None:
        """Sends a signal to all processes of containers but their first, which only reads what the others write."""
        for container in containers:
            run("docker", "exec", container, "sh", "-c", f"kill -s {signal} -- -1")

    def in_work(self, exams: Sequence[Path]) -> list[str]:
        """Sends exams; returns their studies when a model has been asked about one of them."""
        asked = len(self.events("prediction_requested"))
        studies = [self.send(exam) for exam in exams]
        until(
            lambda: len(self.events("prediction_requested")) > asked or None,
            what="a model is asked",
            deadline_s=DEADLINE_S,
        )
        return studies

    def send(self, exam: Path, tls: ssl.SSLContext | None = None) -> str:
        """Sends an exam by C-STORE; Orthanc's identifier of its study."""
        sendable, rejected = sending.sort(sorted(exam.glob("*.dcm")))
        assert rejected == []
        assert sendable
        assert sending.send(sendable, port=self.ports["ORTHANC_DICOM_PORT"], ae_title="ORTHANC", tls=tls) == []
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

    def results_of(self, studies: Sequence[str], each: int, deadline_s: float = 600) -> None:
        """Waits until every study has so many objects of ours. Raises `NotInTime`."""

        def complete() -> bool | None:
            return all(len(self.archive.results(study)) == each for study in studies) or None

        until(complete, what=f"{each} objects in each of {len(studies)} studies", deadline_s=deadline_s)

    def doctor(self) -> str:
        """What `wetread doctor --ledger` says. Raises `AssertionError` when ledger and archive do not agree."""
        return self.compose("exec", "--no-TTY", "orchestrator", "wetread", "doctor", "--ledger")
