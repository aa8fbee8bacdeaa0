"""The composition root: the only place that builds adapters, and the loops that keep the process going.

    watch   reads the change log            settle  judges studies
    models  finds and describes endpoints   sweep   hands due jobs to the engine
    site    takes up a changed site file    tidy    clears away what is withdrawn or proven elsewhere

With several replicas on one PostgreSQL, all work, and one leads: only it watches, settles, sweeps and
tidies. A loop that meets trouble it knows says so once, waits and goes on. A defect in a loop ends the
process loudly: everything is in the ledger, and the next start takes it up.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from orchestrator import pipeline
from orchestrator.compose.rejection_note import rejection_note
from orchestrator.compose.relabel import relabelled
from orchestrator.deliver import forward, retention, retract, supports
from orchestrator.deliver.forgetting import forget_gone
from orchestrator.deliver.tidy import tidy
from orchestrator.dispatch.active import ActiveModels
from orchestrator.dispatch.registry import Registry
from orchestrator.errors import (
    ArchiveRefused,
    ArchiveUnavailable,
    DatabaseUnavailable,
    DiskFull,
    SettingsInvalid,
    WetreadError,
)
from orchestrator.intake import Intake
from orchestrator.jobs import crashes, delivery_sweep, handover, news, site_files, standing, sweep, takeover
from orchestrator.jobs.database import Database, folder, hold
from orchestrator.jobs.engine import Engine
from orchestrator.jobs.membership import Alone
from orchestrator.jobs.replica import Replica, session_name
from orchestrator.jobs.room import Room
from orchestrator.operations.health import Health
from orchestrator.orthanc.client import OrthancClient
from orchestrator.orthanc.remotes import remote_of
from orchestrator.site_file import SiteFile
from orchestrator.telemetry import logs, tracing
from orchestrator.telemetry.events import Event
from orchestrator.web.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from orchestrator.handoffs import DeliveryKey, JobKey, OrthancId
    from orchestrator.jobs.membership import Membership

STOP_WITHIN_S = 10
"""What is in work at a stop has this long to end; the rest is taken up at the next start."""
_TIDY_EVERY = timedelta(seconds=2)
_SITE_EVERY = timedelta(seconds=2)
_SWEEP_EVERY = timedelta(milliseconds=500)
_FOLLOW_EVERY = timedelta(milliseconds=500)
"""How often a replica that does not lead looks whether it does."""
_STOCK_EVERY = timedelta(seconds=30)
_LOST_EVERY = timedelta(seconds=5)
"""How often it is looked for work that the engine has given up, such as when the database was away."""
_OVER = {
    Event.ARCHIVE_UNAVAILABLE: Event.ARCHIVE_REACHED,
    Event.ARCHIVE_REFUSED: Event.ARCHIVE_REACHED,
    Event.DISK_FILLED: Event.DISK_HAS_ROOM,
}
"""What is said when a trouble is over; of all others only that the loop goes on."""
_TROUBLE_PAUSE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class _Loop:
    """Something that is done again and again."""

    name: str
    work: Callable[[], timedelta]
    """Does it once; how long to pause unless woken."""
    wake: threading.Event
    leads: bool = False
    """Only the leader does it."""


class Orchestrator:
    """A running orchestrator."""

    def __init__(self, site_file: Path) -> None:
        self._file = SiteFile(site_file)
        self._site = site = self._file.current.site
        url = site.database_url()
        self._lock = hold(url)
        self._membership: Membership = Alone() if folder(url) else Replica(url)
        self._database = Database(url, session_name(self._membership.executor_id))
        self._archive = OrthancClient(site.orthanc, entitle=self._membership.entitle)
        self._registry = Registry(site.models, self._accepts_too_broad, now)
        self._active = ActiveModels(self._registry, self._database, lambda: self._file.current.rules, now)
        self._intake = Intake(self._archive, self._database, lambda: self._file.current, self._active, now)
        self._renderer = ThreadPoolExecutor(2 * site.work.threads, thread_name_prefix="preview")
        self._settle, self._sweep = threading.Event(), threading.Event()
        self._stopping = threading.Event()
        self._last_reconcile = self._last_stock = self._last_look = now() - timedelta(days=1)
        self._last_round = now()
        self._last_clean_up = now() - timedelta(days=1)
        self._looked_up_to: JobKey | None = None
        self._forgotten_up_to: OrthancId | None = None
        self._room = Room(folder(url), lambda: self._file.current.site.disk_reserve)
        self._trouble: dict[str, WetreadError] = {}
        self._failed = False
        self._welcomed: set[str] = set()
        tools = self._tools()
        self._forward = forward.Tools(
            archive=self._archive,
            database=self._database,
            remote=lambda destination: remote_of(self._archive, destination),
            relabel=relabelled,
            site=lambda: self._file.current.site,
            clock=now,
            on_end=self._sweep.set,
        )
        self._server = Server(site.web, self._health()) if site.web.port else None
        self._engine = Engine(
            self._database.engine,
            lambda key, attempt: pipeline.steps(tools, key, attempt),
            threads=site.work.threads,
            per_model=site.work.per_model,
            delivery_steps=lambda key, attempt: forward.steps(self._forward, key, attempt),
            per_destination=site.delivery.at_once,
            executor_id=self._membership.executor_id,
        )

    def run(self, stop: threading.Event) -> bool:
        """Works until asked to stop; False when a defect of ours ended it."""
        if self._server is not None:
            self._server.start()
        if not self._await_room(stop):
            self._close()
            return True
        self._database.migrate()
        self._membership.join(lambda: self._expelled(stop))
        self._keep_site_file()
        self._active.refresh()  # before anything is judged; a wrong address ends here, and counts as no crash
        if not self._database.shared:
            sweep.take_stock(self._database, now())
        self._engine.launch()
        logs.info(Event.ORCHESTRATOR_STARTED, version=version("wetread"))
        loops = (
            _Loop("watch", self._watch_once, threading.Event(), leads=True),
            _Loop("settle", self._settle_once, self._settle, leads=True),
            _Loop("models", self._models_once, threading.Event()),
            _Loop("sweep", self._sweep_once, self._sweep, leads=True),
            _Loop("tidy", self._tidy_once, threading.Event(), leads=True),
            _Loop("site", self._site_once, threading.Event()),
        )
        threads = [threading.Thread(target=self._keep_going, args=(loop, stop), name=loop.name) for loop in loops]
        for thread in threads:
            thread.start()
        stop.wait()
        self._stopping.set()
        for loop, thread in zip(loops, threads, strict=True):
            loop.wake.set()
            thread.join()
        self._close()
        return not self._failed

    def _expelled(self, stop: threading.Event) -> None:
        """The others believe us dead and have our work: there is nothing left to do here but to start anew."""
        self._failed = True
        stop.set()

    def _accepts_too_broad(self, model: str) -> bool:
        return self._file.current.rules.accepts_too_broad(model)

    def _obstacle(self) -> WetreadError | None:
        """What keeps the intake, or the start, from going on; trouble of other loops holds up no study."""
        found = (self._trouble.get(loop) for loop in ("start", "watch", "settle", "sweep"))
        return next((error for error in found if isinstance(error, DiskFull)), None)

    def _await_room(self, stop: threading.Event) -> bool:
        """True when there is room for a start; says so while there is none. False: asked to stop meanwhile."""
        start = _Loop("start", self._start_room, stop)
        while self._attempt(start):
            if stop.wait(_TROUBLE_PAUSE.total_seconds()):
                return False
        return True

    def _start_room(self) -> timedelta:
        self._room.require()
        return timedelta()

    def _live_models(self) -> list[str]:
        return [f"{one.identity.name} {one.identity.version}" for one in self._registry.live()]

    def _close(self) -> None:
        if self._server is not None:
            self._server.stop()
        left = self._engine.stop(STOP_WITHIN_S)
        if not self._failed:
            with suppress(DatabaseUnavailable):  # then it counts as a crash
                self._excuse(left)
        self._membership.leave()
        self._renderer.shutdown(wait=False)
        self._registry.close()
        self._archive.close()
        self._database.close()
        tracing.shut_down()
        if self._lock is not None:
            self._lock.close()
        logs.info(Event.ORCHESTRATOR_STOPPED)

    def _excuse(self, left: Collection[tuple[JobKey | DeliveryKey, int]]) -> None:
        """What an orderly stop has left in work is no suspect. Raises `DatabaseUnavailable`."""
        if self._database.shared:
            takeover.hand_back(self._database, left, now())
            return
        with self._database.write() as connection:
            crashes.forgive(connection)

    def _health(self) -> Health:
        tls = self._site.models.tls
        return Health(
            self._database,
            self._archive,
            self._live_models,
            self._registry.occupancy,
            now,
            folder(self._site.database_url()),
            {"orchestrator": tls.certificate_file, "models_ca": tls.ca_file} if tls else {},
            self._obstacle,
        )

    def _tools(self) -> pipeline.Tools:
        return pipeline.Tools(
            archive=self._archive,
            database=self._database,
            registry=self._registry,
            site=lambda: self._file.current.site,
            wetread_version=version("wetread"),
            clock=now,
            renderer=self._renderer,
            on_end=self._sweep.set,
        )

    def _keep_going(self, loop: _Loop, stop: threading.Event) -> None:
        try:
            while not self._stopping.is_set():
                pause = self._attempt(loop)
                loop.wake.wait(pause.total_seconds())
                loop.wake.clear()
        except Exception as error:  # noqa: BLE001 - a loop that has died must not die in silence
            logs.defect(error, loop=loop.name)
            self._failed = True
        finally:
            stop.set()

    def _attempt(self, loop: _Loop) -> timedelta:
        """Does the loop's work once; says what is in its way once, and that it is over once."""
        if loop.leads and not self._membership.leads():
            return _FOLLOW_EVERY
        try:
            pause = loop.work()
        except WetreadError as error:
            if str(self._trouble.get(loop.name)) != str(error):
                logs.warning(_event(error), loop=loop.name, reason=str(error))
            self._trouble[loop.name] = error
            return _TROUBLE_PAUSE
        trouble = self._trouble.pop(loop.name, None)
        if trouble is not None:
            logs.info(_OVER.get(_event(trouble), Event.LOOP_RECOVERED), loop=loop.name)
        return pause

    def _watch_once(self) -> timedelta:
        self._room.require()
        studies, arrivals = self._intake.read_changes()
        moment = now()
        if studies:
            self._settle.set()
        if moment - self._last_reconcile > self._site.watch.reconcile:
            self._last_reconcile = moment
            if self._intake.reconcile(self._site.watch.reconcile):
                self._settle.set()
        busy = arrivals or self._intake.expects_more()
        return self._site.watch.busy_poll if busy else self._site.watch.idle_poll

    def _settle_once(self) -> timedelta:
        self._room.require()
        if self._intake.settle_due() + self._intake.look_early():
            self._sweep.set()
        return timedelta(seconds=1)

    def _models_once(self) -> timedelta:
        self._active.refresh()
        for model in self._active() if self._membership.leads() else ():
            name, since = model.identity.name, model.known_since
            if name not in self._welcomed and since > now() - standing.NEW_NAME_LOOKS_BACK:
                self._intake.welcome(name)
                self._settle.set()
            self._welcomed.add(name)
        self._sweep.set()
        return self._site.models.refresh

    def _tidy_once(self) -> timedelta:
        """Withdrawn results leave Orthanc; results whose images have been deleted are found; studies go that may."""
        moment = now()
        site = self._file.current.site
        retract.clear(retract.Clearing(self._archive, self._database, site, rejection_note), moment)
        if moment - self._last_round > self._site.watch.reconcile:
            studies, self._looked_up_to = supports.missing(self._archive, self._database, self._looked_up_to)
            self._last_round = moment
            with self._database.write() as connection:
                news.note_studies(connection, studies, moment)
        if moment - self._last_clean_up > self._file.current.site.retention.every:
            self._last_clean_up = moment
            retention.run(self._forward)
            kept = self._file.current.site.retention.ledger
            self._forgotten_up_to = forget_gone(self._archive, self._database, moment - kept, self._forgotten_up_to)
        return _TIDY_EVERY

    def _site_once(self) -> timedelta:
        before = self._file.current
        if self._file.look():
            self._keep_site_file()
            logs.info(
                Event.SITE_FILE_CHANGED,
                sha256=self._file.current.rules.sha256[:12],
                needs_restart_for=", ".join(self._file.needs_restart(before)) or None,
            )
        return _SITE_EVERY

    def _keep_site_file(self) -> None:
        version = self._file.current
        with self._database.write() as connection:
            site_files.keep(connection, version.rules.sha256, version.text, now())

    def _sweep_once(self) -> timedelta:
        moment = now()
        self._room.require()
        with self._database.read() as connection:
            replicas = len(self._membership.living(connection))
        at_most = 3 * self._site.work.threads * replicas
        sweep.start_due(self._database, self._engine, self._registry.calls, moment, at_most)
        delivery = self._file.current.site.delivery
        delivery_sweep.start_due(self._database, self._engine, moment, delivery.at_once)
        stock_is_due = moment - self._last_stock > _STOCK_EVERY
        if stock_is_due or self._database.shared:
            takeover.take_over(self._database, self._engine, self._membership, moment)
        if moment - self._last_look > _LOST_EVERY:
            self._last_look = moment
            delivery_sweep.take_back(self._database, self._engine, moment)
            sweep.take_back(self._database, self._engine, moment)
        if stock_is_due:
            self._last_stock = moment
            delivery_sweep.expire(self._database, delivery.hold_for, moment)
            handover.hand_on(self._database, self._active(), self._site.models.version_grace, moment)
            self._engine.forget(moment - self._file.current.site.retention.engine_records)
            tidy(self._database, self._archive, moment - _STOCK_EVERY, moment)
        return _SWEEP_EVERY


def now() -> datetime:
    """The time, aware, UTC: the only clock there is."""
    return datetime.now(UTC)


def _event(error: WetreadError) -> Event:
    if isinstance(error, ArchiveUnavailable):
        return Event.ARCHIVE_UNAVAILABLE
    if isinstance(error, DiskFull):
        return Event.DISK_FILLED
    if isinstance(error, SettingsInvalid):
        return Event.SITE_FILE_REFUSED
    return Event.ARCHIVE_REFUSED if isinstance(error, ArchiveRefused) else Event.LOOP_FAILED
