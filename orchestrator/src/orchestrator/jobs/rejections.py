"""Objects that must not count where they have been sent: what a rejection note names, or a person deletes.

Kept when their result is withdrawn, because its shipments give way to those of the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.handoffs import JobKey
from orchestrator.jobs.tables import REJECTED, RESULTS
from wetread_contract.judgement import InstanceReference

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from orchestrator.handoffs import DeliveryKey
    from orchestrator.jobs.shipments import Shipment

_NOTE = "note"
_COLUMNS = ("study_instance_uid", "series_instance_uid", "sop_class_uid", "sop_instance_uid")


def note(connection: sa.Connection, shipments: Iterable[Shipment], now: datetime) -> None:
    """These are, or may be, where they were sent to, and are to count there no more; again changes nothing."""
    for one in shipments:
        known = sa.select(REJECTED.c.job_key).where(
            REJECTED.c.sop_instance_uid == one.sop_instance_uid, REJECTED.c.destination == one.key.destination
        )
        if connection.execute(known).one_or_none() is None:
            values = {name: getattr(one, name) for name in _COLUMNS}
            keys = {"job_key": one.key.job, "destination": one.key.destination}
            connection.execute(sa.insert(REJECTED).values(**keys, **values, rejected_at=now))


def of(connection: sa.Connection, key: DeliveryKey) -> list[InstanceReference]:
    """All that was ever rejected of a job at a destination, in the order of their UIDs."""
    statement = sa.select(*(REJECTED.c[name] for name in _COLUMNS)).where(
        REJECTED.c.job_key == key.job, REJECTED.c.destination == key.destination
    )
    return [InstanceReference(*row) for row in connection.execute(statement.order_by(REJECTED.c.sop_instance_uid))]


def times(connection: sa.Connection, job: JobKey) -> int:
    """How often something of this job was rejected: part of what it makes next, which so gets other UIDs."""
    moments = sa.select(sa.func.count(sa.distinct(REJECTED.c.rejected_at))).where(REJECTED.c.job_key == job)
    return int(connection.execute(moments).scalar_one())


def noted_in_orthanc(connection: sa.Connection) -> list[JobKey]:
    """Jobs of which a rejection note is, or may be, in Orthanc."""
    left = sa.select(RESULTS.c.job_key).where(RESULTS.c.kind == _NOTE, RESULTS.c.withdrawn_at.is_(None))
    return [JobKey(key) for key in connection.execute(left.distinct()).scalars()]
