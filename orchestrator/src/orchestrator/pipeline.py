"""One job's walk: dispatch → compose → store; the only module that knows that order.

    QUEUED ──predict──▶ PREDICTING ──(saved)──▶ COMPOSING ──store──▶ STORING ──(read back)──▶ DONE

Each step may be run again after a crash, at any point. Before every effect the walk looks whether
the job is still its own: a job that was cancelled, replaced or taken up by a later attempt is left.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from orchestrator.compose import compose
from orchestrator.compose.source_values import text_of
from orchestrator.deliver import store
from orchestrator.dispatch import client as dispatch_client
from orchestrator.dispatch.part10 import ArrivingFile
from orchestrator.errors import Cancelled, Gone, ModelFull, ModelUnavailable, Permanent, Transient, WetreadError
from orchestrator.handoffs import Composition, CompositionSettings, Digest, Dispatch, JobKey, Preview, Replaced
from orchestrator.jobs import catalogue, crashes, ledger, news
from orchestrator.jobs.engine import Step
from orchestrator.jobs.input import input_from_json
from orchestrator.jobs.states import ACTIVE, JobState
from orchestrator.telemetry import logs, metrics
from orchestrator.telemetry.events import Event
from wetread_contract.declaration import parse
from wetread_contract.findings import Unsuitable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future, ThreadPoolExecutor
    from datetime import datetime

    import sqlalchemy as sa
    from pydicom import Dataset

    from orchestrator.dispatch.registry import Registry
    from orchestrator.handoffs import ComposedResult, Prediction
    from orchestrator.jobs.database import Database
    from orchestrator.jobs.input import JobInput
    from orchestrator.orthanc.archive import Archive
    from orchestrator.settings import RetrySettings, Site

PREVIEW_ROWS = 240
_WAIT_FOR_ROOM = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every walk works with."""

    archive: Archive
    database: Database
    registry: Registry
    site: Callable[[], Site]
    """The site file as it is now."""
    wetread_version: str
    clock: Callable[[], datetime]
    renderer: ThreadPoolExecutor
    """Fetches previews while the model works."""
    on_end: Callable[[], None]
    """Called when a job leaves the engine: there is room for another."""


def steps(tools: Tools, key: JobKey, attempt: int) -> Sequence[Step]:
    """The steps of one attempt at a job."""
    walk = _Walk(tools, key, attempt)
    return Step("predict", walk.predict), Step("store", walk.store)


class _Walk:
    """One attempt; keeps between its steps what need not be fetched twice, and can do without."""

    def __init__(self, tools: Tools, key: JobKey, attempt: int) -> None:
        self._tools = tools
        self._key = key
        self._attempt = attempt
        self._source: Dataset | None = None
        self._previews: Mapping[str, Future[Preview]] = {}

    def predict(self) -> bool:
        """Gets the prediction and saves it. False: the job goes no further now, and the ledger says why."""
        return self._guarded(self._predict)

    def store(self) -> bool:
        """Makes the result and puts it into Orthanc."""
        return self._guarded(self._store)

    def _guarded(self, step: Callable[[ledger.Job], bool]) -> bool:
        """The per-job guard: whatever happens ends in the ledger, with a reason."""
        going_on = False
        try:
            job = self._begun()
            going_on = step(job)
        except Cancelled:
            self._withdraw_unfinished()
        except Gone:
            self._vanished()
        except Transient as error:
            self._try_later(error)
        except Permanent as error:
            self._end(JobState.FAILED, Event.JOB_FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - the guard: a defect of ours fails this job and no other
            self._end(
                JobState.FAILED, Event.JOB_FAILED, f"defect in Wetread ({type(error).__name__}); please report it"
            )
            logs.defect(error, job=logs.short(self._key))
        if not going_on:
            self._tools.on_end()
        return going_on

    def _begun(self) -> ledger.Job:
        """The job, marked as being worked on. Raises `Cancelled` when it is not ours."""
        job = self._mine()
        if job is None:
            raise Cancelled("not ours any more")
        if job.state in ACTIVE and not job.executing:
            with self._tools.database.write() as connection:
                crashes.mark_executing(connection, job)
        return job

    def _mine(self) -> ledger.Job | None:
        with self._tools.database.read() as connection:
            job = ledger.find(connection, self._key)
        if job is None or job.attempt != self._attempt or job.state not in ACTIVE | {JobState.QUEUED}:
            return None
        return job

    def _still(self, job: ledger.Job) -> bool:
        with self._tools.database.read() as connection:
            return ledger.still(connection, job)

    def _move(self, job: ledger.Job, to: JobState, *, summary: str | None = None) -> ledger.Job:
        """The job in its next state. Raises `Cancelled` when it is no longer ours."""
        with self._tools.database.write() as connection:
            changes = {} if summary is None else {"summary": summary}
            if not ledger.move(connection, job, to, self._tools.clock(), changes=changes):
                raise Cancelled("stopped by somebody else")
            moved = ledger.find(connection, self._key)
        if moved is None:
            raise Cancelled("its row is gone")
        return moved

    def _predict(self, job: ledger.Job) -> bool:
        if job.prediction_sha256 is not None:
            if job.state in {JobState.QUEUED, JobState.PREDICTING}:
                self._move(job, JobState.COMPOSING)
            return True
        if job.state is JobState.QUEUED:
            job = self._move(job, JobState.PREDICTING)
        wanted = input_from_json(job.input)
        answered = self._ask(job, wanted)
        self._source = answered.source
        self._save(job, answered)
        return not isinstance(answered.prediction.answer, Unsuitable)

    def _ask(self, job: ledger.Job, wanted: JobInput) -> dispatch_client.Answered:
        tools = self._tools
        dispatch = Dispatch(job.key, job.attempt, job.model, job.study, wanted.dispatched())
        with tools.registry.lease(job.model) as lease:
            logs.info(Event.PREDICTION_REQUESTED, job=logs.short(job.key), model=job.model.name, endpoint=lease.address)
            self._previews = self._start_previews(wanted)
            return dispatch_client.predict(
                dispatch,
                lease.channel,
                lease.address,
                tools.archive,
                deadline_s=lease.description.deadline_s,
                needs=lease.description.declaration.needs,
                stop=lambda: not self._still(job),
                clock=tools.clock,
            )

    def _save(self, job: ledger.Job, answered: dispatch_client.Answered) -> None:
        """One transaction: the answer is kept and the job is past the model; a crash after this asks no model again."""
        prediction, answer = answered.prediction, answered.prediction.answer
        digest = Digest(sha256(answered.content).hexdigest())
        saved = ledger.SavedPrediction(answered.content, prediction.endpoint, prediction.received_at)
        unsuitable = answer if isinstance(answer, Unsuitable) else None
        to = JobState.UNSUITABLE if unsuitable else JobState.COMPOSING
        reason = unsuitable.reason if unsuitable else ""
        with self._tools.database.write() as connection:
            ledger.save_prediction(connection, digest, saved)
            kept = {"prediction_sha256": digest, "inference_s": prediction.inference_s, "failures": 0, "crashes": 0}
            if not ledger.move(connection, job, to, self._tools.clock(), reason=reason, changes=kept):
                raise Cancelled("stopped by somebody else")
        metrics.INFERENCE.labels(job.model.name).observe(prediction.inference_s)
        logs.info(
            Event.PREDICTION_RECEIVED,
            job=logs.short(job.key),
            model=job.model.name,
            inference_s=round(prediction.inference_s, 4),
        )
        if unsuitable:
            logs.info(Event.JOB_UNSUITABLE, job=logs.short(job.key), code=unsuitable.code)

    def _store(self, job: ledger.Job) -> bool:
        result = compose(self._composition(job))
        logs.info(Event.RESULT_COMPOSED, job=logs.short(job.key), objects=len(result.objects))
        if job.shadow:
            self._move(job, JobState.DONE, summary=result.summary)
            logs.info(Event.RESULT_COMPARED, job=logs.short(job.key), model=job.model.name)
            return False
        if job.state is JobState.COMPOSING:
            job = self._move(job, JobState.STORING, summary=result.summary)
        self._put(job, result)
        self._replace(job, result)
        self._move(job, JobState.DONE)
        elapsed = (self._tools.clock() - job.noticed_at).total_seconds()
        metrics.RESULT.labels(job.model.name).observe(elapsed)
        logs.info(
            Event.RESULT_STORED,
            job=logs.short(job.key),
            study=logs.short(job.study),
            model=job.model.name,
            elapsed_s=round(elapsed, 4),
            inference_s=round(job.inference_s or 0.0, 4),
        )
        return False

    def _put(self, job: ledger.Job, result: ComposedResult) -> None:
        """Notes the objects, then stores and proves each of them."""
        source = self._header(job)
        patient, study = text_of(source, "PatientID"), text_of(source, "StudyInstanceUID")
        noted = [(made, store.expected_id(patient, study, made)) for made in result.objects]
        with self._tools.database.write() as connection:
            ledger.note_results(connection, job.key, noted, self._tools.clock())
        first = input_from_json(job.input).dispatched()[0].orthanc_id
        self._tools.archive.study_of_instance(first)
        stored = [(made, store.store(self._tools.archive, made, lambda: self._still(job))) for made, _ in noted]
        if stored != noted:
            with self._tools.database.write() as connection:
                ledger.note_results(connection, job.key, stored, self._tools.clock())
        self._tools.archive.study_of_instance(first)

    def _replace(self, job: ledger.Job, result: ComposedResult) -> None:
        """Takes out what this job before, or others of its slot, have left; the new result is proven to be there."""
        tools = self._tools
        with tools.database.read() as connection:
            slot = ledger.slot(connection, job.study, job.series_instance_uid, job.model.name)
            others = [other for other in slot if other.key != job.key]
            stored = ledger.results(connection, [one.key for one in slot])
        fresh = {made.sop_instance_uid for made in result.objects}
        left = [one for one in stored if one.sop_instance_uid not in fresh]
        store.remove(tools.archive, [one.orthanc_id for one in left])
        now = tools.clock()
        with tools.database.write() as connection:
            ledger.withdraw(connection, [one.sop_instance_uid for one in left], now)
            for other in others:
                if other.state is JobState.DONE:
                    ledger.move(connection, other, JobState.SUPERSEDED, now, reason="replaced by a newer result")
                    logs.info(Event.RESULT_REPLACED, job=logs.short(other.key), by=logs.short(job.key))

    def _composition(self, job: ledger.Job) -> Composition:
        tools = self._tools
        wanted = input_from_json(job.input)
        with tools.database.read() as connection:
            prediction = _prediction(connection, job)
            declaration = parse(catalogue.named(connection, job.model.declaration_sha256))
            replaced = ledger.find(connection, job.replaces) if job.replaces else None
            replaces = None
            if replaced is not None and replaced.prediction_sha256 is not None:
                replaces = Replaced(_prediction(connection, replaced).received_at, replaced.summary)
        previews = self._previews or self._start_previews(wanted)
        return Composition(
            job_key=job.key,
            model=job.model,
            declaration=declaration,
            prediction=prediction,
            source=self._header(job),
            selected=wanted.selected,
            left_out=wanted.left_out,
            previews={uid: picture.result() for uid, picture in previews.items()},
            settings=_composition_settings(tools.site()),
            wetread_version=tools.wetread_version,
            replaces=replaces,
        )

    def _start_previews(self, wanted: JobInput) -> Mapping[str, Future[Preview]]:
        if not self._tools.site().results.previews:
            return {}
        fetch = self._tools.archive.preview
        return {
            instance.reference.sop_instance_uid: self._tools.renderer.submit(fetch, instance.orthanc_id, PREVIEW_ROWS)
            for instance in wanted.dispatched()
        }

    def _header(self, job: ledger.Job) -> Dataset:
        """The first selected instance's attributes, fetched only when this process has not just sent them."""
        if self._source is None:
            first = input_from_json(job.input).dispatched()[0]
            with self._tools.archive.open_instance(first.orthanc_id) as stream:
                self._source = ArrivingFile(stream).header
        return self._source

    def _try_later(self, error: Transient) -> None:
        """QUEUED again, without a workflow, until the pause is over; waiting for a model counts as no failure."""
        tools, job = self._tools, self._mine()
        if job is None:
            return
        now = tools.clock()
        waits_for_model = isinstance(error, ModelFull) or (
            isinstance(error, ModelUnavailable) and not tools.registry.serves(job.model)
        )
        if not waits_for_model and now - job.created_at > tools.site().retry.give_up_after:
            self._end(JobState.FAILED, Event.JOB_FAILED, f"{error}; given up after {tools.site().retry.give_up_after}")
            return
        pause = _WAIT_FOR_ROOM if waits_for_model else _backoff(tools.site().retry, job.failures)
        with tools.database.write() as connection:
            ledger.wait(connection, job, now + pause, now, str(error), failed=not waits_for_model)
        logs.info(
            Event.JOB_RETRIED, job=logs.short(job.key), reason=str(error), pause_s=round(pause.total_seconds(), 1)
        )

    def _end(self, state: JobState, event: Event, reason: str) -> None:
        job = self._mine()
        if job is None:
            return
        with self._tools.database.write() as connection:
            ledger.move(connection, job, state, self._tools.clock(), reason=reason)
        logs.warning(event, job=logs.short(job.key), study=logs.short(job.study), reason=reason)

    def _vanished(self) -> None:
        """Something that the job rests on has left Orthanc: its objects go too, and what is left is judged again."""
        with self._tools.database.read() as connection:
            left = ledger.results(connection, [self._key])
        store.remove(self._tools.archive, [one.orthanc_id for one in left])
        now, job = self._tools.clock(), self._mine()
        if job is None:
            return
        reason = "an instance that it rests on is no longer in Orthanc"
        with self._tools.database.write() as connection:
            ledger.withdraw(connection, [one.sop_instance_uid for one in left], now)
            ledger.move(connection, job, JobState.GONE, now, reason=reason)
            news.note_studies(connection, [job.study], now)
        logs.warning(Event.JOB_GONE, job=logs.short(job.key), study=logs.short(job.study), reason=reason)

    def _withdraw_unfinished(self) -> None:
        """The job was stopped or replaced: what this walk has stored meanwhile goes out again."""
        with self._tools.database.read() as connection:
            job = ledger.find(connection, self._key)
            left = ledger.results(connection, [self._key])
        if job is None or job.state is JobState.DONE or job.attempt != self._attempt:
            return
        try:
            store.remove(self._tools.archive, [one.orthanc_id for one in left])
        except WetreadError as error:
            logs.warning(Event.JOB_CANCELLED, job=logs.short(self._key), reason=f"its objects remain: {error}")
            return
        with self._tools.database.write() as connection:
            ledger.withdraw(connection, [one.sop_instance_uid for one in left], self._tools.clock())
        logs.info(Event.JOB_CANCELLED, job=logs.short(self._key))


def _prediction(connection: sa.Connection, job: ledger.Job) -> Prediction:
    """The saved answer of a job. Raises `AnswerInvalid`."""
    if job.prediction_sha256 is None:
        raise Cancelled("no prediction to compose")
    saved = ledger.prediction(connection, job.prediction_sha256)
    return dispatch_client.decoded(saved.content, saved.endpoint, saved.received_at)


def _backoff(retry: RetrySettings, failures: int) -> timedelta:
    """Doubles from failure to failure, with jitter, so that a thousand jobs do not come back at once."""
    pause: timedelta = min(retry.most, retry.first * 2 ** min(failures, 20))
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - jitter is no secret


def _composition_settings(site: Site) -> CompositionSettings:
    results = site.results
    return CompositionSettings(
        timezone=site.timezone,
        card_modality=results.card_modality,
        series_number=results.series_number,
        content_qualification=results.content_qualification,
        grade_in_series_description=results.grade_in_series_description,
        site_file_sha256=site.sha256,
    )
