"""What is measured, and how; each function returns one frozen figure."""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from demo.following import DEADLINE_S, follow, short
from demo.orthanc import OrthancSettings
from demo.processes import Command, Process, free_port
from demo.services import ModelService
from demo.stack import Stack
from demo.waiting import until

from bench.exams import ExamMaker, Size
from bench.model import DECLARATION
from bench.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.archive import Archive
    from demo.events import Event, EventLog

ROOT = Path(__file__).parents[1]
LOOK_EVERY_S = 0.005
"""How often the change log is read for the moment of a stable change; one look costs Orthanc 1 ms."""


@dataclass(frozen=True, slots=True)
class Delay:
    """From Orthanc's stable change to both results read back, without the model's own time, in seconds."""

    samples_s: tuple[float, ...]

    @property
    def p50_s(self) -> float:
        """The median."""
        return statistics.median(self.samples_s)

    @property
    def p95_s(self) -> float:
        """The 95th percentile."""
        return statistics.quantiles(self.samples_s, n=20, method="inclusive")[-1]


@dataclass(frozen=True, slots=True)
class Throughput:
    """A backlog's studies per minute, ours and that of the plain script on the same studies."""

    ours: float
    reference_one_thread: float
    reference_two_threads: float

    @property
    def share(self) -> float:
        """Ours beside the faster of the two."""
        return self.ours / max(self.reference_one_thread, self.reference_two_threads)


@dataclass(frozen=True, slots=True)
class Memory:
    """The orchestrator's resident memory in megabytes."""

    started: float
    """After its start, before any study."""
    peak: float
    """Highest since the process began."""


def stack(folder: Path) -> Stack:
    """Orthanc, the model that takes no time, and the orchestrator."""
    program = (sys.executable, "-m", "bench.model")
    environment = {"WETREAD_DECLARATION": str(DECLARATION), "PYTHONPATH": str(ROOT)}
    model = ModelService(folder, name="instant", program=program, environment=environment)
    return Stack(folder, model=model, orthanc=OrthancSettings(stable_age_s=1))


def delay(running: Stack, events: EventLog, size: Size, studies: int, tick: Callable[[], None]) -> Delay:
    """One study after the other reaches an idle stack."""
    exams = ExamMaker(size)
    samples = []
    for _ in range(studies):
        since = running.archive.get("/changes?last")["Last"]
        study = _upload(running.archive, exams)
        stable = _stable_at(running.archive, study, since)
        stored = events.wait_for("result_stored", study=short(study), deadline_s=DEADLINE_S)
        samples.append(moment(stored) - stable - float(stored.text("inference_s")))
        tick()
    return Delay(tuple(samples))


def throughput(folder: Path, size: Size, studies: int, tick: Callable[[], None]) -> Throughput:
    """A backlog that came while the orchestrator was down is worked off by us, then by the plain script."""
    with stack(folder) as running:
        backlog = _backlog(running, size, studies, tick)
        ours = _work_off(running, backlog)
        running.orchestrator.stop()
        server = _start_bare_server(folder)
        try:
            account = (running.orthanc.url, running.orthanc.settings.username, running.orthanc.password)
            reference = Reference(*account, server.address)
            return Throughput(ours, *(reference.run(backlog, threads) for threads in (1, 2)))
        finally:
            server.process.stop()


def memory(running: Stack, size: Size) -> Memory:
    """One study reaches an orchestrator that has just started."""
    running.orchestrator.stop()
    events = running.orchestrator.start()
    events.wait_for("model_registered")
    started = _resident_mb(running.orchestrator.pid, "VmRSS")
    study = _upload(running.archive, ExamMaker(size))
    # Not followed: while 2 GB are uploaded the study counts as stable, and as incomplete, more than once.
    events.wait_for("result_stored", study=short(study), deadline_s=DEADLINE_S)
    return Memory(started, _resident_mb(running.orchestrator.pid, "VmHWM"))


def _backlog(running: Stack, size: Size, studies: int, tick: Callable[[], None]) -> list[str]:
    """Studies that became stable while the orchestrator was down."""
    running.start()
    running.orchestrator.stop()
    exams = ExamMaker(size)
    backlog = []
    for _ in range(studies):
        backlog.append(_upload(running.archive, exams))
        tick()
    until(lambda: _all_stable(running.archive, backlog), what="the backlog is stable", deadline_s=DEADLINE_S)
    return backlog


def _upload(archive: Archive, exams: ExamMaker) -> str:
    return [archive.upload(content) for content in exams.files()][-1]


def _stable_at(archive: Archive, study: str, since: int) -> float:
    """The time at which Orthanc's change log first says that a study is stable."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        page = archive.get(f"/changes?since={since}&limit=100")
        if any(change["ChangeType"] == "StableStudy" and change["ID"] == study for change in page["Changes"]):
            return time.time()
        since = page["Last"]
        time.sleep(LOOK_EVERY_S)
    raise RuntimeError("Orthanc never called the study stable")


def _all_stable(archive: Archive, studies: list[str]) -> bool | None:
    return True if all(archive.get(f"/studies/{study}")["IsStable"] for study in studies[-3:]) else None


def _work_off(running: Stack, backlog: list[str]) -> float:
    """Studies per minute from the first job in the ledger to the last result."""
    log: list[Event] = []
    events = running.orchestrator.start()
    follow(backlog, events, log.append)
    began = min(moment(event) for event in log if event.name == "study_noticed")
    ended = max(moment(event) for event in log if event.name == "result_stored")
    return 60 * len(backlog) / (ended - began)


@dataclass(frozen=True, slots=True)
class _BareServer:
    process: Process
    address: str


def _start_bare_server(folder: Path) -> _BareServer:
    port = free_port()
    command = Command(
        "bare server",
        (sys.executable, "-m", "bench.bare_server", str(port)),
        folder / "bare_server.log",
        {"PYTHONPATH": str(ROOT)},
    )
    return _BareServer(Process(command), f"127.0.0.1:{port}")


def moment(event: Event) -> float:
    """When it was said, in seconds of the epoch."""
    return datetime.fromisoformat(event.text("timestamp")).timestamp()


def _resident_mb(pid: int | None, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"the kernel does not say {field} of the orchestrator")
