"""One attempt at a delivery: send what is not there yet, then have the destination show that it holds it.

    QUEUED ──send──▶ SENDING ──(accepted)──▶ PROVING ──(shown)──▶ DELIVERED
              ▲                                  │
              └── pause ◀── refused, broken off, not shown

Each step may be run again after a crash, at any point: what may be there already is asked for first
and only the rest is sent, and an object sent twice is the same object under the same UID. Before
every transfer the guards and the row are read again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.deliver import calm, forms, passing, prove, reports
from orchestrator.deliver.guards import held_because
from orchestrator.deliver.plan import facts_of
from orchestrator.errors import Cancelled, ClassRefused, DestinationUnavailable, Gone, Permanent, Transient
from orchestrator.handoffs import AS_IN_ORTHANC, DeliveryKey, ObjectKind, Purpose
from orchestrator.jobs import approvals, deliveries, halts, judgements, ledger, rejections, shipments
from orchestrator.jobs.engine import Step
from orchestrator.jobs.pauses import pause_after
from orchestrator.jobs.states import UNDERWAY, DeliveryState, JobState
from orchestrator.telemetry import logs, metrics, tracing
from orchestrator.telemetry.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from orchestrator.handoffs import Form
    from orchestrator.jobs.database import Database
    from orchestrator.jobs.deliveries import Delivery
    from orchestrator.jobs.shipments import Shipment
    from orchestrator.orthanc.archive import Archive
    from orchestrator.orthanc.remote import Remote
    from orchestrator.settings import Site
    from orchestrator.settings.delivery import DestinationSettings


@dataclass(frozen=True, slots=True)
class Tools:
    """What every attempt works with."""

    archive: Archive
    database: Database
    remote: Callable[[DestinationSettings], Remote]
    relabel: forms.Relabel
    site: Callable[[], Site]
    """The site file as it is now."""
    clock: Callable[[], datetime]
    on_end: Callable[[], None]
    """Called when a delivery leaves the engine: there is room for another."""


class _NotShown(DestinationUnavailable):
    """It accepted everything and does not show all of it: it may be writing still."""


def steps(tools: Tools, key: DeliveryKey, attempt: int) -> Sequence[Step]:
    """The steps of one attempt at a delivery."""
    forwarding = _Forwarding(tools, key, attempt)
    return Step("send", forwarding.send), Step("prove", forwarding.prove)


class _Forwarding:
    """One attempt."""

    def __init__(self, tools: Tools, key: DeliveryKey, attempt: int) -> None:
        self._tools = tools
        self._key = key
        self._attempt = attempt
        self._destination = tools.site().destination(key.destination)
        self._remote = tools.remote(self._destination)

    def send(self) -> bool:
        """Has the destination accept what it does not hold yet. False: it goes no further now; the row says why."""
        return self._guarded(self._send)

    def prove(self) -> bool:
        """Has the destination show what it holds."""
        return self._guarded(self._prove)

    def _guarded(self, step: Callable[[Delivery], bool]) -> bool:
        """The per-delivery guard: whatever happens ends in the ledger, with a reason."""
        delivery = self._mine()
        going_on = False
        if delivery is not None:
            try:
                with tracing.part("deliver", self._key.job, destination=self._key.destination, attempt=self._attempt):
                    going_on = step(delivery)
            except Cancelled:
                logs.info(Event.DELIVERY_RETRIED, job=logs.job(self._key.job), reason="not wanted any more")
            except Transient as error:
                self._try_later(error)
            except Gone:
                self._fail("its objects are no longer in Orthanc; `wetread rerun` makes them again")
            except Permanent as error:
                self._fail(str(error))
            except Exception as error:  # noqa: BLE001 - the guard: a defect of ours fails this delivery and no other
                self._fail(f"defect in Wetread ({type(error).__name__}); please report it")
                logs.defect(error, job=logs.job(self._key.job))
        if not going_on:
            self._tools.on_end()
        return going_on

    def _mine(self) -> Delivery | None:
        with self._tools.database.read() as connection:
            found = deliveries.find(connection, self._key)
        if found is None or found.attempt != self._attempt or found.state not in UNDERWAY | {DeliveryState.QUEUED}:
            return None
        return found

    def _still(self, delivery: Delivery) -> bool:
        with self._tools.database.read() as connection:
            return deliveries.still(connection, delivery)

    def _move(self, delivery: Delivery, to: DeliveryState, **changes: object) -> Delivery:
        """The delivery in its next state. Raises `Cancelled` when it is no longer ours."""
        with self._tools.database.write() as connection:
            moved = deliveries.move(connection, delivery, to, self._tools.clock(), changes=changes)
            found = deliveries.find(connection, self._key)
        if not moved or found is None:
            raise Cancelled("stopped by somebody else")
        return found

    def _send(self, delivery: Delivery) -> bool:
        if delivery.state is DeliveryState.PROVING:
            return True
        if self._paused(delivery) or self._held(delivery):
            return False
        if delivery.sent_at is not None:
            self._settle(delivery)
            self._ask(delivery)
        if delivery.state is DeliveryState.QUEUED:
            sent_at = delivery.sent_at or self._tools.clock()
            delivery = self._move(delivery, DeliveryState.SENDING, sent_at=sent_at)
        with self._tools.database.read() as connection:
            if not shipments.of(connection, self._key):
                raise DestinationUnavailable("there is nothing to send yet")
        trouble = [self._transfer(delivery, one) for one in self._unproven()]
        problems = [problem for problem in trouble if problem]
        if problems:
            raise DestinationUnavailable(f"{len(problems)} of {len(trouble)} objects were not taken: {problems[0]}")
        self._move(delivery, DeliveryState.PROVING)
        return True

    def _settle(self, delivery: Delivery) -> None:
        """Lets what a process that died had Orthanc send arrive first: sent beside it, it would be there twice."""
        for transfer in self._remote.begun({one.orthanc_id for one in self._unproven()}):
            logs.info(Event.TRANSFER_AWAITED, job=logs.job(self._key.job), destination=self._key.destination)
            self._remote.settle(transfer, lambda: self._still(delivery))

    def _paused(self, delivery: Delivery) -> bool:
        """Whether somebody has paused the destination since this was handed to the engine: it waits as a row then."""
        now = self._tools.clock()
        with self._tools.database.write() as connection:
            halts_there = halts.in_force(connection, halts.Kind.DESTINATION)
            for halt in (one for one in halts_there if one.name == self._key.destination):
                reason = f"the destination is paused by {halt.who}: {halt.why}"
                deliveries.wait(connection, delivery, now, now, reason, failed=False)
                return True
        return False

    def _held(self, delivery: Delivery) -> bool:
        """Looks once more whether it may go; the answer may have changed since it was queued."""
        tools, now = self._tools, self._tools.clock()
        with tools.database.write() as connection:
            job = ledger.find(connection, self._key.job)
            if self._key.purpose is Purpose.REJECTION:
                return False
            if job is None or job.state is not JobState.DONE:
                deliveries.move(connection, delivery, DeliveryState.SUPERSEDED, now, reason="its result is withdrawn")
                return True
            facts = facts_of(delivery, job, approved=approvals.approved(connection, job.model))
            rules = tools.site().delivery.for_model(job.model.name)
            reason = held_because(facts, rules, self._destination, now)
            if reason:
                deliveries.move(connection, delivery, DeliveryState.HELD, now, reason=reason)
            elif wait := calm.wait_for(connection, tools.site(), delivery, job, now):
                deliveries.wait(connection, delivery, wait.until, now, wait.reason, failed=False)
                return True
        if reason:
            logs.info(
                Event.DELIVERY_HELD,
                job=logs.job(self._key.job),
                destination=self._key.destination,
                reason=reason,
            )
        return bool(reason)

    def _unproven(self) -> list[Shipment]:
        with self._tools.database.read() as connection:
            return [one for one in shipments.of(connection, self._key) if one.proof is None]

    def _transfer(self, delivery: Delivery, shipment: Shipment) -> str:
        """Sends one object in the form that is wanted there, and an SR in a class that is known; what went wrong."""
        if not self._still(delivery):
            raise Cancelled("stopped before it was sent")
        try:
            shipment = self._formed(shipment)
            self._send_one(delivery, shipment)
        except DestinationUnavailable as error:
            if self._may_be_its_class(delivery, shipment):
                return self._transfer(delivery, self._in_next_class(shipment))
            self._note(shipment, str(error), accepted=False)
            return str(error)
        except ClassRefused:
            return self._transfer(delivery, self._in_next_class(shipment))
        self._note(shipment, "accepted", accepted=True)
        return ""

    def _send_one(self, delivery: Delivery, shipment: Shipment) -> None:
        if not shipment.relabelled:
            self._remote.send(shipment.orthanc_id, lambda: self._still(delivery))
            return
        tools = self._tools
        made = forms.made_again(tools.relabel, tools.archive, shipment)
        if self._remote.takes_files:
            self._remote.send_file(made.content)
        else:
            way = passing.Way(tools.archive, tools.database, self._remote, tools.clock)
            passing.send(way, self._key.job, made, lambda: self._still(delivery))

    def _may_be_its_class(self, delivery: Delivery, refused: Shipment) -> bool:
        """Whether to offer the next class; not if it is there and only the answer was lost: it would be there twice."""
        if self._remote.tells_why:
            return False
        with self._tools.database.read() as connection:
            others = shipments.of(connection, self._key)
        unknown = reports.may_be_its_class(self._remote, delivery, refused, others)
        return unknown and not self._shown(delivery, [refused])

    def _formed(self, shipment: Shipment) -> Shipment:
        """The object in the form that the site file wants there; once noted, a changed site file alters nothing."""
        if shipment.relabelled:
            return shipment
        with self._tools.database.read() as connection:
            summary = ledger.known(connection, self._key.job).summary
        form = forms.wanted(self._destination, shipment, summary)
        return shipment if form == AS_IN_ORTHANC else self._relabelled(shipment, form)

    def _in_next_class(self, shipment: Shipment) -> Shipment:
        """The same report in the next class, noted in the place of the refused one."""
        following = reports.NEXT_CLASS.get(shipment.sop_class_uid)
        if shipment.kind != ObjectKind.REPORT or following is None:
            raise ClassRefused(
                f"{self._key.destination} does not know SOP class {shipment.sop_class_uid}; have it added there, or "
                f"leave `{shipment.kind}` out of the destination's `objects`"
            )
        return self._relabelled(shipment, replace(shipment.form, sop_class_uid=following))

    def _relabelled(self, shipment: Shipment, form: Form) -> Shipment:
        made = forms.in_form(self._tools.relabel, self._tools.archive, shipment, form)
        if made is shipment:
            return shipment
        with self._tools.database.write() as connection:
            shipments.exchange(connection, shipment, made)
        logs.info(
            Event.DELIVERY_RELABELLED,
            job=logs.job(self._key.job),
            destination=self._key.destination,
            kind=made.kind,
            sop_class=made.sop_class_uid,
        )
        return made

    def _note(self, shipment: Shipment, status: str, *, accepted: bool) -> None:
        with self._tools.database.write() as connection:
            shipments.transferred(connection, shipment, status, accepted=accepted)

    def _ask(self, delivery: Delivery) -> list[Shipment]:
        """Asks for what is not proven yet; what is still not."""
        waiting = self._unproven()
        found = self._shown(delivery, waiting)
        with self._tools.database.write() as connection:
            shipments.proven(connection, self._key, found, self._tools.clock())
        return [one for one in waiting if one.sop_instance_uid not in found]

    def _shown(self, delivery: Delivery, waiting: Sequence[Shipment]) -> dict[str, str]:
        site, asked = self._tools.site(), self._destination
        if asked.kind == "peer" and not asked.proven_by:
            answered = [one.sop_instance_uid for one in waiting if one.transfers]
            return dict.fromkeys(answered, prove.ANSWER) if delivery.state is DeliveryState.PROVING else {}
        remote = self._remote
        if asked.proven_by:
            asked = site.destination(asked.proven_by)
            remote = self._tools.remote(asked)
        found = prove.held(remote, asked, prove.references_of(waiting))
        if self._key.purpose is Purpose.REJECTION and not found and delivery.state is DeliveryState.PROVING:
            return self._hidden(remote, asked, waiting)
        return found

    def _hidden(self, remote: Remote, asked: DestinationSettings, waiting: Sequence[Shipment]) -> dict[str, str]:
        """A note has arrived, too, when nothing of what it rejects is shown any more (IHE IOCM)."""
        with self._tools.database.read() as connection:
            rejected = rejections.of(connection, self._key)
        if prove.held(remote, asked, prove.references_of(rejected)):
            return {}
        return {one.sop_instance_uid: prove.HIDDEN for one in waiting}

    def _prove(self, delivery: Delivery) -> bool:
        missing = self._ask(delivery)
        if missing:
            raise _NotShown(
                f"{self._key.destination} accepted everything and does not show {len(missing)} of it; "
                "asked again, and sent again where it is missing"
            )
        self._move(delivery, DeliveryState.DELIVERED)
        self._count_proven()
        elapsed = (self._tools.clock() - delivery.created_at).total_seconds()
        logs.info(
            Event.RESULT_DELIVERED,
            job=logs.job(self._key.job),
            destination=self._key.destination,
            purpose=self._key.purpose.value,
            attempts=delivery.attempt,
            elapsed_s=round(elapsed, 3),
        )
        return False

    def _count_proven(self) -> None:
        with self._tools.database.read() as connection:
            job = ledger.find(connection, self._key.job)
            if job is None or self._key.purpose is not Purpose.RESULT or ledger.taken_up_again(job):
                return
            last = judgements.last_instance_at(connection, job.study, job.key)
        if last is not None:
            elapsed_s = (self._tools.clock() - last).total_seconds()
            metrics.PROVEN.labels(job.model.name, self._key.destination).observe(elapsed_s)

    def _try_later(self, error: Transient) -> None:
        """QUEUED again, without a workflow, until the pause is over."""
        tools, delivery = self._tools, self._mine()
        if delivery is None:
            return
        now, retry = tools.clock(), tools.site().delivery.retry
        if now - delivery.queued_at > retry.give_up_after:
            self._fail(f"{error}; given up after {retry.give_up_after}, `wetread release` tries again")
            return
        pause = pause_after(delivery.failures, retry)
        with tools.database.write() as connection:
            deliveries.wait(connection, delivery, now + pause, now, str(error), failed=True)
            if _is_down(error):
                deliveries.postpone_all(connection, self._key.destination, now + pause, str(error))
        logs.info(
            Event.DELIVERY_RETRIED,
            job=logs.job(self._key.job),
            destination=self._key.destination,
            reason=str(error),
            pause_s=round(pause.total_seconds(), 1),
        )

    def _fail(self, reason: str) -> None:
        delivery = self._mine()
        if delivery is None:
            return
        with self._tools.database.write() as connection:
            deliveries.move(connection, delivery, DeliveryState.FAILED, self._tools.clock(), reason=reason)
        logs.warning(
            Event.DELIVERY_FAILED, job=logs.job(self._key.job), destination=self._key.destination, reason=reason
        )


def _is_down(error: Transient) -> bool:
    """Whether nobody listens there at all: then the others need not try before the pause is over."""
    return isinstance(error, DestinationUnavailable) and "Connection refused" in str(error)
