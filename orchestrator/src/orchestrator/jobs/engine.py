"""Durable execution: the only module that knows DBOS, and is handed plain functions.

The ledger says what is to be done; the engine does it, remembers which step has ended, and goes on
there after a crash. Only active work is a workflow: a job that waits is a row of the ledger, and
each attempt is a workflow of its own (`key/attempt`), because an id that has ended never runs again.
Why each setting is what it is: docs/adr/0001.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer
from dbos._queue import queue_worker_thread

from orchestrator.handoffs import DeliveryKey, JobKey, Purpose
from orchestrator.jobs.bell import Bell

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import datetime

    from dbos import DBOSConfig, EnqueueOptions, WorkflowStatus

APPLICATION = "wetread"
APPLICATION_VERSION = "wetread-1"
"""A constant: DBOS's default, a hash of the source, strands all queued work at every upgrade."""
QUEUE = "predict"
DELIVER_QUEUE = "deliver"
WORKFLOW = "job"
DELIVERY = "delivery"
_DELIVERY_THREADS = 8
"""Deliveries at once in this process, over all destinations; they wait for others and cost no computing."""
_SCHEMA = "dbos"
"""Where DBOS keeps its tables in PostgreSQL."""
_IDLE_POLL_S = 1.0
"""How often a queue is looked into unasked; whoever enqueues wakes it. Each look costs an idle process."""
_IDLE_POLL_SHARED_S = 0.2
"""The same with several replicas: what another one enqueues wakes nobody here."""


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a job's walk that is not done again once it has returned."""

    name: str
    run: Callable[[], bool]
    """False ends the walk: the ledger says why."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that the engine has: queued or running."""

    workflow_id: str
    key: JobKey | DeliveryKey
    number: int
    executor_id: str | None
    """Who runs it; None while it is queued."""
    release: str
    """The engine's version for which it was queued."""

    def lost(self, living: Collection[str], own: str) -> bool:
        """Whether nobody will ever do it: its process is gone, or nobody works for its version any more."""
        if self.release != APPLICATION_VERSION:
            return self.executor_id is None or self.executor_id == own or self.executor_id not in living
        return self.executor_id is not None and self.executor_id not in living


class Engine:
    """Runs the steps of jobs; one per process."""

    def __init__(
        self,
        database: sa.Engine,
        steps: Callable[[JobKey, int], Sequence[Step]],
        *,
        threads: int,
        per_model: int,
        delivery_steps: Callable[[DeliveryKey, int], Sequence[Step]] = lambda key, attempt: (),  # noqa: ARG005 - none
        per_destination: int = 1,
        executor_id: str = APPLICATION,
    ) -> None:
        self._database = database
        self._steps = steps
        self._delivery_steps = delivery_steps
        self._per_destination = per_destination
        self._threads = threads
        self._executor_id = executor_id
        self._per_model = per_model
        self._client: DBOSClient | None = None
        self._predict_bell, self._deliver_bell = Bell(), Bell()
        self._lookers: tuple[threading.Thread, ...] = ()
        self._at_work: set[tuple[JobKey | DeliveryKey, int]] = set()
        """Attempts that a thread of this process is at; each adds and takes away its own, in one operation."""

    def launch(self) -> None:
        """Makes or brings up to date DBOS's tables, takes up what a crash has left, starts working."""
        logging.getLogger("dbos").setLevel(logging.WARNING)
        config: DBOSConfig = {
            "name": APPLICATION,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._executor_id,
            "system_database_engine": self._database,
            "system_database_url": self._database.url.render_as_string(hide_password=False),
            "serializer": DBOSPortableJSONSerializer(),
            "max_executor_threads": self._threads + _DELIVERY_THREADS + 2,
            "log_level": "WARNING",
            "use_listen_notify": False,
        }
        dbos = DBOS(config=config)
        DBOS.listen_queues([])  # our own threads look into them, when there is something to see

        def walk(key: str, attempt: int) -> None:
            try:
                self._walk(JobKey(key), attempt, self._steps(JobKey(key), attempt))
            finally:
                self._predict_bell.ring()

        def deliver(job: str, destination: str, purpose: str, attempt: int) -> None:
            key = DeliveryKey(JobKey(job), destination, Purpose(purpose))
            try:
                self._walk(key, attempt, self._delivery_steps(key, attempt))
            finally:
                self._deliver_bell.ring()

        DBOS.workflow(name=DELIVERY, max_recovery_attempts=1000)(deliver)
        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=1000)(walk)
        DBOS.launch()
        logging.getLogger("dbos").handlers.clear()
        logging.getLogger("dbos").propagate = True
        self._listen(dbos)
        self._client = DBOSClient(
            system_database_engine=self._database,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
        )

    def _listen(self, dbos: DBOS) -> None:
        """Starts the threads that look into the queues; at once, for what the last process has left."""
        poll_s = _IDLE_POLL_S if self._database.dialect.name == "sqlite" else _IDLE_POLL_SHARED_S
        predict = DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._threads,
            partition_concurrency=self._per_model,
            polling_interval_sec=poll_s,
            on_conflict="always_update",
        )
        deliver_queue = DBOS.register_queue(
            DELIVER_QUEUE,
            worker_concurrency=_DELIVERY_THREADS,
            partition_concurrency=self._per_destination,
            polling_interval_sec=poll_s,
            on_conflict="always_update",
        )
        self._lookers = tuple(
            threading.Thread(target=queue_worker_thread, args=(bell, dbos, queue), name=f"queue {queue.name}")
            for bell, queue in ((self._predict_bell, predict), (self._deliver_bell, deliver_queue))
        )
        for thread in self._lookers:
            thread.start()
        self.wake()

    def enqueue(self, connection: sa.Connection, key: JobKey, attempt: int, model: str, priority: int) -> None:
        """Hands over one attempt inside the caller's transaction: both happen or none."""
        if self._client is None:
            raise RuntimeError("the engine is not launched")
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": _workflow_id(key, attempt),
            "queue_partition_key": model,
            "priority": priority,
            "app_version": APPLICATION_VERSION,
        }
        self._client.enqueue_in_transaction(connection, options, key, attempt)

    def wake(self) -> None:
        """Looks at once for what was enqueued in a transaction that is committed by now."""
        self._predict_bell.ring()
        self._deliver_bell.ring()

    def enqueue_delivery(self, connection: sa.Connection, key: DeliveryKey, attempt: int) -> None:
        """Hands over one attempt at a delivery inside the caller's transaction."""
        if self._client is None:
            raise RuntimeError("the engine is not launched")
        options: EnqueueOptions = {
            "workflow_name": DELIVERY,
            "queue_name": DELIVER_QUEUE,
            "workflow_id": f"{key.job}:{key.purpose}:{key.destination}/{attempt}",
            "queue_partition_key": key.destination,
            "app_version": APPLICATION_VERSION,
        }
        self._client.enqueue_in_transaction(connection, options, key.job, key.destination, key.purpose.value, attempt)

    def unfinished_deliveries(self) -> frozenset[tuple[DeliveryKey, int]]:
        """The attempts at deliveries that the engine still has."""
        return frozenset(_delivery_attempt(workflow_id) for workflow_id in self._unfinished(DELIVERY))

    def unfinished(self) -> frozenset[tuple[JobKey, int]]:
        """The attempts that the engine still has: queued or running."""
        return frozenset(_attempt(workflow_id) for workflow_id in self._unfinished(WORKFLOW))

    def attempts(self) -> list[Attempt]:
        """All that it has of all replicas and releases."""
        found = DBOS.list_workflows(
            status=["ENQUEUED", "PENDING"], name=[WORKFLOW, DELIVERY], load_input=False, load_output=False
        )
        return [_read_attempt(one) for one in found]

    def drop(self, attempts: Iterable[Attempt]) -> None:
        """Ends these, so that they take no place in their queues; whoever still runs one stops at its next step."""
        DBOS.cancel_workflows([one.workflow_id for one in attempts])

    def forget(self, ended_before: datetime, limit: int = 500) -> int:
        """Deletes the engine's records of attempts that ended before then; how many. The ledger keeps the jobs."""
        found = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            name=[WORKFLOW, DELIVERY],
            end_time=ended_before.isoformat(),
            limit=limit,
            load_input=False,
            load_output=False,
        )
        if found:
            DBOS.delete_workflows([workflow.workflow_id for workflow in found])
        return len(found)

    def stop(self, within_s: int) -> frozenset[tuple[JobKey | DeliveryKey, int]]:
        """Takes no more work, waits for what is running at most that long; the attempts that still are."""
        for bell in (self._predict_bell, self._deliver_bell):
            bell.set()
        for thread in self._lookers:
            thread.join()
        if self._client is not None:
            self._client.destroy()
        DBOS.destroy(workflow_completion_timeout_sec=within_s)
        return frozenset(self._at_work)

    @staticmethod
    def _unfinished(workflow: str) -> list[str]:
        found = DBOS.list_workflows(status=["ENQUEUED", "PENDING"], name=workflow, load_input=False, load_output=False)
        return [one.workflow_id for one in found]

    def _walk(self, key: JobKey | DeliveryKey, attempt: int, steps: Sequence[Step]) -> None:
        self._at_work.add((key, attempt))
        try:
            for step in steps:
                if not DBOS.run_step({"name": step.name}, step.run):
                    return
        finally:
            self._at_work.discard((key, attempt))


def unfinished_in(database: sa.Engine) -> frozenset[tuple[JobKey, int]]:
    """The attempts that the engine has, seen from another process; none where no engine has run yet."""
    schema = None if database.dialect.name == "sqlite" else _SCHEMA
    if not sa.inspect(database).has_table("workflow_status", schema):
        return frozenset()
    client = DBOSClient(
        system_database_engine=database,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
    )
    try:
        found = client.list_workflows(
            status=["ENQUEUED", "PENDING"], name=WORKFLOW, load_input=False, load_output=False
        )
    finally:
        client.destroy()
    return frozenset(_attempt(workflow.workflow_id) for workflow in found)


def _read_attempt(found: WorkflowStatus) -> Attempt:
    read = _delivery_attempt if found.name == DELIVERY else _attempt
    key, number = read(found.workflow_id)
    running = found.executor_id if found.status == "PENDING" else None
    return Attempt(found.workflow_id, key, number, running, found.app_version or "")


def _workflow_id(key: JobKey, attempt: int) -> str:
    return f"{key}/{attempt}"


def _attempt(workflow_id: str) -> tuple[JobKey, int]:
    key, _, attempt = workflow_id.partition("/")
    return JobKey(key), int(attempt)


def _delivery_attempt(workflow_id: str) -> tuple[DeliveryKey, int]:
    named, _, attempt = workflow_id.rpartition("/")
    job, purpose, destination = named.split(":", 2)
    return DeliveryKey(JobKey(job), destination, Purpose(purpose)), int(attempt)
