"""What is on its way to destinations, for people, and their pauses; pausing again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import ActRefused
from orchestrator.jobs import audit, deliveries, halts, shipments
from orchestrator.operations.release import named

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import sqlalchemy as sa

    from orchestrator.jobs.database import Database
    from orchestrator.jobs.deliveries import Delivery
    from orchestrator.jobs.shipments import Shipment
    from orchestrator.jobs.states import DeliveryState
    from orchestrator.operations.jobs import Act
    from orchestrator.settings import Site


@dataclass(frozen=True, slots=True)
class Seen:
    """A delivery with its objects."""

    delivery: Delivery
    shipments: Sequence[Shipment]


def listed(database: Database, states: Collection[DeliveryState], job: str, limit: int) -> list[Seen]:
    """Deliveries, the newest first; of one job if its first digits are given. Raises `ActRefused`."""
    with database.read() as connection:
        jobs = [named(connection, job).key] if job else None
        found = deliveries.listed(connection, states=states, jobs=jobs, limit=limit)
        return [Seen(one, shipments.of(connection, one.key)) for one in found]


def pause(database: Database, site: Site, destination: str, act: Act) -> bool:
    """Sends nothing there until somebody resumes; False if it was paused already.

    An object that is on its way arrives. Raises `ActRefused` for a destination that the site file
    does not name.
    """
    names = sorted(site.destination_names)
    if destination not in names:
        raise ActRefused(f"{destination} is no destination of this site; there are: {', '.join(names) or 'none'}")
    with database.write() as connection:
        halt = halts.Halt(destination, act.now, act.by, act.reason)
        begun = halts.begin(connection, halts.Kind.DESTINATION, halt)
        if begun:
            _record(connection, "pause", destination, act)
    return begun


def resume(database: Database, destination: str, act: Act) -> bool:
    """Sends there again; False if it was not paused. Giving up counts from now on."""
    with database.write() as connection:
        ended = halts.end(connection, halts.Kind.DESTINATION, destination)
        if ended:
            deliveries.start_over(connection, destination, act.now)
            _record(connection, "resume", destination, act)
    return ended


def pauses(database: Database) -> list[halts.Halt]:
    """Destinations that are paused."""
    with database.read() as connection:
        return halts.in_force(connection, halts.Kind.DESTINATION)


def _record(connection: sa.Connection, what: str, destination: str, act: Act) -> None:
    audit.record(connection, at=act.now, who=act.by, what=what, subject=f"destination {destination}", why=act.reason)
