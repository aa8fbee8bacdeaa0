"""How the orchestrator is doing, for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from orchestrator.errors import WetreadError
from orchestrator.jobs import ledger
from orchestrator.jobs.states import JobState
from orchestrator.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


@dataclass(frozen=True, slots=True)
class Probe:
    """What was seen."""

    database: str
    """`ok`, or what is wrong."""
    archive: str
    models: tuple[str, ...]
    """Names and versions of the models that answer; none is no fault: studies wait for them."""

    @property
    def ready(self) -> bool:
        """Whether work can go on."""
        return self.database == self.archive == "ok"


def probe(parts: Health) -> Probe:
    """Looks at everything once."""
    return Probe(_said(lambda: _counts(parts)), _said(parts.archive.version), tuple(parts.live_models()))


def exposition(parts: Health) -> bytes:
    """All metrics in Prometheus's text format; jobs by state are counted now."""
    try:
        for state, count in _counts(parts).items():
            metrics.JOBS.labels(state.value).set(count)
    except WetreadError:
        metrics.JOBS.clear()
    return metrics.exposition()


def _counts(parts: Health) -> dict[JobState, int]:
    with parts.database.read() as connection:
        return dict.fromkeys(JobState, 0) | ledger.counts(connection)


def _said(look: Callable[[], object]) -> str:
    try:
        look()
    except WetreadError as error:
        return str(error)
    return "ok"
