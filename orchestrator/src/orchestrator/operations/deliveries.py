"""What is on its way to destinations, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.jobs import deliveries, shipments
from orchestrator.operations.release import named

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from orchestrator.jobs.database import Database
    from orchestrator.jobs.deliveries import Delivery
    from orchestrator.jobs.shipments import Shipment
    from orchestrator.jobs.states import DeliveryState


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
