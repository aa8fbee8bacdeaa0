"""Questions that change nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.dispatch.active import choose, parsed
from orchestrator.errors import Permanent
from orchestrator.jobs import approvals, catalogue, judgements, ledger
from orchestrator.match import explanation
from wetread_contract.judgement import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from orchestrator.dispatch.active import SiteSays
    from orchestrator.handoffs import OrthancId, RegisteredModel
    from orchestrator.jobs.database import Database
    from orchestrator.jobs.states import JobState
    from wetread_contract.judgement import Judgement


@dataclass(frozen=True, slots=True)
class Explained:
    """One model's decision about the newest content of a study."""

    model: str
    version: str
    outcome: str
    """As it stands: an INCOMPLETE study may have become UNSUITABLE by waiting."""
    judgement: Judgement
    site_file_sha256: str
    """The version of the site file that decided."""
    job: ledger.Job | None

    def in_words(self) -> str:
        """The outcome, the reasons and the tree, as lines of text."""
        return explanation.in_words(replace(self.judgement, outcome=Outcome(self.outcome)))

    def as_json(self) -> dict[str, object]:
        """The same for machines."""
        return {
            "model": self.model,
            "version": self.version,
            "site_file_sha256": self.site_file_sha256,
            "job": None if self.job is None else {"key": self.job.key, "state": self.job.state.value},
            **explanation.as_json(replace(self.judgement, outcome=Outcome(self.outcome))),
        }


class StudyUnknown(Permanent):
    """No study of this site has such an id."""


def jobs(database: Database, states: Collection[JobState], limit: int) -> list[ledger.Job]:
    """The newest jobs."""
    with database.read() as connection:
        return ledger.listed(connection, states=states, limit=limit)


def job_counts(database: Database) -> dict[JobState, int]:
    """How many jobs are in each state."""
    with database.read() as connection:
        return ledger.counts(connection)


def study_named(database: Database, digits: str) -> OrthancId:
    """The study whose Orthanc id starts so. Raises `StudyUnknown` for none and for several."""
    with database.read() as connection:
        found = judgements.studies_named(connection, digits)
    if len(found) != 1:
        raise StudyUnknown(f"{digits}: {'several studies start' if found else 'no judged study starts'} with that")
    return found[0]


def explain(database: Database, study: str) -> list[Explained]:
    """Why each model ran, or did not, on the newest content of a study; the start of its Orthanc id is enough.

    Raises `StudyUnknown`.
    """
    full = study_named(database, study)
    with database.read() as connection:
        return [
            Explained(
                row.model,
                row.version,
                row.outcome,
                judgements.judgement_of(row),
                row.site_file_sha256,
                ledger.find(connection, row.job_key) if row.job_key else None,
            )
            for row in judgements.latest(connection, full)
        ]


def judging(database: Database, site: SiteSays) -> Sequence[RegisteredModel]:
    """The models whose rules are in force, as far as the ledger knows: those that answered last count as answering."""
    with database.read() as connection:
        known = catalogue.known(connection)
        approved = approvals.all_approved(connection)
    newest = max((model.last_seen for model in known), default=None)
    live = {model.identity for model in known if model.last_seen == newest}
    return choose(known, live, approved, site, parsed)
