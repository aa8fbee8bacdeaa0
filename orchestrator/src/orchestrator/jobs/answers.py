"""Which images each answer of a model rests on: what it has said of them need not be asked again.

A patient's name that is corrected makes other files of the same images, in another study or in the
same. What a model was shown of each image has a fingerprint (`dispatch.fingerprint`): where all of
them are equal, so is the question, and the answer that is kept stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.handoffs import Digest, JobKey, OrthancId
from orchestrator.jobs.tables import ANSWERS, GENERATIONS, JOBS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from orchestrator.handoffs import ModelIdentity
    from orchestrator.jobs.input import JobInput


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """A kept answer, and what the model was shown for it."""

    job_key: JobKey
    prediction_sha256: Digest
    inputs: Mapping[str, Digest]
    """Fingerprints, by SOP instance UID."""


def save(connection: sa.Connection, job: JobKey, prediction: Digest, inputs: Mapping[str, Digest]) -> None:
    """Keeps what the answer of a job rests on, in the place of what was kept of it before."""
    drop(connection, job)
    connection.execute(sa.insert(ANSWERS).values(job_key=job, prediction_sha256=prediction, inputs=dict(inputs)))


def drop(connection: sa.Connection, job: JobKey) -> None:
    """Nothing is kept any more of what the answer of a job rests on: the model is asked again."""
    connection.execute(sa.delete(ANSWERS).where(ANSWERS.c.job_key == job))


def studies_called(connection: sa.Connection, study_instance_uid: str) -> frozenset[OrthancId]:
    """Judged studies with this UID: two, where a patient was corrected."""
    called = sa.select(GENERATIONS.c.study).where(GENERATIONS.c.study_instance_uid == study_instance_uid)
    return frozenset(OrthancId(one) for one in connection.execute(called.distinct()).scalars())


def related(connection: sa.Connection, study: OrthancId, wanted: JobInput) -> frozenset[OrthancId]:
    """Studies that may hold the same images: this one, those with its UID, and what Orthanc has made it from."""
    made_from = {OrthancId(wanted.modified_from)} if wanted.modified_from else set()
    called = studies_called(connection, wanted.selected[0].reference.study_instance_uid)
    return called | made_from | {study}


def of(connection: sa.Connection, studies: Collection[OrthancId], model: ModelIdentity) -> list[KnownAnswer]:
    """What exactly this model has said of images of these studies, the newest job first."""
    exactly = sa.and_(
        JOBS.c.study.in_(list(studies)),
        JOBS.c.model == model.name,
        JOBS.c.version == model.version,
        JOBS.c.weights_sha256 == model.weights_sha256,
        JOBS.c.declaration_sha256 == model.declaration_sha256,
        JOBS.c.image_digest == model.image_digest,
    )
    statement = sa.select(ANSWERS).join(JOBS, JOBS.c.key == ANSWERS.c.job_key).where(exactly)
    return [
        KnownAnswer(JobKey(row.job_key), Digest(row.prediction_sha256), row.inputs)
        for row in connection.execute(statement.order_by(JOBS.c.created_at.desc()))
    ]


def forget(connection: sa.Connection, study: OrthancId, wanted: JobInput, model: str) -> None:
    """A person wants the model asked again: nothing that it has said of these images is taken for it."""
    jobs = sa.select(JOBS.c.key).where(JOBS.c.study.in_(related(connection, study, wanted)), JOBS.c.model == model)
    connection.execute(sa.delete(ANSWERS).where(ANSWERS.c.job_key.in_(jobs)))
