"""Starts deliveries that are due; what waits for a person too long expires.

A destination that is down, a pause after a failure, a limit: all of it is a row that waits.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.jobs import deliveries, halts
from orchestrator.jobs.states import DeliveryState

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.jobs.database import Database
    from orchestrator.jobs.engine import Engine

_BOOKKEEPING = timedelta(seconds=5)
"""Long enough in its state that the engine's own records have caught up."""


def start_due(database: Database, engine: Engine, now: datetime, at_once: int) -> int:
    """Hands due deliveries to the engine, a few per destination; how many it got."""
    with database.read() as connection:
        paused = {halt.name for halt in halts.in_force(connection, halts.Kind.DESTINATION)}
        destinations = [name for name in deliveries.destinations_due(connection, now) if name not in paused]
    started = 0
    for destination in destinations:
        with database.write() as connection:
            room = 2 * at_once - len(deliveries.engaged(connection, destination))
            for delivery in deliveries.due(connection, destination, now, room) if room > 0 else ():
                attempt = deliveries.engage(connection, delivery)
                if attempt is not None:
                    engine.enqueue_delivery(connection, delivery.key, attempt)
                    started += 1
    if started:
        engine.wake()
    return started


def take_back(database: Database, engine: Engine, now: datetime) -> int:
    """Frees deliveries whose attempt the engine has lost or ended in an error of its own; how many."""
    with database.read() as connection:
        waiting = [
            one
            for one in deliveries.engaged(connection)
            if one.state is DeliveryState.QUEUED or now - one.state_since > _BOOKKEEPING
        ]
    unfinished = engine.unfinished_deliveries() if waiting else frozenset()
    lost = [one for one in waiting if (one.key, one.attempt) not in unfinished]
    with database.write() as connection:
        return sum(deliveries.wait(connection, one, now, now, "taken up again", failed=True) for one in lost)


def expire(database: Database, hold_for: timedelta, now: datetime) -> int:
    """Ends what nobody released in time; how many."""
    with database.write() as connection:
        overdue = deliveries.held_since_before(connection, now - hold_for)
        reason = f"nobody released it within {hold_for.days} days; `wetread release` still can"
        return sum(deliveries.move(connection, one, DeliveryState.EXPIRED, now, reason=reason) for one in overdue)
