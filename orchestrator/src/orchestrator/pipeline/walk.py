"""One attempt at a job; see the package for the order of its steps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.compose import compose
from orchestrator.compose.source_values import text_of
from orchestrator.deliver import plan, retract, store
from orchestrator.dispatch import client as dispatch_client
from orchestrator.errors import (
    ArchiveRefused,
    Cancelled,
    Gone,
    ModelAway,
    ModelFull,
    Permanent,
    Transient,
    WetreadError,
)
from orchestrator.handoffs import Dispatch, ObjectKind
from orchestrator.jobs import answers, crashes, ledger, news, predictions
from orchestrator.jobs.input import input_from_json
from orchestrator.jobs.pauses import pause_after, spent
from orchestrator.jobs.states import ACTIVE, ENDED, JobState
from orchestrator.pipeline import counting, gathering
from orchestrator.pipeline.recalling import recalled
from orchestrator.telemetry import logs, metrics, tracing
from orchestrator.telemetry.events import Event
from wetread_contract.findings import Unsuitable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from pydicom import Dataset

    from orchestrator.handoffs import ComposedResult, Composition, JobKey, Preview
    from orchestrator.jobs.input import JobInput
    from orchestrator.pipeline.tools import Tools

_WAIT_FOR_ROOM = timedelta(seconds=1)


class Walk:
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
        except (Transient, ArchiveRefused) as error:  # a wrong password is mended while the job waits
            self._try_later(error)
        except Permanent as error:
            self._end(JobState.FAILED, Event.JOB_FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - the guard: a defect of ours fails this job and no other
            self._end(
                JobState.FAILED, Event.JOB_FAILED, f"defect in Wetread ({type(error).__name__}); please report it"
            )
            logs.defect(error, job=logs.job(self._key))
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

    def _part(self, name: str, job: ledger.Job) -> AbstractContextManager[object]:
        """A span of the job's trace."""
        study, model = logs.short(job.study), job.model
        return tracing.part(name, job.key, study=study, model=model.name, version=model.version, attempt=job.attempt)

    def _move(self, job: ledger.Job, to: JobState, *, summary: str | None = None, reason: str = "") -> ledger.Job:
        """The job in its next state. Raises `Cancelled` when it is no longer ours."""
        with self._tools.database.write() as connection:
            changes = {} if summary is None else {"summary": summary}
            if not ledger.move(connection, job, to, self._tools.clock(), reason=reason, changes=changes):
                raise Cancelled("stopped by somebody else")
            moved = ledger.find(connection, self._key)
        if moved is None:
            raise Cancelled("its row is gone")
        return moved

    def _predict(self, job: ledger.Job) -> bool:
        if job.prediction_sha256 is not None:
            return self._go_on_with_answer(job)
        if job.state is JobState.QUEUED:
            job = self._move(job, JobState.PREDICTING)
        wanted = input_from_json(job.input)
        answered = recalled(self._tools, job, wanted, stop=lambda: not self._still(job))
        if answered is not None:
            return self._save(job, answered, Event.PREDICTION_RECALLED)
        with self._part("predict", job):
            answered = self._ask(job, wanted)
        self._source = answered.source
        return self._save(job, answered, Event.PREDICTION_RECEIVED)

    def _go_on_with_answer(self, job: ledger.Job) -> bool:
        """Goes on with what was answered before: the model is not asked again."""
        with self._tools.database.read() as connection:
            answer = gathering.prediction(connection, job).answer
        if job.state is JobState.QUEUED:
            job = self._move(job, JobState.PREDICTING)
        if job.state is JobState.PREDICTING:
            told = not isinstance(answer, Unsuitable) or self._tells_unsuitable(job)
            reason = answer.reason if isinstance(answer, Unsuitable) else ""
            self._move(job, JobState.COMPOSING if told else JobState.UNSUITABLE, reason=reason)
            return told
        return True

    def _tells_unsuitable(self, job: ledger.Job) -> bool:
        """Whether an answer that the study is unsuitable is stored like a result."""
        return not job.shadow and self._tools.site().results.says_unsuitable(job.model.name)

    def _ask(self, job: ledger.Job, wanted: JobInput) -> dispatch_client.Answered:
        tools = self._tools
        dispatch = Dispatch(job.key, job.attempt, job.model, job.study, wanted.dispatched())
        with tools.registry.lease(job.model) as lease:
            logs.info(Event.PREDICTION_REQUESTED, job=logs.job(job.key), model=job.model.name, endpoint=lease.address)
            self._previews = gathering.start_previews(self._tools, wanted)
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

    def _save(self, job: ledger.Job, answered: dispatch_client.Answered, event: Event) -> bool:
        """One transaction: the answer is kept and the job is past the model; a crash after this asks no model again.

        False: nothing is made of it.
        """
        prediction, answer = answered.prediction, answered.prediction.answer
        saved = predictions.SavedPrediction(answered.content, prediction.endpoint, prediction.received_at)
        unsuitable = answer if isinstance(answer, Unsuitable) else None
        told = unsuitable is None or self._tells_unsuitable(job)
        to = JobState.COMPOSING if told else JobState.UNSUITABLE
        reason = unsuitable.reason if unsuitable else ""
        with self._tools.database.write() as connection:
            digest = predictions.save(connection, saved)
            answers.save(connection, job.key, digest, answered.inputs)
            kept = {"prediction_sha256": digest, "inference_s": prediction.inference_s, "failures": 0, "crashes": 0}
            if not ledger.move(connection, job, to, self._tools.clock(), reason=reason, changes=kept):
                raise Cancelled("stopped by somebody else")
        self._tools.on_end()  # the model has room again
        if event is Event.PREDICTION_RECEIVED:
            metrics.INFERENCE.labels(job.model.name).observe(prediction.inference_s)
            counting.count(job.model.name, answer, answered.source)
        logs.info(event, job=logs.job(job.key), model=job.model.name, inference_s=round(prediction.inference_s, 4))
        if unsuitable:
            logs.info(Event.JOB_UNSUITABLE, job=logs.job(job.key), code=unsuitable.code)
        return told

    def _store(self, job: ledger.Job) -> bool:
        with self._part("compose", job):
            result = compose(self._composition(job))
        logs.info(Event.RESULT_COMPOSED, job=logs.job(job.key), objects=len(result.objects))
        if job.shadow:
            self._move(job, JobState.DONE, summary=result.summary)
            logs.info(Event.RESULT_COMPARED, job=logs.job(job.key), model=job.model.name)
            return False
        if self._waits_outside(job):
            return False
        if job.state is JobState.COMPOSING:
            job = self._move(job, JobState.STORING, summary=result.summary)
        with self._part("store", job):
            self._put(job, result)
            self._replace(job, result)
            self._finish(job)
        elapsed = counting.stored(self._tools, job)
        logs.info(
            Event.RESULT_STORED,
            job=logs.job(job.key),
            study=logs.short(job.study),
            model=job.model.name,
            elapsed_s=round(elapsed, 4),
            inference_s=round(job.inference_s or 0.0, 4),
        )
        return False

    def _origin(self, job: ledger.Job) -> plan.Origin:
        with self._tools.database.read() as connection:
            stage = gathering.declaration(connection, job).stage
        return plan.origin(self._header(job), stage, altered_from=self._tools.archive.study(job.study).altered_from)

    def _waits_outside(self, job: ledger.Job) -> bool:
        """Whether the result is kept out of Orthanc until somebody releases it; the job is QUEUED again then."""
        site = self._tools.site()
        if not site.delivery.for_model(job.model.name).kept_outside:
            return False
        made = self._origin(job)
        with self._tools.database.write() as connection:
            return plan.keep_outside(connection, site, job, made, self._tools.clock())

    def _finish(self, job: ledger.Job) -> None:
        """DONE and its deliveries, in one transaction."""
        tools, now = self._tools, self._tools.clock()
        made = self._origin(job) if tools.site().delivery.for_model(job.model.name).remote else None
        with tools.database.write() as connection:
            if not ledger.move(connection, job, JobState.DONE, now, reason=job.reason):
                raise Cancelled("stopped by somebody else")
            if made is not None:
                plan.plan(connection, tools.site(), job, made, now)

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
            if not ledger.still(connection, job):
                raise Cancelled("replaced meanwhile")
            slot = ledger.slot(connection, job.study, job.series_instance_uid, job.model.name)
            others = [other for other in slot if other.key != job.key and other.state in ENDED]
            stored = ledger.results(connection, [job.key, *(other.key for other in others)])
        fresh = {made.sop_instance_uid for made in result.objects}
        left = [one for one in stored if one.sop_instance_uid not in fresh and one.kind != ObjectKind.NOTE]
        store.remove(tools.archive, [one.orthanc_id for one in left])
        now = tools.clock()
        with tools.database.write() as connection:
            ledger.withdraw(connection, [one.sop_instance_uid for one in left], now)
            for other in others:
                if other.state is JobState.DONE:
                    retract.replaced(connection, tools.site(), other.key, now)
                    ledger.move(connection, other, JobState.SUPERSEDED, now, reason="replaced by a newer result")
                    logs.info(Event.RESULT_REPLACED, job=logs.job(other.key), by=logs.job(job.key))

    def _composition(self, job: ledger.Job) -> Composition:
        previews = self._previews or gathering.start_previews(self._tools, input_from_json(job.input))
        return gathering.composition(self._tools, job, self._header(job), previews)

    def _header(self, job: ledger.Job) -> Dataset:
        """The first selected instance's attributes, fetched only when this process has not just sent them."""
        if self._source is None:
            first = input_from_json(job.input).dispatched()[0]
            self._source = gathering.header(self._tools, first.orthanc_id)
        return self._source

    def _try_later(self, error: WetreadError) -> None:
        """QUEUED again, without a workflow, until the pause is over; waiting for a model counts as no failure."""
        tools, job = self._tools, self._mine()
        if job is None:  # not ours any more, whatever went wrong
            self._withdraw_unfinished()
            return
        now = tools.clock()
        waits_for_model = isinstance(error, ModelFull | ModelAway)
        if not waits_for_model and spent(job.failures, tools.site().retry) > tools.site().retry.give_up_after:
            self._end(JobState.FAILED, Event.JOB_FAILED, f"{error}; given up after {tools.site().retry.give_up_after}")
            return
        pause = _WAIT_FOR_ROOM if waits_for_model else pause_after(job.failures, tools.site().retry)
        with tools.database.write() as connection:
            ledger.wait(connection, job, now + pause, now, str(error), failed=not waits_for_model)
        metrics.RETRIES.labels(job.model.name, type(error).__name__).inc()
        logs.info(Event.JOB_RETRIED, job=logs.job(job.key), reason=str(error), pause_s=round(pause.total_seconds(), 1))

    def _end(self, state: JobState, event: Event, reason: str) -> None:
        job = self._mine()
        if job is None:
            return
        with self._tools.database.write() as connection:
            ledger.move(connection, job, state, self._tools.clock(), reason=reason)
        logs.warning(event, job=logs.job(job.key), study=logs.short(job.study), reason=reason)

    def _vanished(self) -> None:
        """Something that the job rests on has left Orthanc: its objects go too, and what is left is judged again."""
        if self._mine() is None:
            return
        with self._tools.database.read() as connection:
            left = ledger.results(connection, [self._key])
        try:
            self._tools.archive.version()  # it is Orthanc that says so, not something in its place
            store.remove(self._tools.archive, [one.orthanc_id for one in left])
        except WetreadError as error:
            self._try_later(error)
            return
        now, job = self._tools.clock(), self._mine()
        if job is None:
            return
        reason = "an instance that it rests on is no longer in Orthanc"
        with self._tools.database.write() as connection:
            ledger.withdraw(connection, [one.sop_instance_uid for one in left], now)
            ledger.move(connection, job, JobState.GONE, now, reason=reason)
            news.note_studies(connection, [job.study], now)
        logs.warning(Event.JOB_GONE, job=logs.job(job.key), study=logs.short(job.study), reason=reason)

    def _withdraw_unfinished(self) -> None:
        """The job was stopped or replaced: what this walk has stored meanwhile goes out again."""
        with self._tools.database.read() as connection:
            job = ledger.find(connection, self._key)
            left = ledger.results(connection, [self._key])
        if job is not None and job.attempt != self._attempt:
            logs.warning(Event.EFFECT_REFUSED, job=logs.job(self._key), reason="another attempt has taken it over")
            return
        if job is None or job.state is JobState.DONE:
            return
        try:
            store.remove(self._tools.archive, [one.orthanc_id for one in left])
        except WetreadError as error:
            logs.warning(Event.JOB_CANCELLED, job=logs.job(self._key), reason=f"its objects remain: {error}")
            return
        with self._tools.database.write() as connection:
            ledger.withdraw(connection, [one.sop_instance_uid for one in left], self._tools.clock())
        logs.info(Event.JOB_CANCELLED, job=logs.job(self._key))
