"""How the orchestrator is doing, for machines."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from orchestrator.errors import DiskFull, WetreadError
from orchestrator.jobs import ledger
from orchestrator.jobs.backlog import backlogs, outboxes
from orchestrator.jobs.states import DeliveryState, JobState
from orchestrator.telemetry import certificates, metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from orchestrator.jobs.database import Database


class ReachableArchive(Protocol):
    """The part of an archive that health needs."""

    def version(self) -> str:
        """Of the archive's software."""
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """What is looked at."""

    database: Database
    archive: ReachableArchive
    live_models: Callable[[], Sequence[str]]
    endpoints: Callable[[], Mapping[str, tuple[int, int]]] = dict
    """By model name: containers that take work now, and those whose breaker is open."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ledger_folder: Path | None = None
    """None where the ledger is on another machine."""
    certificates: Mapping[str, Path] = field(default_factory=dict)
    """By what they are for."""
    obstacle: Callable[[], WetreadError | None] = lambda: None
    """What keeps studies from being taken up now."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What was seen."""

    database: str
    """`ok`, or what is wrong."""
    archive: str
    intake: str
    """`ok`, or why no study is taken up now."""
    models: tuple[str, ...]
    """Names and versions of the models that answer; none is no fault: studies wait for them."""

    @property
    def ready(self) -> bool:
        """Whether work can go on."""
        return self.database == self.archive == self.intake == "ok"


def probe(parts: Health) -> Probe:
    """Looks at everything once."""
    obstacle = parts.obstacle()
    return Probe(
        database=_said(lambda: _counts(parts)),
        archive=_said(parts.archive.version),
        intake="ok" if obstacle is None else str(obstacle),
        models=tuple(parts.live_models()),
    )


def exposition(parts: Health) -> bytes:
    """All metrics in Prometheus's text format; what is a state and no event is looked up now."""
    try:
        for state, count in _counts(parts).items():
            metrics.JOBS.labels(state.value).set(count)
        _measure_backlogs(parts)
        _measure_outboxes(parts)
    except WetreadError:
        for gauge in (metrics.JOBS, metrics.QUEUE, metrics.OLDEST, metrics.DELIVERIES, metrics.OLDEST_DELIVERY):
            gauge.clear()
    _measure_machine(parts)
    return metrics.exposition()


def _measure_backlogs(parts: Health) -> None:
    with parts.database.read() as connection:
        found = backlogs(connection)
    endpoints = parts.endpoints()
    for backlog in found:
        age_s = (parts.clock() - backlog.oldest).total_seconds() if backlog.oldest else 0.0
        serving, broken = endpoints.get(backlog.model, (0, 0))
        metrics.QUEUE.labels(backlog.model).set(backlog.count)
        metrics.OLDEST.labels(backlog.model).set(age_s)
        metrics.ENDPOINTS.labels(backlog.model).set(serving)
        metrics.BREAKERS.labels(backlog.model).set(broken)


def _measure_outboxes(parts: Health) -> None:
    with parts.database.read() as connection:
        found = outboxes(connection)
    for gauge in (metrics.DELIVERIES, metrics.OLDEST_DELIVERY):
        gauge.clear()  # a state that has no delivery any more must not keep its last number
    for destination in {outbox.destination for outbox in found}:
        for state in DeliveryState:  # a number that appears with the first failure would hide that it has grown
            metrics.DELIVERIES.labels(destination, state.value).set(0)
    for outbox in found:
        age_s = (parts.clock() - outbox.oldest).total_seconds()
        metrics.DELIVERIES.labels(outbox.destination, outbox.state.value).set(outbox.count)
        metrics.OLDEST_DELIVERY.labels(outbox.destination, outbox.state.value).set(age_s)


def _measure_machine(parts: Health) -> None:
    metrics.DISK_FULL.set(isinstance(parts.obstacle(), DiskFull))
    if parts.ledger_folder is not None:
        usage = shutil.disk_usage(parts.ledger_folder)
        metrics.DISK_FREE.set(usage.free)
        metrics.DISK_SIZE.set(usage.total)
    for name, path in parts.certificates.items():
        ends = certificates.expires(path)
        if ends is not None:
            metrics.CERTIFICATE.labels(name).set(ends.timestamp())


def _counts(parts: Health) -> dict[JobState, int]:
    with parts.database.read() as connection:
        return dict.fromkeys(JobState, 0) | ledger.counts(connection)


def _said(look: Callable[[], object]) -> str:
    try:
        look()
    except WetreadError as error:
        return str(error)
    return "ok"
