"""Deliveries: each result's way to each destination, and the proof that it arrived.

Every function works inside the caller's transaction, like those of `ledger`. A change of state goes
through `move`, which knows the table of transitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from orchestrator.handoffs import DeliveryKey, JobKey, OrthancId, Purpose
from orchestrator.jobs.states import DELIVERY_TRANSITIONS, UNDERWAY, WITHDRAWN, DeliveryState
from orchestrator.jobs.tables import DELIVERIES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A result, or its rejection, that is to go to a destination, with what the guards look at."""

    key: DeliveryKey
    study: OrthancId
    study_date: str
    """ISO 8601; empty where the study has no usable one."""
    altered: bool
    """The study is a copy under another identity."""
    stage: str
    """Of the model's declaration: `demonstration`, `research` or `product`."""
    title: str = ""
    """Of a rejection note: `quality`, `safety` or `worklist`."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as the ledger has it."""

    key: DeliveryKey
    study: OrthancId
    state: DeliveryState
    reason: str
    """For people."""
    attempt: int
    engaged: bool
    """The engine has a workflow for this attempt."""
    failures: int
    released: bool
    """A person has said that it may go."""
    study_date: str
    altered: bool
    stage: str
    title: str
    not_before: datetime
    created_at: datetime
    queued_at: datetime
    """Since then it may go: giving up counts from here."""
    state_since: datetime
    sent_at: datetime | None
    """Since then some of it may be there."""


_DESTINATIONS_DUE = (
    sa.select(DELIVERIES.c.destination)
    .where(
        DELIVERIES.c.state == DeliveryState.QUEUED.value,
        DELIVERIES.c.engaged.is_(False),
        DELIVERIES.c.not_before <= sa.bindparam("now"),
    )
    .distinct()
)
"""Asked at every sweep: built once, which takes longer than running it."""


def open_delivery(
    connection: sa.Connection, new: NewDelivery, state: DeliveryState, now: datetime, reason: str
) -> Delivery:
    """The row of a delivery, made if there is none.

    One that was withdrawn before begins anew, a held one goes if it may now, any other stays as it is.
    """
    existing = find(connection, new.key)
    if existing is None:
        connection.execute(
            sa.insert(DELIVERIES).values(
                job_key=new.key.job,
                destination=new.key.destination,
                purpose=new.key.purpose.value,
                study=new.study,
                state=state.value,
                reason=reason,
                study_date=new.study_date,
                altered=new.altered,
                stage=new.stage,
                title=new.title,
                not_before=now,
                created_at=now,
                queued_at=now,
                state_since=now,
            )
        )
    elif existing.state in WITHDRAWN:
        fresh = {"failures": 0, "released": False, "not_before": now, "queued_at": now, "sent_at": None}
        move(connection, existing, DeliveryState.HELD, now, reason=reason, changes=fresh)
        _queue_held(connection, new.key, state, now)
    else:
        _queue_held(connection, new.key, state, now)
    found = find(connection, new.key)
    if found is None:
        raise LookupError("a delivery vanished in its own transaction")
    return found


def _queue_held(connection: sa.Connection, key: DeliveryKey, state: DeliveryState, now: datetime) -> None:
    held = find(connection, key)
    if held is not None and held.state is DeliveryState.HELD and state is DeliveryState.QUEUED:
        move(connection, held, state, now, changes={"not_before": now, "queued_at": now})


def find(connection: sa.Connection, key: DeliveryKey) -> Delivery | None:
    """The delivery with this key."""
    row = connection.execute(sa.select(DELIVERIES).where(_is(key))).one_or_none()
    return None if row is None else _delivery(row)


def listed(
    connection: sa.Connection,
    *,
    states: Collection[DeliveryState] = (),
    jobs: Collection[JobKey] | None = None,
    study: str = "",
    rejections: bool = False,
    limit: int = 1000,
) -> list[Delivery]:
    """Deliveries, the newest first; `rejections`: only those of rejection notes."""
    statement = sa.select(DELIVERIES).order_by(DELIVERIES.c.created_at.desc()).limit(limit)
    if states:
        statement = statement.where(DELIVERIES.c.state.in_([state.value for state in states]))
    if jobs is not None:
        statement = statement.where(DELIVERIES.c.job_key.in_(list(jobs)))
    if study:
        statement = statement.where(DELIVERIES.c.study == study)
    if rejections:
        statement = statement.where(DELIVERIES.c.purpose == Purpose.REJECTION.value)
    return [_delivery(row) for row in connection.execute(statement)]


def counts(connection: sa.Connection) -> dict[tuple[str, DeliveryState], int]:
    """How many deliveries are in each state, by destination."""
    columns = DELIVERIES.c.destination, DELIVERIES.c.state
    rows = connection.execute(sa.select(*columns, sa.func.count()).group_by(*columns))
    return {(destination, DeliveryState(state)): count for destination, state, count in rows}


def move(
    connection: sa.Connection,
    delivery: Delivery,
    to: DeliveryState,
    now: datetime,
    *,
    reason: str = "",
    changes: Mapping[str, object] | None = None,
) -> bool:
    """Takes a delivery to another state, and out of the engine's hands unless work goes on.

    False if it is no longer in the state and the attempt that the caller saw. Raises `ValueError`
    for a way that the table of transitions does not have.
    """
    if to not in DELIVERY_TRANSITIONS[delivery.state]:
        raise ValueError(f"no way from {delivery.state} to {to}")
    changed: dict[str, object] = {} if to in UNDERWAY else {"engaged": False}
    changed.update(changes or {})
    moved = connection.execute(
        sa.update(DELIVERIES)
        .where(_is(delivery.key), *_as_seen(delivery))
        .values(state=to.value, reason=reason, state_since=now, **changed)
    )
    return moved.rowcount == 1


def change(connection: sa.Connection, delivery: Delivery, changes: Mapping[str, object]) -> bool:
    """Changes something else than the state; False if the delivery is no longer as the caller saw it."""
    mine = sa.and_(_is(delivery.key), *_as_seen(delivery))
    return connection.execute(sa.update(DELIVERIES).where(mine).values(**changes)).rowcount == 1


def due(connection: sa.Connection, destination: str, now: datetime, limit: int) -> list[Delivery]:
    """Deliveries to a destination whose turn has come and that the engine does not have, the oldest first."""
    statement = (
        sa.select(DELIVERIES)
        .where(
            DELIVERIES.c.destination == destination,
            DELIVERIES.c.state == DeliveryState.QUEUED.value,
            DELIVERIES.c.engaged.is_(False),
            DELIVERIES.c.not_before <= now,
        )
        .order_by(DELIVERIES.c.not_before, DELIVERIES.c.created_at)
        .limit(limit)
    )
    return [_delivery(row) for row in connection.execute(statement)]


def destinations_due(connection: sa.Connection, now: datetime) -> list[str]:
    """Destinations for which something is due."""
    return list(connection.execute(_DESTINATIONS_DUE, {"now": now}).scalars())


def engaged(connection: sa.Connection, destination: str | None = None) -> list[Delivery]:
    """The deliveries that the engine has."""
    statement = sa.select(DELIVERIES).where(DELIVERIES.c.engaged.is_(True))
    if destination is not None:
        statement = statement.where(DELIVERIES.c.destination == destination)
    return [_delivery(row) for row in connection.execute(statement)]


def engage(connection: sa.Connection, delivery: Delivery) -> int | None:
    """Marks the next attempt as handed to the engine; its number, or None if somebody was faster."""
    marked = connection.execute(
        sa.update(DELIVERIES)
        .where(_is(delivery.key), *_as_seen(delivery), DELIVERIES.c.engaged.is_(False))
        .values(engaged=True, attempt=delivery.attempt + 1)
    )
    return delivery.attempt + 1 if marked.rowcount == 1 else None


def wait(
    connection: sa.Connection, delivery: Delivery, not_before: datetime, now: datetime, reason: str, *, failed: bool
) -> bool:
    """Ends an attempt without a proof: the delivery is QUEUED again, without a workflow, until then."""
    failures = delivery.failures + 1 if failed else delivery.failures
    changes = {"engaged": False, "not_before": not_before, "failures": failures}
    if delivery.state is DeliveryState.QUEUED:
        return change(connection, delivery, {"reason": reason, **changes})
    return move(connection, delivery, DeliveryState.QUEUED, now, reason=reason, changes=changes)


def postpone_all(connection: sa.Connection, destination: str, until: datetime, reason: str) -> int:
    """Lets everything that waits for a destination which cannot be reached wait until then; how many."""
    waiting = sa.and_(
        DELIVERIES.c.destination == destination,
        DELIVERIES.c.state == DeliveryState.QUEUED.value,
        DELIVERIES.c.engaged.is_(False),
        DELIVERIES.c.not_before < until,
    )
    return connection.execute(sa.update(DELIVERIES).where(waiting).values(not_before=until, reason=reason)).rowcount


def still(connection: sa.Connection, delivery: Delivery) -> bool:
    """Whether the delivery is still in the state and the attempt that the caller saw."""
    row = connection.execute(sa.select(DELIVERIES.c.state, DELIVERIES.c.attempt).where(_is(delivery.key))).one_or_none()
    return row is not None and (row.state, row.attempt) == (delivery.state.value, delivery.attempt)


def held_since_before(connection: sa.Connection, moment: datetime) -> list[Delivery]:
    """Deliveries that wait for a person since before then."""
    statement = sa.select(DELIVERIES).where(
        DELIVERIES.c.state == DeliveryState.HELD.value, DELIVERIES.c.state_since < moment
    )
    return [_delivery(row) for row in connection.execute(statement)]


def withdraw(
    connection: sa.Connection, jobs: Collection[JobKey], to: DeliveryState, now: datetime, reason: str
) -> Sequence[Delivery]:
    """Takes the results' deliveries of these jobs back; those of which something may be at its destination."""
    affected = [one for one in listed(connection, jobs=jobs) if one.key.purpose is Purpose.RESULT]
    for delivery in affected:
        if to in DELIVERY_TRANSITIONS[delivery.state]:
            move(connection, delivery, to, now, reason=reason)
    return [delivery for delivery in affected if delivery.sent_at is not None]


def start_over(connection: sa.Connection, destination: str, now: datetime) -> None:
    """What waits for a destination that is resumed has all its time again: giving up counts from now."""
    waiting = sa.and_(DELIVERIES.c.destination == destination, DELIVERIES.c.state == DeliveryState.QUEUED.value)
    connection.execute(sa.update(DELIVERIES).where(waiting).values(queued_at=now))


def _is(key: DeliveryKey) -> sa.ColumnElement[bool]:
    return sa.and_(
        DELIVERIES.c.job_key == key.job,
        DELIVERIES.c.destination == key.destination,
        DELIVERIES.c.purpose == key.purpose.value,
    )


def _as_seen(delivery: Delivery) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return DELIVERIES.c.state == delivery.state.value, DELIVERIES.c.attempt == delivery.attempt


def _delivery(row: sa.Row[Any]) -> Delivery:
    fields = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    key = DeliveryKey(JobKey(row.job_key), row.destination, Purpose(row.purpose))
    taken = {name: fields[name] for name in Delivery.__slots__ if name in fields and name != "state"}
    return Delivery(key=key, state=DeliveryState(row.state), **taken)
