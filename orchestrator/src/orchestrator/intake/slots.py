"""From a study's decisions to rows of jobs: at most one of each study (or series) and model is current."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.deliver import plan, retract
from orchestrator.handoffs import ObjectKind
from orchestrator.intake import corrections
from orchestrator.jobs import answers, judgements, ledger, predictions, standing
from orchestrator.jobs.input import input_of
from orchestrator.jobs.key import job_key
from orchestrator.jobs.states import ENDED, JobState
from orchestrator.telemetry import logs, tracing
from orchestrator.telemetry.events import Event

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from orchestrator.handoffs import Generation, JobKey, Match
    from orchestrator.jobs.input import JobInput
    from orchestrator.jobs.news import WaitingStudy
    from orchestrator.jobs.predictions import SavedPrediction
    from orchestrator.settings import Site
    from orchestrator.watch.earlier import EarlierObject


@dataclass(frozen=True, slots=True)
class Case:
    """One study's content that is being judged."""

    waiting: WaitingStudy
    content: Generation
    earlier: tuple[EarlierObject, ...]
    """Results in the study that only an earlier life of the ledger has known."""
    priority: int
    site: Site
    now: datetime


def queue(connection: sa.Connection, case: Case, matched: Match, answer: SavedPrediction | None = None) -> JobKey:
    """Makes the job of a match, or finds the one that is there, and clears its slot.

    With an `answer` of ours the model is not asked.
    """
    study, series = case.content.study, matched.judgement.series_instance_uid
    orthanc_ids = {one.headers.sop_instance_uid: one.orthanc_id for one in case.content.instances}
    wanted = _with_headers(case.content, input_of(matched.judgement, orthanc_ids))
    key = job_key(study, series, matched.model, wanted.orthanc_ids, asked=answer is None)
    origin = case.waiting.asks.get(matched.model.name, "news")
    existing = ledger.find(connection, key)
    if origin == "rerun":
        answers.forget(connection, study, wanted, matched.model.name)
    again = origin == "rerun" and existing is not None and existing.state in ENDED
    if existing is not None and existing.state not in standing.REOPENED:
        begun = corrections.begin_anew(connection, case, existing, wanted, answer)
        if begun or not again:
            return key
    replaces = None
    if not matched.shadow:
        slot = ledger.slot(connection, study, series, matched.model.name)
        replaces = _clear(connection, [job for job in slot if job.key != key], case.now)
    if existing is not None:
        anew = again or corrections.correction(existing, wanted) is not corrections.Correction.NONE
        ledger.reopen(connection, existing, case.now, f"taken up again: {origin}", ask_again=anew)
        ledger.change(connection, ledger.known(connection, key), {"input": wanted.to_json()})
    else:
        new = ledger.NewJob(
            key=key,
            study=study,
            series_instance_uid=series,
            model=matched.model,
            priority=case.priority,
            noticed_at=case.waiting.noticed_at,
            input=wanted.to_json(),
            origin=origin,
            shadow=matched.shadow,
        )
        answered = None if answer is None else predictions.save(connection, answer)
        ledger.open_job(connection, new, case.now, replaces=replaces, prediction=answered)
        if not matched.shadow and _adopt(connection, case, key):
            return key
        _take_copies(connection, case, new)
    tracing.judged(key, case.waiting.noticed_at, study=study, model=matched.model.name, again=existing is not None)
    logs.info(Event.JOB_QUEUED, job=logs.job(key), study=logs.short(study), model=matched.model.name)
    return key


def take_up_again(connection: sa.Connection, case: Case) -> None:
    """Reopens what a content that has come back asked for, where its result went away with it."""
    study = case.content.study
    present = {instance.orthanc_id for instance in case.content.instances}
    for (model, series), keys in judgements.matches(connection, study, case.content.digest).items():
        jobs = [job for key in keys if (job := ledger.find(connection, key)) is not None]
        waiting = [job for job in jobs if job.state is JobState.QUEUED and not job.shadow]
        if any(_adopt(connection, case, job.key) for job in waiting):
            continue
        if not jobs or any(standing.stands(connection, job, present, case.waiting.noticed_at) for job in jobs):
            continue
        if not jobs[0].shadow:
            slot = ledger.slot(connection, study, series, model)
            _clear(connection, [job for job in slot if job.key != jobs[0].key], case.now)
        ledger.reopen(connection, jobs[0], case.now, "taken up again: the study is as it was")
        logs.info(Event.JOB_QUEUED, job=logs.job(jobs[0].key), study=logs.short(study), model=model)


def _adopt(connection: sa.Connection, case: Case, key: JobKey) -> bool:
    """Takes a result that is in Orthanc already as this job's, as after a restored copy of the ledger."""
    mine = [(one.made, one.orthanc_id) for one in case.earlier if one.job_key == key]
    if not _is_whole({made.kind for made, _ in mine}, case.site, ledger.known(connection, key).model.name):
        return False
    ledger.note_results(connection, key, mine, case.now)
    for state in (JobState.COMPOSING, JobState.STORING, JobState.DONE):
        job = ledger.known(connection, key)
        ledger.move(connection, job, state, case.now, reason="its result was in Orthanc already")
    for other in ledger.slot(connection, job.study, job.series_instance_uid, job.model.name):
        if other.state is JobState.DONE and other.key != key:
            retract.replaced(connection, case.site, other.key, case.now)
            ledger.move(connection, other, JobState.SUPERSEDED, case.now, reason="replaced by a newer result")
    plan.hold_found(connection, case.site, ledger.known(connection, key), case.content, case.now)
    logs.info(Event.RESULT_FOUND, job=logs.job(key), study=logs.short(case.content.study))
    return True


def _with_headers(content: Generation, wanted: JobInput) -> JobInput:
    """The input with what its headers say now, by which a correction is known later."""
    headers = {one.headers.sop_instance_uid: one.headers for one in content.instances}
    first = wanted.selected[0].reference.sop_instance_uid
    return replace(
        wanted,
        headers_sha256=corrections.headers_sha256(content, wanted.orthanc_ids),
        identity_sha256=corrections.identity_sha256(headers[first]),
        modified_from=content.modified_from,
    )


def _take_copies(connection: sa.Connection, case: Case, new: ledger.NewJob) -> None:
    """Takes what Orthanc has copied of another study's result, as `/modify` does, for leftovers of this job.

    They go when its own result is there. Copies under the UIDs of originals that are still there stay unknown.
    """
    known = ledger.our_objects(connection, [one.made.sop_instance_uid for one in case.earlier])
    for one in case.earlier:
        original = ledger.find(connection, one.job_key)
        if original is None or original.study == new.study or original.model.name != new.model.name:
            continue
        if one.made.sop_instance_uid not in known or original.state is JobState.GONE:
            ledger.note_results(connection, new.key, [(one.made, one.orthanc_id)], case.now)


def _is_whole(kinds: Collection[ObjectKind], site: Site, model: str) -> bool:
    """Whether nothing of a result is missing: its TID 1500 report is stored last; without one the CAD report is."""
    last = {ObjectKind.REPORT} if "sr" in site.results.reports_of(model) else {ObjectKind.REPORT, ObjectKind.CAD}
    return ObjectKind.CARD in kinds and ObjectKind.NOTE not in kinds and not last.isdisjoint(kinds)


def _clear(connection: sa.Connection, others: Sequence[ledger.Job], now: datetime) -> JobKey | None:
    """Stops unfinished jobs of the slot; the finished one, which the new job replaces when it is done."""
    finished = None
    for job in others:
        if job.state is JobState.DONE:
            finished = job.key
        elif job.state not in ENDED:
            ledger.move(connection, job, JobState.SUPERSEDED, now, reason="the study has changed")
            logs.info(Event.JOB_SUPERSEDED, job=logs.job(job.key), study=logs.short(job.study))
    return finished
