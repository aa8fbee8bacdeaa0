"""The reports that a job has made, for the one that takes their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.handoffs import ObjectKind
from orchestrator.jobs.tables import RESULTS
from wetread_contract.judgement import InstanceReference

if TYPE_CHECKING:
    from orchestrator.handoffs import JobKey

_REPORTS = (ObjectKind.REPORT.value, ObjectKind.CAD.value)


def last_reports(connection: sa.Connection, job: JobKey, study_instance_uid: str) -> tuple[InstanceReference, ...]:
    """The reports that the job made last, whether they are in Orthanc still or not: composing again names the same."""
    mine = sa.and_(RESULTS.c.job_key == job, RESULTS.c.kind.in_(_REPORTS))
    last = sa.select(sa.func.max(RESULTS.c.noted_at)).where(mine).scalar_subquery()
    statement = sa.select(RESULTS).where(mine, RESULTS.c.noted_at == last).order_by(RESULTS.c.sop_instance_uid)
    return tuple(
        InstanceReference(study_instance_uid, row.series_instance_uid, row.sop_class_uid, row.sop_instance_uid)
        for row in connection.execute(statement)
    )
