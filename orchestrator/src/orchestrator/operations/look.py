"""Questions that change nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.handoffs import OrthancId
from orchestrator.jobs import catalogue, judgements, ledger

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from orchestrator.jobs.database import Database
    from orchestrator.jobs.states import JobState


@dataclass(frozen=True, slots=True)
class Explained:
    """One model's decision about the newest content of a study."""

    model: str
    version: str
    outcome: str
    judgement: Mapping[str, Any]
    """As the rules gave it: reasons, selected and left out instances, the tree of clauses."""
    job: ledger.Job | None


def jobs(database: Database, states: Collection[JobState], limit: int) -> list[ledger.Job]:
    """The newest jobs."""
    with database.read() as connection:
        return ledger.listed(connection, states=states, limit=limit)


def job_counts(database: Database) -> dict[JobState, int]:
    """How many jobs are in each state."""
    with database.read() as connection:
        return ledger.counts(connection)


def explain(database: Database, study: str) -> list[Explained]:
    """Why each model ran, or did not, on the newest content of a study (its Orthanc id); empty if it is unknown."""
    with database.read() as connection:
        rows = judgements.latest(connection, OrthancId(study))
        return [
            Explained(
                row.model,
                row.version,
                row.outcome,
                row.judgement,
                ledger.find(connection, row.job_key) if row.job_key else None,
            )
            for row in rows
        ]


def models(database: Database) -> Sequence[catalogue.KnownModel]:
    """Every model that this site has ever seen."""
    with database.read() as connection:
        return catalogue.known(connection)
