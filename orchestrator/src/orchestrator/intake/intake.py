"""From news of a study to rows of jobs: the only module that knows watch → match → ledger → cursor.

    change log ──read_changes──▶ news ──settle_due──▶ generation, decisions, jobs: one transaction

A study that cannot be read now waits as a row of `news` and holds up no other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from orchestrator import settings as site_settings
from orchestrator.deliver import supports
from orchestrator.deliver.calm import settle as send_when_calm
from orchestrator.dispatch import unasked
from orchestrator.errors import ArchiveRefused, ArchiveUnavailable, Gone, Permanent, WetreadError
from orchestrator.handoffs import OrthancId
from orchestrator.intake import corrections, slots
from orchestrator.jobs import judgements, ledger, news, quiet, standing
from orchestrator.jobs.predictions import SavedPrediction
from orchestrator.jobs.states import JobState
from orchestrator.match import refusal
from orchestrator.match.matcher import match
from orchestrator.match.misses import miss_class
from orchestrator.telemetry import logs, metrics
from orchestrator.telemetry.events import Event
from orchestrator.watch import arriving, changes, earlier, early, generation, reconcile
from wetread_contract.judgement import Outcome
from wetread_contract.rejection import rejected_instances

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from orchestrator.handoffs import Generation, JobKey, Match, RegisteredModel
    from orchestrator.jobs.database import Database
    from orchestrator.jobs.news import WaitingStudy
    from orchestrator.orthanc.archive import Archive
    from orchestrator.site_file import Version
    from wetread_contract.headers import Headers

    _Judge = Callable[[WaitingStudy, Generation, tuple[earlier.EarlierObject, ...]], None]

_LOOK_AGAIN = timedelta(seconds=5)
_LOOK_AGAIN_AT_LAST = timedelta(hours=1)


class Intake:
    """Turns Orthanc's change log into jobs."""

    def __init__(
        self,
        archive: Archive,
        database: Database,
        version: Callable[[], Version],
        models: Callable[[], Sequence[RegisteredModel]],
        clock: Callable[[], datetime],
    ) -> None:
        self._archive = archive
        self._database = database
        self._version = version
        self._models = models
        self._clock = clock
        self._begun_at = clock().replace(microsecond=0)  # as Orthanc counts; the first look comes later

    def read_changes(self) -> tuple[int, int]:
        """Notes what has happened since the last look: (studies to judge, instances on their way).

        Raises what the archive raises; nothing is lost by that, the cursor stays.
        """
        place = self._place()
        page = changes.read(self._archive, place)
        if changes.of_another_log(page, place):
            self._start_over()
            return 0, 0
        if not changes.says_more(page, place):
            return 0, 0
        with self._database.write() as connection:
            noted = changes.note(connection, page, place, self._clock())
        for study in noted.studies:
            logs.info(Event.STUDY_NOTICED, study=logs.short(study))
        return len(noted.studies), noted.arrivals

    def reconcile(self, older_than: timedelta) -> int:
        """Notes studies that became stable without Orthanc saying so; how many. Raises what the archive raises."""
        now = self._clock()
        with self._database.read() as connection:
            overdue = news.overdue_arrivals(connection, now - older_than)
        studies, settled = reconcile.forgotten(self._archive, overdue)
        with self._database.write() as connection:
            news.note_studies(connection, studies, now)
            news.drop_arrivals(connection, settled)
        return len(studies)

    def settle_due(self) -> int:
        """Judges the studies whose time has come; how many there were. Raises `ArchiveUnavailable`."""
        with self._database.read() as connection:
            due = news.waiting(connection, self._clock())
        for waiting in due:
            self._settle(waiting, self._judge)
        return len(due)

    def look_early(self) -> int:
        """Starts models that need not wait until a study is stable; at how many studies they looked.

        Notes, too, which studies are growing: nothing of these is sent. Raises `ArchiveUnavailable`.
        """
        eager = self._eager()
        site = self._version().site
        if not eager and not site.delivery.sends:
            return 0
        grown = arriving.place(self._archive, self._database)
        now = self._clock()
        with self._database.read() as connection:
            coming = quiet.coming(connection)
        looks = [look for one in coming if (look := early.look(one, eager, now))]
        if not grown and not looks:
            return 0
        with self._database.write() as connection:
            for study in grown:
                send_when_calm(connection, site, study, now)
            quiet.mark_looked(connection, [look.study for look in looks], now)
        for look in looks:
            noticed = news.WaitingStudy(look.study, look.last_arrival, attempts=0)
            self._settle(noticed, partial(self._judge_early, look.models))
        return len(looks)

    def expects_more(self) -> bool:
        """Whether instances have come whose study is not stable yet: then the next look should be soon."""
        with self._database.read() as connection:
            return bool(news.overdue_arrivals(connection, self._clock(), limit=1))

    def welcome(self, name: str) -> None:
        """A model whose name is new to the site is judged against what came lately: a start-up race loses nothing."""
        now = self._clock()
        with self._database.write() as connection:
            studies = judgements.judged_since(connection, now - standing.NEW_NAME_LOOKS_BACK)
            news.note_studies(connection, studies, now)
        logs.info(Event.MODEL_REGISTERED, model=name, looks_back_at=len(studies))

    def _place(self) -> news.Cursor:
        with self._database.read() as connection:
            place = news.cursor(connection)
        if place is not None:
            return place
        from_now = self._version().site.watch.since == "first start"
        place = news.Cursor(self._archive.newest_change() if from_now else 0, self._begun_at)
        with self._database.write() as connection:
            news.start_cursor(connection, place.seq, place.started_at)
        return place

    def _start_over(self) -> None:
        """Orthanc's database was replaced: its log is read from the beginning."""
        logs.warning(Event.ARCHIVE_REPLACED)
        with self._database.write() as connection:
            news.move_cursor(connection, 0, None)

    def _settle(self, waiting: WaitingStudy, judge: _Judge) -> None:
        """The per-study guard: a study that cannot be read, or that nobody foresaw, holds up no other.

        Trouble of one study is told from trouble of the archive by asking the archive who it is.
        """
        try:
            current = generation.read(self._archive, waiting.study, self._our_series)
            found = earlier.read(self._archive, current, partial(self._our_series, study=waiting.study))
            self._look_for_source(current)
            judge(waiting, current, found)
        except Gone:
            self._archive.version()
            self._vanished(waiting.study, waiting)
        except ArchiveUnavailable as error:
            self._archive.version()
            self._judge_later(waiting, error)
        except Permanent as error:
            if isinstance(error, ArchiveRefused):
                self._archive.version()
            self._judge_later(waiting, error)
        except WetreadError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect of ours, about this study only
            self._judge_later(waiting, Permanent("a defect of Wetread's; please report it"))
            logs.defect(error, study=logs.short(waiting.study))

    def _judge_later(self, waiting: WaitingStudy, error: WetreadError) -> None:
        pause = min(_LOOK_AGAIN * 2 ** min(waiting.attempts, 12), _LOOK_AGAIN_AT_LAST)
        with self._database.write() as connection:
            news.postpone(connection, waiting, self._clock() + pause, failed=True)
        logs.warning(Event.STUDY_UNREADABLE, study=logs.short(waiting.study), reason=str(error))

    def _our_series(self, series_instance_uids: Collection[str], study: OrthancId | None = None) -> frozenset[str]:
        with self._database.read() as connection:
            return ledger.our_series(connection, series_instance_uids, study)

    def _look_for_source(self, current: Generation) -> None:
        """A study that Orthanc has made from another may have taken its place: Orthanc announces no deletion."""
        source = OrthancId(current.modified_from)
        with self._database.read() as connection:
            jobs = ledger.listed(connection, states=[JobState.QUEUED, JobState.DONE], study=source) if source else ()
        if not jobs:
            return
        try:
            self._archive.study(source)
        except Gone:
            self._vanished(source)

    def _vanished(self, study: OrthancId, waiting: WaitingStudy | None = None) -> None:
        now = self._clock()
        with self._database.write() as connection:
            if waiting is not None:
                news.settle(connection, waiting)
            for job in ledger.listed(connection, study=study):
                if job.state is JobState.QUEUED:
                    ledger.move(connection, job, JobState.GONE, now, reason="the study is no longer in Orthanc")
            supports.withdraw_unsupported(connection, self._version().site, study, (), now)
        logs.info(Event.STUDY_GONE, study=logs.short(study))

    def _judge(self, waiting: WaitingStudy, current: Generation, found: tuple[earlier.EarlierObject, ...]) -> None:
        """One transaction: the generation, every decision, the jobs, and the end of the news."""
        now = self._clock()
        with self._database.write() as connection:
            calm = quiet.note(connection, current)
            if calm.stable or calm.complete:
                news.drop_arrivals(connection, [instance.orthanc_id for instance in current.instances])
            known = _uncorrected(connection, current)
            is_new = judgements.judged(connection, current.study, current.digest) is None
            models = self._asked(connection, waiting, current, known, now)
            if known is None:
                judgements.record_generation(connection, current, now)
            asked = waiting.asks.keys() if known is not None else {model.identity.name for model in models}
            judgements.forget(connection, current, asked)
            foreign = [instance.headers for instance in current.instances if not instance.ours]
            rules = self._version().rules
            matches = match(models, foreign, policies=rules.policies) if foreign else []
            priority = ledger.STAT_PRIORITY if rules.is_stat(foreign) else ledger.ROUTINE_PRIORITY
            case = slots.Case(waiting, current, found, priority, self._version().site, now)
            asked_for = [self._decide(connection, case, matched, foreign) for matched in matches]
            if known is not None:
                slots.take_up_again(connection, case)
            unrejected = {headers.sop_instance_uid for headers in foreign} - rejected_instances(foreign)
            supports.withdraw_unsupported(connection, self._version().site, current.study, unrejected, now)
            if known is None:
                corrections.withdraw_unfounded(connection, case, asked_for, is_new=is_new)
            deadline = current.last_update + self._version().site.watch.incomplete_after
            if now >= deadline or calm.complete:
                self._give_up(connection, case, foreign)
                news.settle(connection, waiting)
            elif judgements.has_incomplete(connection, current.study, current.digest):
                news.postpone(connection, waiting, deadline, failed=False)
            else:
                news.settle(connection, waiting)
            send_when_calm(connection, self._version().site, current.study, now)
        for matched in matches:
            _count(matched)
        outcomes = Counter(matched.judgement.outcome for matched in matches)
        logs.info(Event.STUDY_JUDGED, study=logs.short(current.study), **{str(key): n for key, n in outcomes.items()})

    def _judge_early(
        self,
        models: Sequence[RegisteredModel],
        waiting: WaitingStudy,
        current: Generation,
        found: tuple[earlier.EarlierObject, ...],
    ) -> None:
        """Makes the jobs of models whose requirements are met already; whatever else there is to say waits."""
        now = self._clock()
        with self._database.write() as connection:
            quiet.note(connection, current)
            if judgements.judged(connection, current.study, current.digest) is not None:
                return
            asked = {model.identity for model in self._asked(connection, waiting, current, None, now)}
            foreign = [instance.headers for instance in current.instances if not instance.ours]
            rules = self._version().rules
            eager = [model for model in models if model.identity in asked]
            priority = ledger.STAT_PRIORITY if rules.is_stat(foreign) else ledger.ROUTINE_PRIORITY
            judgements.forget(connection, current, {model.identity.name for model in eager})
            for matched in match(eager, foreign, policies=rules.policies) if foreign else []:
                if matched.judgement.outcome is Outcome.MATCHED:
                    case = slots.Case(waiting, current, found, priority, self._version().site, now)
                    self._decide(connection, case, matched, foreign)

    def _eager(self) -> list[early.Eager]:
        rules, otherwise = self._version().rules, self._version().site.models.start_after
        found = []
        for model in self._models():
            own = rules.start_after(model.identity.name, model.identity.version)
            start_after = otherwise if own is None else own
            if start_after is not None:
                found.append(early.Eager(model, start_after))
        return found

    def _asked(
        self,
        connection: sa.Connection,
        waiting: WaitingStudy,
        current: Generation,
        known: judgements.JudgedGeneration | None,
        now: datetime,
    ) -> list[RegisteredModel]:
        """The models whose rules are asked about this content.

        All for a new one, newcomers for a known one, none for one from before `watch.since`; and
        always those that a person or a rule has asked for.
        """
        place = news.cursor(connection)
        started = now if place is None else place.started_at
        old = current.last_update < site_settings.instant(self._version().site.watch.since, started)
        if old and known is None:
            logs.info(Event.STUDY_PASSED_OVER, study=logs.short(current.study))
        return [
            model
            for model in self._models()
            if model.identity.name in waiting.asks or (not old and standing.is_news_to(model, known, now))
        ]

    def _give_up(self, connection: sa.Connection, case: slots.Case, foreign: Sequence[Headers]) -> None:
        """What is missing will not come: the study is unsuitable, and where the site wants it a result says so."""
        content = case.content
        complete = {replace(model.identity, image_digest=""): model.identity for model in self._models()}
        for given_up in judgements.give_up_incomplete(connection, content.study, content.digest, case.now):
            name, version = given_up.model.name, given_up.model.version
            logs.info(Event.STUDY_JUDGED, study=logs.short(content.study), model=name, outcome="UNSUITABLE")
            rules = self._version().rules
            identity = complete.get(given_up.model, given_up.model)  # decisions do not keep the image's digest
            matched = replace(given_up, model=identity, shadow=rules.shadowed(name) or rules.shadows(name, version))
            key = self._refuse(connection, case, matched, foreign)
            if key is not None:
                judgements.note_job(connection, content, matched, key)

    def _refuse(
        self, connection: sa.Connection, case: slots.Case, matched: Match, foreign: Sequence[Headers]
    ) -> JobKey | None:
        """Makes the job that says why the model is not asked; None where nobody wants to be told."""
        if matched.shadow or not self._version().site.results.says_unsuitable(matched.model.name):
            return None
        told = refusal.of(matched, rejected_instances(foreign))
        if told is None:
            return None
        content = unasked.unsuitable(matched.model, matched.judgement.reasons)
        return slots.queue(connection, case, told, SavedPrediction(content, "", case.now))

    def _decide(
        self, connection: sa.Connection, case: slots.Case, matched: Match, foreign: Sequence[Headers]
    ) -> JobKey | None:
        """Notes what a model's rules say; the job that follows from it."""
        key = None
        if matched.judgement.outcome is Outcome.MATCHED:
            key = slots.queue(connection, case, matched)
        elif matched.judgement.outcome is Outcome.UNSUITABLE:
            key = self._refuse(connection, case, matched, foreign)
        judgements.record(
            connection,
            case.content,
            matched,
            site_file_sha256=self._version().rules.sha256,
            job_key=key,
            decided_at=case.now,
        )
        return key


def _uncorrected(connection: sa.Connection, current: Generation) -> judgements.JudgedGeneration | None:
    """What is known about this content; None where its attributes are others than they were judged by."""
    known = judgements.judged(connection, current.study, current.digest)
    if known is not None and not known.headers_sha256:
        judgements.note_headers(connection, current)
    elif known is not None and known.headers_sha256 != current.headers_sha256:
        return None
    return known


def _count(matched: Match) -> None:
    model, judgement = matched.model.name, matched.judgement
    metrics.OUTCOMES.labels(model, judgement.outcome.value).inc()
    if judgement.outcome is Outcome.MISSED:
        metrics.MISSES.labels(model, miss_class(judgement).value).inc()
