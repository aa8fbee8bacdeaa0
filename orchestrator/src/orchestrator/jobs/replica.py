"""One of several orchestrators on one PostgreSQL: its heartbeat, who leads, and who is dead.

    every second, on one connection of its own:
        beat    "I am here", by the database's clock; our row is gone: the others have buried us
        lead    the session's advisory lock, which PostgreSQL gives to one and takes back with the session
        bury    those that have not been heard of for a lease: their sessions end, then their row goes

A process that was stopped (SIGSTOP, a frozen machine) knows nothing of it when it goes on. Three
things keep it from doing harm, each alone enough: its own clock says that it has not beaten for two
thirds of a lease (`entitle`); its sessions are ended, with every lock and unfinished transaction; and
the attempt at each of its jobs has been counted on (`takeover`), which every walk looks at before it
changes anything. Why it is so: docs/adr/0006.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa

from orchestrator.errors import DatabaseUnavailable
from orchestrator.jobs.database import UNREACHABLE, WRITERS, Database
from orchestrator.jobs.tables import REPLICAS
from orchestrator.telemetry import logs
from orchestrator.telemetry.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE = timedelta(seconds=6)
"""Who has not been heard of for so long is dead. A takeover then takes at most two beats more."""
BEAT_S = 1.0
_ENTITLED_S = LEASE.total_seconds() * 2 / 3
"""Who has not beaten for so long changes nothing any more: the rest of the lease is for what is on its way."""
_JUDGES_AFTER_S = LEASE.total_seconds() * 3 / 2
"""Who has seen the database up for less does not judge: after an outage all heartbeats are old."""
_LEADER = WRITERS + 1
_ANSWERS_WITHIN_S = 2


class Replica:
    """This process among others."""

    def __init__(self, url: str | sa.URL, executor_id: str | None = None) -> None:
        self._id = executor_id or str(uuid4())
        self._database = Database(url, session_name(self._id), own_statements_s=_ANSWERS_WITHIN_S)
        self._connection: sa.Connection | None = None
        self._thread = threading.Thread(target=self._live, name="heart", daemon=True)
        self._leaving = threading.Event()
        self._beaten = self._unbroken_since = float("-inf")
        self._leads = False
        self._on_expelled: Callable[[], None] = lambda: None

    @property
    def executor_id(self) -> str:
        """A uuid of this process, never the machine's name: that one comes back after a crash."""
        return self._id

    def join(self, on_expelled: Callable[[], None]) -> None:
        """Registers, and beats from now on. Raises `DatabaseUnavailable`."""
        self._on_expelled = on_expelled
        begun = time.monotonic()
        with self._database.read() as connection:
            now = sa.func.now()
            connection.execute(sa.insert(REPLICAS).values(id=self._id, started_at=now, beat_at=now))
            connection.commit()
        self._beaten = self._unbroken_since = begun
        logs.info(Event.REPLICA_JOINED, replica=self._id[:8])
        self._thread.start()

    def leads(self) -> bool:
        """Whether it holds the leader's lock, as of its last heartbeat, which is not long ago."""
        return self._leads and self._fresh()

    def entitle(self) -> None:
        """Returns when it has just been heard of. Raises `DatabaseUnavailable`."""
        if not self._fresh():
            raise DatabaseUnavailable(
                "database: this replica could not say that it lives; it changes nothing until it can, "
                "because others may have taken over its work"
            )

    def living(self, connection: sa.Connection) -> frozenset[str]:
        """All that nobody has buried."""
        return frozenset(connection.execute(sa.select(REPLICAS.c.id)).scalars())

    def leave(self) -> None:
        """Takes its row away: the others take over at once what it has left."""
        self._leaving.set()
        if self._thread.ident is None:
            return
        self._thread.join()
        self._hang_up()
        self._beaten = float("-inf")  # a walk that has outlived the stop changes nothing any more
        try:
            with self._database.engine.begin() as connection:
                connection.execute(sa.delete(REPLICAS).where(REPLICAS.c.id == self._id))
        except UNREACHABLE:
            logs.warning(Event.REPLICA_SILENT, replica=self._id[:8])  # the others will bury it
        self._database.close()

    def _fresh(self) -> bool:
        return time.monotonic() - self._beaten < _ENTITLED_S

    def _live(self) -> None:
        try:
            while self._alive() and not self._leaving.wait(BEAT_S):
                pass
        finally:
            if not self._leaving.is_set():  # buried, or beaten by a defect: the others take over either way
                self._leads, self._beaten = False, float("-inf")
                self._on_expelled()

    def _alive(self) -> bool:
        """Beats once; False when the others have buried us."""
        begun = time.monotonic()
        try:
            if self._beat(begun):
                return True
        except UNREACHABLE:
            if self._connection is not None:
                logs.warning(Event.REPLICA_SILENT, replica=self._id[:8])
            self._hang_up()
            self._unbroken_since = float("inf")
            return True
        logs.warning(Event.REPLICA_EXPELLED, replica=self._id[:8])
        return False

    def _beat(self, begun: float) -> bool:
        """One heartbeat and what follows from it; False when this replica is buried."""
        if self._connection is None:
            self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        mine = sa.update(REPLICAS).where(REPLICAS.c.id == self._id).values(beat_at=sa.func.clock_timestamp())
        if self._connection.execute(mine).rowcount == 0:
            self._leads, self._beaten = False, float("-inf")
            return False
        self._beaten = begun
        self._unbroken_since = min(self._unbroken_since, begun)
        if not self._leads and self._connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LEADER))).scalar_one():
            self._leads = True
            logs.info(Event.LEADER_CHANGED, replica=self._id[:8])
        if begun - self._unbroken_since > _JUDGES_AFTER_S:
            bury(self._database.engine)
        return True

    def _hang_up(self) -> None:
        """The session ends, and with it the leader's lock."""
        self._leads = False
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
        self._connection = None


def session_name(executor_id: str) -> str:
    """What PostgreSQL shows as `application_name` of all sessions of a replica."""
    return f"wetread {executor_id}"


def bury(engine: sa.Engine) -> None:
    """Ends the sessions of those that are dead, then takes their rows away, in one transaction.

    In this order, because a session may hold the leader's lock, or the writers' in the middle of a
    transaction; killed in between, the next one who looks does it again.
    """
    old = sa.func.clock_timestamp() - LEASE
    dead = sa.select(REPLICAS.c.id).where(REPLICAS.c.beat_at < old).with_for_update(skip_locked=True)
    with engine.begin() as connection:
        for executor_id in connection.execute(dead).scalars().all():
            connection.execute(
                sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"),
                {"name": session_name(executor_id)},
            )
            connection.execute(sa.delete(REPLICAS).where(REPLICAS.c.id == executor_id))
            logs.warning(Event.REPLICA_BURIED, replica=executor_id[:8])
