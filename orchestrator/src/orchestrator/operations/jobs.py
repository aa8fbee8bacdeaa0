"""Acts of a person on jobs: retry, cancel, pause, resume; doing one again changes nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import Permanent
from orchestrator.jobs import answers, audit, catalogue, halts, ledger
from orchestrator.jobs.input import input_from_json
from orchestrator.jobs.states import ACTIVE, ENDED, JobState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from orchestrator.jobs.database import Database

_LIVE = ACTIVE | {JobState.QUEUED, JobState.DONE}


class JobUnknown(Permanent):
    """No job of this site has such a key."""


class NotPossible(Permanent):
    """The job is in a state in which this makes no sense; the text says why."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, why, and when."""

    by: str
    reason: str
    now: datetime


def retry(database: Database, jobs: Sequence[str], act: Act, *, ask_again: bool = False) -> list[ledger.Job]:
    """Takes ended jobs up again and has waiting ones tried at once; those that it did something to.

    A saved answer is used again unless `ask_again`, or unless the answer was that the study is
    unsuitable. All or none: raises `JobUnknown`, or `NotPossible` for a job that a newer one of the
    same study and model has replaced.
    """
    with database.write() as connection:
        found = [_named(connection, digits) for digits in jobs]
        return [job for job in found if _retry(connection, job, act, ask_again=ask_again)]


def cancel(database: Database, jobs: Sequence[str], act: Act) -> list[ledger.Job]:
    """Stops jobs that are not ended; those that it stopped. A model at work is told within a second.

    All or none: raises `JobUnknown`.
    """
    with database.write() as connection:
        found = [job for digits in jobs if (job := _named(connection, digits)).state not in ENDED]
        for job in found:
            ledger.move(connection, job, JobState.CANCELLED, act.now, reason=f"{act.by}: {act.reason}")
            _record(connection, "cancel", f"job {job.key}", act, (job.state, JobState.CANCELLED))
    return found


def pause(database: Database, model: str, act: Act) -> bool:
    """Gives a model (or all: `halts.EVERYTHING`) no new work; False if it was paused already.

    What is in work ends. Raises `NotPossible` for a model that was never here.
    """
    with database.write() as connection:
        names = sorted({known.identity.name for known in catalogue.known(connection)})
        if model not in {halts.EVERYTHING, *names}:
            raise NotPossible(f"{model} has never been here; known: {', '.join(names) or 'none yet'}")
        begun = halts.begin(connection, halts.Kind.MODEL, halts.Halt(model, act.now, act.by, act.reason))
        if begun:
            _record(connection, "pause", _subject(model), act)
    return begun


def resume(database: Database, model: str, act: Act) -> bool:
    """Gives it work again; False if it was not paused."""
    with database.write() as connection:
        ended = halts.end(connection, halts.Kind.MODEL, model)
        if ended:
            _record(connection, "resume", _subject(model), act)
    return ended


def pauses(database: Database) -> list[halts.Halt]:
    """What is paused."""
    with database.read() as connection:
        return halts.in_force(connection)


def _retry(connection: sa.Connection, job: ledger.Job, act: Act, *, ask_again: bool) -> bool:
    if job.state in ACTIVE or (job.state is JobState.QUEUED and job.engaged):
        return False
    if job.state is JobState.QUEUED:
        ledger.hasten(connection, job, act.now)
    else:
        _refuse_if_replaced(connection, job)
        again = ask_again or job.state is JobState.UNSUITABLE
        if again:
            answers.forget(connection, job.study, input_from_json(job.input), job.model.name)
        ledger.reopen(connection, job, act.now, f"retried by {act.by}: {act.reason}", ask_again=again)
    _record(connection, "retry", f"job {job.key}", act, (job.state, JobState.QUEUED))
    return True


def _refuse_if_replaced(connection: sa.Connection, job: ledger.Job) -> None:
    slot = ledger.slot(connection, job.study, job.series_instance_uid, job.model.name)
    newer = [one for one in slot if one.key != job.key and one.state in _LIVE and one.created_at > job.created_at]
    if newer and not job.shadow:
        raise NotPossible(
            f"job {job.key[:8]} was replaced by {newer[0].key[:8]}, which is {newer[0].state}; retry that"
        )


def _named(connection: sa.Connection, digits: str) -> ledger.Job:
    """The job whose key starts so. Raises `JobUnknown` for none and for several."""
    found = ledger.starting_with(connection, digits)
    if len(found) != 1:
        raise JobUnknown(f"{digits}: {'several jobs start' if found else 'no job starts'} with that")
    return found[0]


def _subject(model: str) -> str:
    return "all models" if model == halts.EVERYTHING else f"model {model}"


def _record(
    connection: sa.Connection,
    what: str,
    subject: str,
    act: Act,
    states: tuple[JobState, JobState] | None = None,
) -> None:
    before, after = states or (None, None)
    audit.record(
        connection, at=act.now, who=act.by, what=what, subject=subject, why=act.reason, before=before, after=after
    )
