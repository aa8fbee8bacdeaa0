"""Whether ledger, engine and Orthanc agree; where they do not, what is wrong and what to do.

May run beside a working orchestrator: Orthanc is looked at before the ledger, since an object is
noted before it is stored, and whatever looks wrong is looked at a second time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from orchestrator.errors import Gone
from orchestrator.handoffs import ObjectKind
from orchestrator.jobs import agreement, engine, ledger
from orchestrator.jobs.states import ACTIVE, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from orchestrator.handoffs import OrthancId
    from orchestrator.jobs.agreement import KnownObject
    from orchestrator.jobs.database import Database
    from orchestrator.orthanc.archive import Archive

CATCHES_UP = timedelta(minutes=2)
"""A job that changed its state within this time may just be on its way between ledger and engine."""
_MAY_HAVE_OBJECTS = ACTIVE | {JobState.DONE, JobState.QUEUED}
_ALL = 10**6
_BLOCK = 2**16
_MANUFACTURER = "Wetread"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Something that is not as it should be."""

    what: str
    advice: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was compared, and what was found."""

    disagreements: Sequence[Disagreement]
    proven: int
    """Objects whose bytes in Orthanc are those that we composed."""
    departed: int
    """Finished jobs whose study is no longer in Orthanc: nothing is wrong with that."""


def examine(database: Database, archive: Archive, now: datetime, catches_up: timedelta = CATCHES_UP) -> Agreement:
    """Compares everything with everything. Raises what the archive raises, and `DatabaseUnavailable`."""
    present = archive.made_by(_MANUFACTURER)
    with database.read() as connection:
        known = agreement.objects(connection)
    counted: Counter[str] = Counter()
    found = [
        *_decisions(database),
        *_execution(database, now - catches_up),
        *_strangers(database, archive, present, known),
        *_results(database, archive, known, counted),
    ]
    return Agreement(found, counted["proven"], counted["departed"])


def _decisions(database: Database) -> Iterator[Disagreement]:
    with database.read() as connection:
        unanswered = agreement.matches_without_job(connection)
        crowded = agreement.crowded_slots(connection)
    for study, model in unanswered:
        yield Disagreement(
            f"study {study} matches {model} and has no job", f"wetread rerun {study} --model {model}, and report it"
        )
    for study, model, count in crowded:
        yield Disagreement(
            f"study {study} has {count} current results of {model}", f"wetread rerun {study} --model {model}"
        )


def _execution(database: Database, settled_before: datetime) -> Iterator[Disagreement]:
    with database.read() as connection:
        active = ledger.listed(connection, states=ACTIVE, limit=_ALL)
        jobs = {job.key: job for job in (*ledger.engaged(connection), *active) if job.state_since < settled_before}
    unfinished = engine.unfinished_in(database.engine)
    for job in jobs.values():
        if job.engaged and (job.key, job.attempt) in unfinished:
            continue
        with database.read() as connection:
            moved = ledger.find(connection, job.key) != job
        if not moved:
            yield Disagreement(
                f"job {job.key[:8]} is {job.state} and nobody works on it",
                "start the orchestrator, which takes it up; if it runs, restart it and report this",
            )


def _strangers(
    database: Database, archive: Archive, present: Sequence[OrthancId], known: Mapping[OrthancId, KnownObject]
) -> Iterator[Disagreement]:
    """Objects of ours in Orthanc that should not be there."""
    for orthanc_id in present:
        noted = known.get(orthanc_id)
        if noted is not None and _may_be_there(noted):
            continue
        if not _is_there(archive, orthanc_id) or _accounted_for(database, orthanc_id):
            continue
        said = "the ledger does not know it" if noted is None else f"its job {noted.job_key[:8]} is {noted.state}"
        yield Disagreement(
            f"object {orthanc_id} in Orthanc is by Wetread, but {said}",
            "it came from elsewhere, such as another installation, or was left behind: look at it, then delete it",
        )


def _accounted_for(database: Database, orthanc_id: OrthancId) -> bool:
    with database.read() as connection:
        noted = agreement.objects(connection).get(orthanc_id)
    return noted is not None and _may_be_there(noted)


def _may_be_there(noted: KnownObject) -> bool:
    """Whether an object may be in Orthanc; a rejection note outlives the result that it withdraws."""
    return not noted.withdrawn and (noted.state in _MAY_HAVE_OBJECTS or noted.kind is ObjectKind.NOTE)


def _results(
    database: Database, archive: Archive, known: Mapping[OrthancId, KnownObject], counted: Counter[str]
) -> Iterator[Disagreement]:
    """Results of finished jobs that are not in Orthanc as they were composed."""
    with database.read() as connection:
        for key, study in agreement.finished_without_objects(connection):
            yield Disagreement(f"job {key[:8]} is DONE without a result", f"wetread retry {key[:8]}; study {study}")
    departed: set[str] = set()
    for noted in known.values():
        if noted.withdrawn or noted.state is not JobState.DONE:
            continue
        digest = _digest(archive, noted.orthanc_id)
        if digest == noted.sha256:
            counted["proven"] += 1
        elif digest is None and not _study_is_there(archive, noted.study):
            departed.add(noted.job_key)
        elif _accounted_for(database, noted.orthanc_id):
            how = "missing from Orthanc" if digest is None else "not what was stored"
            yield Disagreement(
                f"object {noted.orthanc_id} of job {noted.job_key[:8]} is {how}",
                f"wetread retry {noted.job_key[:8]}, which stores it again without asking the model",
            )
    counted["departed"] = len(departed)


def _digest(archive: Archive, instance: OrthancId) -> str | None:
    """SHA-256 of the archive's copy; None where it has none."""
    digest = sha256()
    try:
        with archive.open_instance(instance) as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except Gone:
        return None
    return digest.hexdigest()


def _is_there(archive: Archive, instance: OrthancId) -> bool:
    return _digest(archive, instance) is not None


def _study_is_there(archive: Archive, study: OrthancId) -> bool:
    try:
        archive.study(study)
    except Gone:
        return False
    return True
